"""The index of words, and the triggers that keep it in step."""

from django.db import migrations

from frontdesk.inbox import search_tables


class Migration(migrations.Migration):
    dependencies = [("inbox", "0001_initial")]
    operations = [migrations.RunPython(search_tables.create, search_tables.remove)]
