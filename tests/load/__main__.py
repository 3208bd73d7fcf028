"""``make load``: open streams and messages at the gateway, beside the assistant alone.

Starts the product's own processes on free ports of 127.0.0.1, with the newest model,
and stops them again. Writes results/load/figures.json and report.html.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from benchmarks.traffic import sample_messages
from deploy.assistant import Assistant, StartError
from deploy.front_desk import FrontDesk
from deploy.settings import ROOT, load_settings
from tests.load.figures import MOST_RATIO, figures, table
from tests.load.report import page
from tests.ports import free_ports

RESULTS = ROOT / "results" / "load"
SAMPLES = 2000
SECONDS_BETWEEN_LOOKS = 1.0
CLOCK = os.sysconf("SC_CLK_TCK")
PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 1024 / 1024


def arguments():
    parser = argparse.ArgumentParser(prog="make load", description=__doc__)
    parser.add_argument("--streams", type=int, default=60, help="idle streams")
    parser.add_argument("--rate", type=float, default=5, help="messages a second")
    parser.add_argument("--seconds", type=float, default=30, help="of each part")
    parser.add_argument(
        "--full", action="store_true", help="500 streams, 20 a second, 5 minutes"
    )
    parser.add_argument("--label", default="", help="written into the report")
    parser.add_argument("--check", action="store_true", help="exit code 1 if too slow")
    given = parser.parse_args()
    if given.full:
        given.streams, given.rate, given.seconds = 500, 20, 300
    return given


def usage(child):
    """Resident memory in MB and processor seconds of a child and its own children."""
    memory = seconds = 0.0
    group = os.getpgid(child.process.pid)
    for process in Path("/proc").glob("[0-9]*"):
        try:
            numbers = (process / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended
        if int(numbers[2]) == group:
            seconds += (int(numbers[11]) + int(numbers[12])) / CLOCK
            memory += int(numbers[21]) * PAGE_MB
    return memory, seconds


class Watch:
    """Notes memory and processor time of children while a block runs."""

    def __init__(self, children):
        self.children = children
        self.looks = {child.name: [] for child in children}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def _look(self):
        while True:
            for child in self.children:
                self.looks[child.name].append((time.monotonic(), *usage(child)))
            if self._over.wait(SECONDS_BETWEEN_LOOKS):
                return

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exception):
        self._over.set()
        self._thread.join()

    def since(self, began):
        """Seconds, memory and processor time of each child from a moment on."""
        return {
            name: [
                (round(at - began, 1), round(memory, 1), seconds)
                for at, memory, seconds in looks
                if at >= began
            ]
            for name, looks in self.looks.items()
        }


def measure(target, port, settings, given, texts, watched):
    """One part: the patients in a process of their own."""
    plan = {
        "target": target,
        "port": port,
        "token": settings.auth_token,
        "streams": given.streams,
        "rate": given.rate,
        "seconds": given.seconds,
        "texts": texts,
    }
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-m", "tests.load.patients", json.dumps(plan)]
    with Watch(watched) as watch:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
        )
        patience = given.seconds + given.streams / 10 + 60
        timer = threading.Timer(patience, process.kill)
        timer.start()
        try:
            lines = process.stdout.read().splitlines()
        finally:
            timer.cancel()
            process.kill()
            process.wait()
    if not lines or not lines[-1].startswith("{"):
        sys.exit(f"load: the patients of the {target} have failed; see above.")
    seen = json.loads(lines[-1])
    return {**seen, "usage": watch.since(seen["began"])}


def run(given):
    texts = sample_messages(SAMPLES)
    ports = dict(zip(("PORT", "RASA_PORT", "ACTIONS_PORT"), free_ports(3), strict=True))
    with tempfile.TemporaryDirectory(prefix="load-") as folder:
        environ = {name: str(port) for name, port in ports.items()}
        environ |= {"CLINIC_HOME": folder, "TRUSTED_PROXIES": "1"}
        # What is measured is what is built in, whatever this machine's .env says.
        for name in ("DATABASE_URL", "REDIS_URL"):
            if os.environ.get(name):
                environ[name] = os.environ[name]
        settings = load_settings(environ, env_file=Path(folder) / ".env")
        assistant = Assistant(settings, say=print, train_command=["true"])
        front_desk = FrontDesk(settings, say=print)
        try:
            assistant.start()
            front_desk.launch()
            front_desk.wait_until_ready()
            print(f"The assistant alone, {given.seconds:.0f} s …", flush=True)
            alone = measure(
                "assistant",
                settings.rasa_port,
                settings,
                given,
                texts,
                assistant.children[:1],
            )
            print(f"The gateway, {given.streams} streams …", flush=True)
            gateway = measure(
                "gateway",
                settings.port,
                settings,
                given,
                texts,
                [*front_desk.children, *assistant.children[:1]],
            )
        finally:
            front_desk.stop()
            assistant.stop()
    return {
        "machine": f"{os.cpu_count()} cores, {platform.platform()}",
        "label": given.label,
        "streams": given.streams,
        "rate": given.rate,
        "seconds": given.seconds,
        "load_average": os.getloadavg(),
        "alone": alone,
        "gateway": gateway,
    }


def main():
    given = arguments()
    try:
        result = run(given)
    except StartError as error:
        sys.exit(f"load: {error}")
    result["figures"] = figures(result)
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "figures.json").write_text(json.dumps(result), encoding="utf-8")
    (RESULTS / "report.html").write_text(page(result), encoding="utf-8")
    print(table(result["figures"]))
    print(f"report: {RESULTS / 'report.html'}")
    found = result["figures"]
    if found["errors"] or found["ratio_p95"] > MOST_RATIO:
        print(f"short: errors, or p95 over {MOST_RATIO} times the assistant alone")
        return int(given.check)
    return 0


if __name__ == "__main__":
    sys.exit(main())
