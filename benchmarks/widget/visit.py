"""One patient's visit to a page with a widget, in a browser of its own storage."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    Error,
    Page,
    Response,
    Route,
    ViewportSize,
)

from benchmarks.servers import LOOPBACK
from benchmarks.training import BenchmarkError
from benchmarks.widget.widgets import BUNDLE, FOLDER, PAGE, SET_UP, Widget

HERE = Path(__file__).resolve().parent
WATCH = (HERE / "watch.js").read_text(encoding="utf-8")
STORAGE = (HERE / "storage.js").read_text(encoding="utf-8")
VIEWPORT: ViewportSize = {"width": 1180, "height": 860}
PATIENCE_MS = 20_000
SOON_MS = 500
# Colours and sizes fade in; axe must not see a half-way one.
SETTLE_MS = 700
FILES = ("script", "stylesheet", "font", "image")
LOOK = """(node) => {
  const { display, position, color, backgroundColor, fontSize, borderRadius, padding } =
    getComputedStyle(node);
  const { width, height } = node.getBoundingClientRect();
  const size = [Math.round(width), Math.round(height)];
  return [display, position, color, backgroundColor, fontSize, borderRadius, padding]
    .concat(size);
}"""


class Visit:
    """What a patient sees and does, and what the browser notes of it."""

    def __init__(
        self,
        browser: Browser,
        widget: Widget,
        port: int,
        files: dict[str, tuple[str, str]],
        *,
        policy: str = "",
    ) -> None:
        """Opens the page.

        Args:
            browser: where.
            widget: whose parts are on the page.
            port: of the line to the widget's server.
            files: page, set-up and bundle: content type and text by path.
            policy: content security policy of the page, if it has one.
        """
        self.widget = widget
        self.hosts: set[str] = set()
        self.requests: list[str] = []
        self.errors: list[str] = []
        self._responses: list[Response] = []
        self._files = files
        self._policy = policy
        self._origin = f"http://{LOOPBACK}:{port}"
        self.context = browser.new_context(viewport=VIEWPORT)
        self.context.set_default_timeout(PATIENCE_MS)
        self.page: Page = self.context.new_page()
        self.page.add_init_script(WATCH)
        self.page.on("request", lambda request: self._note(request.url))
        self.page.on("websocket", lambda socket: self._note(socket.url))
        self.page.on("response", lambda response: self._responses.append(response))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.route(f"{self._origin}{FOLDER}**", self._serve)
        self.page.goto(self._origin + PAGE)

    def close(self) -> None:
        """Leaves, and forgets what the browser has kept."""
        self.context.close()

    def _note(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https", "ws", "wss"):
            return
        self.requests.append(url)
        if parts.hostname != LOOPBACK:
            self.hosts.add(str(parts.hostname))

    def _serve(self, route: Route) -> None:
        kind, text = self._files[urlsplit(route.request.url).path]
        headers = {"Content-Type": kind}
        if self._policy:
            headers["Content-Security-Policy"] = self._policy
        route.fulfill(headers=headers, body=text)

    # What is done ---------------------------------------------------------------
    def begin(self, greeting: list[str]) -> None:
        """Opens the widget and waits until the patient is greeted and can write.

        Raises:
            BenchmarkError: if that does not happen.
        """
        self.open()
        self.wait_until_usable(greeting)

    def open(self) -> None:
        """Presses what there is to press before a patient can write.

        Raises:
            BenchmarkError: if it is not there.
        """
        with self._usable():
            for selector in self.widget.begin:
                self.page.locator(selector).first.click()

    def wait_until_usable(self, greeting: list[str]) -> None:
        """Waits until the patient is greeted and can write.

        Raises:
            BenchmarkError: if that does not happen.
        """
        with self._usable():
            for text in greeting:
                self.replies(text).first.wait_for()
            self.page.locator(self.widget.parts.field).first.wait_for()

    @contextmanager
    def _usable(self) -> Iterator[None]:
        try:
            yield
        except Error as error:
            raise BenchmarkError(
                f"{self.widget.title} is not usable on its page: {error.message} "
                f"{self.errors}"
            ) from error

    def can_write(self) -> bool:
        """Whether there is a field that takes text."""
        field = self.page.locator(self.widget.parts.field).first
        try:
            # It may go in between.
            return field.is_visible() and field.is_editable(timeout=SOON_MS)
        except Error:
            return False

    def write(self, text: str) -> bool:
        """Sends a message as a patient does; False if there is no field for it."""
        if not self.can_write():
            return False
        try:
            self.type(text)
            self.send()
        except Error:
            return False
        return True

    def type(self, text: str) -> None:
        """Writes into the field."""
        self.page.locator(self.widget.parts.field).first.fill(text, timeout=SOON_MS)

    def send(self) -> None:
        """Sends what stands in the field."""
        self.page.locator(self.widget.parts.field).first.press("Enter", timeout=SOON_MS)

    def replies(self, text: str) -> Any:
        """The bubbles of the assistant that hold a text."""
        short = " ".join(text.split())
        return self.page.locator(self.widget.parts.reply).filter(has_text=short)

    def ask(self, text: str, reply: str) -> bool:
        """Sends a message and waits for its reply; False if none comes."""
        if not self.write(text):
            return False
        try:
            self.replies(reply).first.wait_for()
        except Error:
            return False
        return True

    # What there is ----------------------------------------------------------------
    def trouble(self) -> str:
        """How the widget shows that something is wrong: "told", "gone" or ""."""
        if self.page.locator(self.widget.parts.trouble).first.is_visible():
            return "told"
        return "" if self.page.locator(self.widget.parts.panel).is_visible() else "gone"

    def loaded(self) -> dict[str, int]:
        """Size of each file that the widget loads, gzipped, by path."""
        sizes = {}
        for response in self._responses:
            path = urlsplit(response.url).path
            if response.request.resource_type in FILES and path not in (PAGE, SET_UP):
                sizes[path] = len(gzip.compress(response.body(), 9, mtime=0))
        if not sizes or (self.widget.package and BUNDLE not in sizes):
            raise BenchmarkError(f"{self.widget.title} loaded no file.")
        return sizes

    def calls(self) -> int:
        """Requests of the widget so far, the page and its set-up not counted."""
        own = (PAGE, SET_UP)
        return sum(urlsplit(url).path not in own for url in self.requests)

    def announced(self) -> list[str]:
        """What was said in live regions so far."""
        return self.page.evaluate("window.bench.announced")

    def violations(self) -> list[str]:
        """What the page's policy has refused so far."""
        return self.page.evaluate("window.bench.violations")

    def look(self) -> list[Any]:
        """How panel, field and the last reply look."""
        parts = self.widget.parts
        return [
            self.page.locator(selector).last.evaluate(LOOK)
            for selector in (parts.panel, parts.field, parts.reply)
        ]

    def storage(self) -> dict[str, dict[str, str]]:
        """What the page keeps in the browser: {where: {name: content}}."""
        kept = self.page.evaluate(STORAGE)
        # Those that scripts can't read are here alone.
        for cookie in self.context.cookies():
            kept["cookies"][str(cookie.get("name"))] = str(cookie.get("value"))
        return {where: names for where, names in kept.items() if names}

    def axe(self) -> list[dict[str, Any]]:
        """What axe-core finds with its usual rules."""
        self.page.wait_for_timeout(SETTLE_MS)
        options = {"resultTypes": ["violations"]}
        found = Axe().run(self.page, options=options).response
        return [
            {
                "rule": each["id"],
                "impact": each["impact"],
                "wcag": any(tag.startswith("wcag") for tag in each["tags"]),
                "nodes": [node["html"][:160] for node in each["nodes"]],
            }
            for each in found["violations"]
        ]

    def picture(self, file: Path) -> None:
        """Takes a picture of the page."""
        self.page.wait_for_timeout(SETTLE_MS)
        self.page.screenshot(path=file)
