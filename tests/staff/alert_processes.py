"""Front desks that only work off alerts, to be killed by ``test_alerts_kill``.

Started once with Django loaded; each line on its input forks one that raises so many
alerts and works them off: ``fork 5`` is answered with its process id. ``wait <id>`` is
answered when it has gone.
"""

import asyncio
import os
import sys
from datetime import timedelta

from django.conf import settings

SECONDS_BETWEEN_ALERTS = 0.01


def set_up(port):
    os.environ["DJANGO_SETTINGS_MODULE"] = "frontdesk.settings"
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connections

    from frontdesk.alerts import delivery, sending, worker  # noqa: F401
    from frontdesk.alerts.ladder import Ladder, Step

    at_once = Step(timedelta(), ("inbox", "first"))
    later = Step(timedelta(seconds=0.15), ("second", "third"))
    settings.URGENT_LADDER = Ladder(steps=(at_once, later), repeat=None)
    settings.ALERT_CHANNELS = {
        f"ALERT_CHANNEL_{name.upper()}": f"json://127.0.0.1:{port}/{name}"
        for name in ("first", "second", "third")
    }
    settings.ALERT_SECONDS = 0.02
    call_command("migrate", verbosity=0)
    connections.close_all()  # each process opens its own
    delivery.prepare()  # once, before the first fork
    sending.BACK_OFF = tuple(timedelta(seconds=s) for s in (0.05, 0.1, 0.2))


async def work(alerts):
    from frontdesk.alerts.worker import worker
    from frontdesk.chat import database, leases

    await worker().start()
    for _ in range(alerts):
        await database.write(_raise_alert)
        await asyncio.sleep(SECONDS_BETWEEN_ALERTS)
    while True:
        await database.read(leases.free_those_of_the_dead)
        await asyncio.sleep(0.1)


def _raise_alert():
    from frontdesk.chat.models import Alert

    Alert.objects.create(route="crisis", topic="self_harm", origin="detector")


def main():
    set_up(sys.argv[1])
    print("ready", flush=True)
    for line in sys.stdin:
        word, _, number = line.strip().partition(" ")
        if word == "wait":
            os.waitpid(int(number), 0)
            print("gone", flush=True)
            continue
        process = os.fork()
        if not process:
            try:
                asyncio.run(work(int(number)))
            finally:
                os._exit(1)
        print(process, flush=True)


if __name__ == "__main__":
    main()
