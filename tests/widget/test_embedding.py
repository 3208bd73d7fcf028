"""One script tag, an iframe, other people's pages: strict policies, themes, bytes."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.model, pytest.mark.slow]
ROOT = Path(__file__).resolve().parents[2]
MOST_BYTES = 18 * 1024
PAGE = """<!doctype html><html lang="en"><head><title>A clinic</title>
<meta name="viewport" content="width=device-width, initial-scale=1">{head}</head>
<body><main><h1>A clinic</h1></main>{body}</body></html>"""


@pytest.fixture
def host(website, gateway, visit):
    """Shows a page of another site with something of ours on it."""

    def show(body, *, head="", policy=None, **options):
        policy = policy or (
            f"default-src 'none'; script-src {gateway.url}; "
            f"style-src {gateway.url}; connect-src {gateway.url}; "
            "require-trusted-types-for 'script'"
        )
        html = PAGE.format(head=head, body=body.replace("{chat}", gateway.url))
        website.pages["/"] = (html, {"Content-Security-Policy": policy})
        return visit(url=website.url + "/", **options)

    return show


SNIPPET = '<script type="module" src="{chat}/widget/widget.js"></script>'


def test_one_script_tag_under_a_strict_policy_is_enough(host, gateway):
    page = host(SNIPPET)
    page.begin()
    page.ask("what are the side effects?")

    assert len(page.texts("bot")) > 2
    hosts = {re.match(r"https?://[^/]+", one.url)[0] for one in page.requests}
    assert hosts == {gateway.url, page.page.url.rstrip("/")}
    assert page.page.evaluate("policyViolations") == []


def test_snippet_of_the_readme_works(host, gateway):
    readme = (ROOT / "widget" / "README.md").read_text(encoding="utf-8")
    block = re.search(r"```html\n(<script.*?)```", readme, re.DOTALL)[1]
    page = host(block.replace("https://chat.example.com", gateway.url))
    page.launcher.click()

    expect(page.button("Agree and start")).to_be_visible()


def test_element_of_the_readme_says_something_without_script(
    website, gateway, new_context
):
    readme = (ROOT / "widget" / "README.md").read_text(encoding="utf-8")
    block = re.search(r"```html\n(<clinic-chat.*?)```", readme, re.DOTALL)[1]
    html = PAGE.format(
        head="", body=block.replace("https://chat.example.com", gateway.url)
    )
    website.pages["/plain"] = (html, {})
    plain = new_context(java_script_enabled=False).new_page()
    plain.goto(website.url + "/plain")
    expect(plain.get_by_text("988")).to_be_visible()
    page = new_context().new_page()
    page.goto(website.url + "/plain")

    expect(page.get_by_role("button", name="Chat with us")).to_be_visible()
    expect(page.locator("clinic-chat > p")).to_be_hidden()
    assert page.locator("clinic-chat").count() == 1


def test_iframe_shows_the_same_chat_without_a_launcher(website, gateway, new_context):
    readme = (ROOT / "widget" / "README.md").read_text(encoding="utf-8")
    block = re.search(r"```html\n(<iframe.*?)```", readme, re.DOTALL)[1]
    body = block.replace("https://chat.example.com", gateway.url)
    policy = f"default-src 'none'; style-src 'unsafe-inline'; frame-src {gateway.url}"
    website.pages["/frame"] = (
        PAGE.format(head="", body=body),
        {"Content-Security-Policy": policy},
    )
    page = new_context().new_page()
    page.goto(website.url + "/frame")
    frame = page.frame_locator("iframe")
    frame.get_by_role("button", name="Agree and start").click()
    expect(frame.locator(".row.bot")).to_have_count(2)
    expect(frame.get_by_role("button", name="Minimize the chat")).to_have_count(0)
    frame.get_by_label("Your message").fill("what are the side effects?")
    frame.get_by_label("Your message").press("Enter")

    expect(frame.locator(".row.bot").nth(2)).to_be_visible(timeout=20000)


def test_embed_page_is_accessible(visit, violations):
    page = visit("/embed")
    page.agree()

    assert violations(page) == []
    box = page.panel.bounding_box()
    assert (box["x"], box["y"], box["width"]) == (0, 0, 1180)


def test_script_twice_makes_one_chat(host):
    page = host(SNIPPET + SNIPPET)

    assert page.chat.count() == 1


def test_page_can_open_it_itself(host):
    page = host(SNIPPET)
    page.chat.evaluate("chat => chat.open()")

    expect(page.composer).to_be_focused()


def test_attributes_of_the_tag_are_heeded(host):
    tag = SNIPPET.replace(
        "></script>",
        ' data-locale="es" data-position="start" data-theme="dark" data-open'
        ' data-name="Other name" data-label="Ask us"></script>',
    )
    page = host(tag)

    expect(page.panel).to_be_visible()
    expect(page.button("Aceptar y empezar")).to_be_visible()
    assert page.panel.bounding_box()["x"] < 40
    color = page.panel.evaluate("one => getComputedStyle(one).backgroundColor")
    assert color == "rgb(21, 29, 29)"
    page.button("Minimizar el chat").click()
    expect(page.launcher).to_have_text("Ask us")


def test_custom_properties_change_the_look(host, gateway):
    style = (
        "clinic-chat { --clinic-chat-accent: rgb(90, 30, 120);"
        " --clinic-chat-width: 500px; --clinic-chat-radius: 3px;"
        " --clinic-chat-font: serif; --clinic-chat-offset-inline: 77px }"
    )
    policy = (
        f"default-src 'none'; script-src {gateway.url}; connect-src {gateway.url}; "
    )
    page = host(
        SNIPPET,
        head=f"<style>{style}</style>",
        policy=policy + "style-src 'unsafe-inline'",
    )
    look = page.launcher.evaluate("one => getComputedStyle(one).backgroundColor")
    page.open()
    box = page.panel.bounding_box()

    assert look == "rgb(90, 30, 120)"
    assert (box["width"], box["x"]) == (500, 1180 - 500 - 77)
    assert page.panel.evaluate("one => getComputedStyle(one).borderRadius") == "3px"
    assert page.panel.evaluate("one => getComputedStyle(one).fontFamily") == "serif"


def test_styles_of_the_page_do_not_come_in(host, gateway):
    style = "* { color: red !important } p, button { font: 60px cursive; margin: 50px }"
    policy = (
        f"default-src 'none'; script-src {gateway.url}; connect-src {gateway.url}; "
    )
    page = host(
        SNIPPET,
        head=f"<style>{style}</style>",
        policy=policy + "style-src 'unsafe-inline'",
    )
    page.open()
    text = page.chat.locator(".crisis p").first
    found = text.evaluate(
        "one => [getComputedStyle(one).fontSize, getComputedStyle(one).margin]"
    )

    assert found == ["13px", "0px"]


def test_widget_is_small_and_one_script(visit, gateway):
    page = visit()
    page.begin()
    (script,) = (one for one in page.requests if one.resource_type == "script")
    answer = script.response()

    assert script.url == f"{gateway.url}/widget/widget.js"
    assert "unsafe" not in answer.text()
    assert answer.headers["content-encoding"] == "gzip"
    assert script.sizes()["responseBodySize"] <= MOST_BYTES


def test_no_module_takes_markup_or_code_from_a_text():
    for file in (ROOT / "widget" / "src").glob("*.js"):
        source = file.read_text(encoding="utf-8")
        found = re.findall(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\("
            r"|new Function|setAttribute\(\"style|sessionStorage|indexedDB"
            r"|document\.cookie",
            source,
        )
        assert found == [], file.name


def test_no_module_speaks_to_patients_but_strings():
    for file in (ROOT / "widget" / "src").glob("*.js"):
        if file.name in ("strings.js", "styles.js"):
            continue
        code = re.sub(
            r"/\*.*?\*/|//[^\n]*", "", file.read_text(encoding="utf-8"), flags=re.S
        )
        words = re.findall(r'"[A-Z][a-z]+ [a-z]+[^"]*"', code)
        assert words == [], file.name
