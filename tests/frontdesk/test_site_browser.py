"""The demo page and the embed page in a real browser: strict, accessible, calm."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.widget.chromium import launched_browser

pytestmark = pytest.mark.slow
VIEWS = {
    "desktop": {"viewport": {"width": 1280, "height": 900}},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}},
    "400 %": {"viewport": {"width": 320, "height": 256}},
    "forced colours": {
        "viewport": {"width": 1280, "height": 900},
        "forced_colors": "active",
    },
}
NOTE_VIOLATIONS = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
"""


@pytest.fixture(scope="module")
def browser():
    with launched_browser() as launched:
        yield launched


@pytest.fixture
def visit(browser, gateway, rasa):
    contexts = []

    def _visit(path="/", **options):
        context = browser.new_context(**options)
        contexts.append(context)
        context.add_init_script(NOTE_VIOLATIONS)
        page = context.new_page()
        page.complaints, page.asked = [], []
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("console", lambda line: _note(page, line))
        page.on("request", lambda request: page.asked.append(request.url))
        page.goto(gateway.url + path)
        page.wait_for_function("!!customElements.get('clinic-chat')")
        return page

    yield _visit
    for context in contexts:
        context.close()


def _note(page, line):
    if line.type == "error":
        page.complaints.append(line.text)


@pytest.mark.parametrize("view", VIEWS)
def test_page_is_accessible_within_its_policy_and_asks_nobody_else(
    visit, gateway, view
):
    page = visit("/", **VIEWS[view])
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    page.wait_for_timeout(300)

    found = Axe().run(page).response["violations"]

    assert [(each["id"], each["nodes"][0]["html"][:100]) for each in found] == []
    assert page.evaluate("window.violations") == []
    assert page.complaints == []
    assert {url for url in page.asked if not url.startswith(gateway.url)} == set()
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= VIEWS[view]["viewport"]["width"]


@pytest.mark.parametrize("path", ["/", "/embed"])
def test_widget_is_one_script_loaded_once(visit, gateway, path):
    page = visit(path)

    scripts = [url for url in page.asked if url.partition("?")[0].endswith(".js")]
    assert scripts == [f"{gateway.url}/widget/widget.js"]


def test_page_is_used_by_keyboard_alone(visit):
    page = visit("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    inside = "document.querySelector('main').contains(document.activeElement)"
    assert page.evaluate(inside)
    question = page.locator("details.question summary").first
    question.focus()
    page.keyboard.press("Enter")
    assert page.locator("details.question").first.get_attribute("open") is not None


def test_page_works_without_script(browser, gateway):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(gateway.url)
    assert page.get_by_role("heading", name="Prices").is_visible()
    assert page.get_by_role("link", name="Call 988").is_visible()
    context.close()


def test_embed_page_shows_the_widget_alone(visit):
    page = visit("/embed", viewport={"width": 400, "height": 600})
    page.wait_for_timeout(500)

    assert page.evaluate("window.violations") == []
    assert page.complaints == []
    assert Axe().run(page).response["violations"] == []
    box = page.evaluate(
        "document.querySelector('clinic-chat').shadowRoot"
        ".querySelector('.root').innerText.length"
    )
    assert box > 0


def test_embed_page_is_refused_in_a_strangers_frame(visit, gateway):
    """The page of another origin (another port) is no website of the clinic."""
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from threading import Thread

    class Stranger(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(f'<iframe src="{gateway.url}/embed">'.encode())

        def log_message(self, *arguments):
            pass

    server = HTTPServer(("127.0.0.1", 0), Stranger)
    Thread(target=server.serve_forever, daemon=True).start()
    page = visit("/")
    page.goto(f"http://127.0.0.1:{server.server_port}/")
    page.wait_for_timeout(500)
    frame = page.frames[1]

    assert frame.locator("clinic-chat").count() == 0
    assert any("frame-ancestors" in line for line in page.complaints)
    server.shutdown()
