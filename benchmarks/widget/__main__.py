"""``make bench-widget``: our widget beside deep-chat and rasa-webchat, in one run.

Each stands on the same page, talks to the same assistant over a line that is cut in the
same way, and is used by the same patient in a real browser. npm fetches the two others
once (var/bench/widget); after that only 127.0.0.1 is spoken to.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright
from rich.console import Console

from benchmarks.servers import LOOPBACK
from benchmarks.stock_project import ROOT
from benchmarks.training import BenchmarkError
from benchmarks.widget.backend import DELAY_SECONDS, Backend
from benchmarks.widget.figures import compare, remarks
from benchmarks.widget.gateway import first_conversation, start_gateway
from benchmarks.widget.lost_messages import OUTAGE_SECONDS
from benchmarks.widget.measure import QUESTIONS, UNDER_WAY, Measure
from benchmarks.widget.outage import Line, LoopThread
from benchmarks.widget.packages import fetch_bundle
from benchmarks.widget.report import page, table
from benchmarks.widget.widgets import BUNDLE, WIDGETS, Widget

WORK = ROOT / "var" / "bench" / "widget"
RESULTS = ROOT / "results" / "bench_widget"
# Whatever a widget asks for elsewhere is noted, and never found.
NOWHERE = f"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE {LOOPBACK}"
# Where the browser tests find theirs; tests have no types.
chromium: Any = importlib.import_module("tests.widget.chromium")
SCRIPT = "text/javascript; charset=utf-8"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-widget", description=__doc__)
    keys = [widget.key for widget in WIDGETS]
    parser.add_argument("--only", nargs="+", choices=keys, default=keys)
    parser.add_argument(
        "--patients", type=int, default=10, help="who write in the outage"
    )
    parser.add_argument("--results", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    # The front desk's limit of sessions from one address is part of what is measured.
    if not 1 <= arguments.patients <= 12:
        parser.error("1 to 12 patients")
    return arguments


class Bench:
    """One run: fetches, starts, measures each widget in turn, writes the result."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments = arguments
        self.console = Console()
        self.widgets = [w for w in WIDGETS if w.key in arguments.only]

    def run(self) -> None:
        """Measures everything and says it."""
        WORK.mkdir(parents=True, exist_ok=True)
        bundles = self._fetch()
        results: Path = self.arguments.results
        results.mkdir(parents=True, exist_ok=True)
        loop = LoopThread()
        home = Path(tempfile.mkdtemp(prefix="home-", dir=WORK))
        try:
            found, browser = self._measure(loop, home, bundles)
        finally:
            loop.stop()
            shutil.rmtree(home, ignore_errors=True)
        self._write(found, browser)

    def _fetch(self) -> dict[str, str]:
        bundles = {}
        for widget in self.widgets:
            if widget.package is not None:
                with self.console.status(f"{widget.title} from npm"):
                    bundle = fetch_bundle(widget.package, WORK)
                bundles[widget.key] = bundle.decode("utf-8")
        return bundles

    def _measure(
        self, loop: LoopThread, home: Path, bundles: dict[str, str]
    ) -> tuple[dict[str, Any], str]:
        backend = Backend(loop)
        with self.console.status("our front desk"):
            gateway = start_gateway(backend.port, home, WORK / "gateway.log")
        try:
            backend.greeting = first_conversation(gateway)
            found = {}
            with sync_playwright() as playwright:
                path = chromium.find_chromium(playwright)
                if path is None:
                    raise BenchmarkError(chromium.HOW)
                browser = playwright.chromium.launch(
                    executable_path=path, args=[*chromium.OPTIONS, NOWHERE]
                )
                version = browser.version
                for widget in self.widgets:
                    server = backend.port if widget.package else gateway.port
                    line = Line(loop, server)
                    bundle = bundles.get(widget.key, "")
                    found[widget.key] = self._one(
                        browser, widget, line, backend, bundle
                    )
                    line.cut()
                browser.close()
        finally:
            gateway.stop()
            backend.stop()
        return found, version

    def _one(
        self,
        browser: Browser,
        widget: Widget,
        line: Line,
        backend: Backend,
        bundle: str,
    ) -> dict[str, Any]:
        script = {BUNDLE: (SCRIPT, bundle)}
        measure = Measure(
            browser, widget, line, backend, script, self.arguments.results
        )
        with self.console.status(widget.title) as status:
            return measure.run(
                self.arguments.patients,
                lambda part: status.update(f"{widget.title}: {part}"),
            )

    def _write(self, found: dict[str, Any], browser: str) -> None:
        rows = compare(found)
        titles = {widget.key: widget.title for widget in self.widgets}
        result = {
            "machine": f"{os.cpu_count()} cores, {platform.platform()}, "
            f"Chromium {browser}",
            "note": f"{len(QUESTIONS)} questions, replies after {DELAY_SECONDS} s; "
            f"{self.arguments.patients} patients write during an outage of "
            f"{OUTAGE_SECONDS:.0f} s, each at another moment of it, and {UNDER_WAY} "
            "wait for a reply when it begins. Green is best.",
            "comparison": rows,
            "widgets": {
                widget.key: {
                    "title": widget.title,
                    "licence": widget.licence,
                    "released": widget.package.released if widget.package else "",
                    "set_up": widget.set_up_note,
                    "found": found[widget.key],
                }
                for widget in self.widgets
            },
        }
        results: Path = self.arguments.results
        (results / "figures.json").write_text(json.dumps(result, indent=1))
        (results / "report.html").write_text(page(result, results), encoding="utf-8")
        self.console.print(table(rows, titles))
        for widget in self.widgets:
            self.console.print(f"[bold]{widget.title}[/bold]")
            for line in remarks(found[widget.key]):
                self.console.print(f"  {line}", markup=False)
        self.console.print(f"report: {results / 'report.html'}")


def main() -> None:
    """Command line."""
    arguments = _arguments()
    # Told to stop, it still ends what it has started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        Bench(arguments).run()
    except BenchmarkError as error:
        sys.exit(f"bench-widget: {error}")


if __name__ == "__main__":
    main()
