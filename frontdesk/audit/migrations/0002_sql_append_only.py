"""The database refuses to change or delete an entry of the ledger."""

from django.db import migrations

from frontdesk.audit import append_only


def protect(apps, schema_editor):
    append_only.protect(schema_editor.connection.alias)


def unprotect(apps, schema_editor):
    append_only.unprotect(schema_editor.connection.alias)


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [migrations.RunPython(protect, unprotect)]
