"""WCAG 2.2 AA: axe on every state, keyboard, screen reader, zoom, colours."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.model, pytest.mark.slow]
PHONE = {
    "viewport": {"width": 375, "height": 667},
    "has_touch": True,
    "is_mobile": True,
}


# States
def minimized(page):
    page.begin()
    page.staff("join", name="Jordan R.")
    expect(page.rows).to_have_count(3)
    page.button("Minimize the chat").click()
    page.staff("say", name="Jordan R.", text="Hello")
    expect(page.chat.locator(".badge")).to_be_visible()


def consent(page):
    page.open()
    expect(page.button("Agree and start")).to_be_visible()


def spanish_consent(page):
    page.open()
    page.choose("Español")
    expect(page.panel).to_contain_text("Este es un asistente automático")


def danger_before_consent(page):
    page.open()
    page.type("i want to kill myself")
    expect(page.chat.locator(".row.urgent")).to_have_count(3)


def kept_message(page):
    page.open()
    page.type("how much is it?")
    expect(page.rows.last).to_contain_text("Kept in this window")


def declined(page):
    page.open()
    page.button("No, thank you").click()


def greeting(page):
    page.begin()


def answer(page):
    page.begin()
    page.ask("what are the side effects?")
    page.rows.last.get_by_role("button", name="Sources").click()
    page.rows.last.get_by_role("button", name="Not helpful").click()
    expect(page.rows.last.get_by_role("textbox")).to_be_visible()


def suggestions(page):
    page.begin()
    page.ask("blorf wibble zonk")


def crisis(page):
    page.begin()
    page.type("i want to kill myself")
    expect(page.chat.locator(".row.urgent")).to_have_count(3)


def staff(page):
    page.begin()
    page.staff("join", name="Jordan R.")
    page.staff("say", name="Jordan R.", text="Hello, how can I help?")
    expect(page.chat.locator(".row.staff")).to_have_count(1)


def outage(page):
    page.begin()
    page.page.context.set_offline(True)
    page.type("how much is it?")
    expect(page.chat.locator(".outage")).to_be_visible()


def closed_office(page):
    page.gateway.ask("clock", at="2026-11-22T18:00:00+00:00")
    page.open()
    expect(page.chat.locator(".away")).to_be_visible()


def menu(page):
    page.begin()
    page.button("More options").click()


def topics(page):
    page.begin()
    page.button("Topics").click()


def call_back(page):
    page.begin()
    page.choose("Ask for a call back")
    page.button("Send").last.click()


def erase(page):
    page.begin()
    page.choose("Erase this chat")


def ended(page):
    page.begin()
    page.staff("close")
    expect(page.button("Start a new chat")).to_be_visible()


STATES = (
    *(spanish_consent, danger_before_consent),
    *(minimized, consent, kept_message, declined, greeting, answer, suggestions),
    *(crisis, staff, outage, closed_office, menu, topics, call_back, erase, ended),
)
LOOKS = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "forced colours": {"forced_colors": "active"},
}


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_axe_finds_nothing(visit, violations, state):
    page = visit()
    state(page)

    for name, look in LOOKS.items():
        page.page.emulate_media(**look)
        page.page.wait_for_timeout(
            250
        )  # colours change at once, but not in the same frame
        assert violations(page) == [], name
        page.page.emulate_media(color_scheme="light", forced_colors="none")
    if not page.chat.locator(".outage").is_visible():
        page.page.set_viewport_size({"width": 375, "height": 667})
        page.page.wait_for_timeout(250)
        assert violations(page) == [], "phone"


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_everything_to_press_is_large_enough(visit, state):
    page = visit(**PHONE)
    state(page)

    sizes = page.chat.locator("button, a.button, textarea, input").evaluate_all(
        """all => all.filter((one) => one.checkVisibility()).map((one) => {
          const { width, height } = one.getBoundingClientRect();
          const small = one.matches(".small") || one.type === "checkbox";
          return [one.textContent || one.id, width, height, small];
        })"""
    )
    assert sizes
    small = [one for one in sizes if min(one[1:3]) < (24 if one[3] else 44)]
    assert small == []


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
@pytest.mark.parametrize("viewport", [(320, 640), (320, 256)], ids=["320 px", "400 %"])
def test_narrow_window_needs_no_sideways_scrolling(visit, state, viewport):
    width, height = viewport
    page = visit(viewport={"width": width, "height": height})
    state(page)

    assert page.page.evaluate("document.documentElement.scrollWidth") <= width
    wide = page.chat.evaluate(
        """chat => [...chat.shadowRoot.querySelectorAll("*")].filter((one) => {
          const { left, right, width } = one.getBoundingClientRect();
          const seen = one.checkVisibility() && !one.closest(".unseen, .label");
          return seen && width && (left < -1 || right > innerWidth + 1);
        }).map((one) => one.outerHTML.slice(0, 100))"""
    )
    assert wide == []


def test_everything_is_in_reach_at_400_percent(visit):
    page = visit(viewport={"width": 320, "height": 256})
    answer(page)

    for name in ("Talk to a person", "Send", "More options"):
        page.button(name).first.scroll_into_view_if_needed()
        expect(page.button(name).first).to_be_in_viewport()
    page.composer.scroll_into_view_if_needed()
    page.ask("how much does one infusion cost?")


def test_text_of_double_size_is_not_cut(visit):
    page = visit()
    page.page.evaluate("document.documentElement.style.fontSize = '200%'")
    page.begin()
    page.ask("what are the side effects?")

    size = page.chat.locator(".bubble").first.evaluate(
        "one => getComputedStyle(one).fontSize"
    )
    assert size == "32px"
    cut = page.chat.locator(".bubble, .head p, .crisis").evaluate_all(
        "all => all.filter((one) => one.scrollWidth > one.clientWidth + 1).length"
    )
    assert cut == 0
    page.composer.scroll_into_view_if_needed()
    expect(page.composer).to_be_in_viewport()


# Keyboard
def tab_to(page, name, most=40, key="Tab"):
    for _ in range(most):
        if page.focused() == name:
            return
        page.page.keyboard.press(key)
    raise AssertionError(f"{name} is not reached with {key}; focus: {page.focused()}")


def test_whole_conversation_by_keyboard_alone(visit):
    page = visit()
    keyboard = page.page.keyboard
    tab_to(page, "Chat with us", most=120)
    keyboard.press("Enter")
    expect(page.composer).to_be_focused()
    expect(page.button("Agree and start")).to_be_visible()
    tab_to(page, "Agree and start", key="Shift+Tab")
    keyboard.press("Enter")
    expect(page.chat.locator(".row.bot")).to_have_count(2)
    expect(page.composer).to_be_focused()
    keyboard.type("what are the side effects?")
    keyboard.press("Enter")
    page.wait_for_reply(2)
    expect(page.composer).to_be_focused()
    tab_to(page, "Sources", key="Shift+Tab")
    keyboard.press("Space")
    expect(page.chat.locator(".sources").last).to_be_visible()
    tab_to(page, "More options", key="Shift+Tab")
    keyboard.press("Enter")
    tab_to(page, "Erase this chat")
    keyboard.press("Enter")
    tab_to(page, "Yes, erase it")
    keyboard.press("Enter")
    expect(page.button("Start a new chat")).to_be_focused()
    keyboard.press("Escape")
    expect(page.launcher).to_be_focused()
    expect(page.panel).to_be_hidden()


def test_focus_goes_to_the_composer_and_back_to_the_launcher(visit):
    page = visit()
    page.open()
    expect(page.composer).to_be_focused()
    page.button("Minimize the chat").click()

    expect(page.launcher).to_be_focused()


def test_focus_on_a_phone_does_not_bring_up_the_keyboard(visit):
    page = visit(**PHONE)
    page.open()

    assert page.focused() != "Your message"
    assert page.page.evaluate("document.activeElement.tagName") == "CLINIC-CHAT"


def test_escape_closes_what_is_on_top(chat):
    chat.choose("Ask for a call back")
    chat.page.keyboard.press("Escape")
    expect(chat.composer).to_be_visible()
    assert chat.focused() == "More options"
    chat.button("More options").click()
    chat.page.keyboard.press("Escape")
    expect(chat.chat.locator(".menu")).to_be_hidden()
    expect(chat.panel).to_be_visible()
    chat.page.keyboard.press("Escape")

    expect(chat.panel).to_be_hidden()


def test_focus_stays_in_a_chat_that_covers_the_screen(visit):
    page = visit(viewport={"width": 375, "height": 667})
    page.begin()

    for _ in range(30):
        page.page.keyboard.press("Tab")
        active = page.page.evaluate("document.activeElement.tagName")
        assert active in ("CLINIC-CHAT", "BODY")


def test_focus_is_always_visible(chat):
    chat.ask("what are the side effects?")
    chat.composer.focus()
    for _ in range(25):
        chat.page.keyboard.press("Shift+Tab")
        outline = chat.page.evaluate(
            """() => {
              const node = document.activeElement.shadowRoot?.activeElement;
              if (!node) return null;
              const { outlineStyle, outlineWidth } = getComputedStyle(node);
              return [outlineStyle, parseFloat(outlineWidth) >= 2];
            }"""
        )
        if outline is None:
            break
        assert outline == ["solid", True]


def test_typing_here_is_no_shortcut_of_the_page(chat):
    chat.page.evaluate(
        "window.heard = [];"
        "addEventListener('keydown', (event) => heard.push(event.key))"
    )
    chat.composer.type("s?")

    assert chat.page.evaluate("heard") == []


# Screen readers
def test_each_bubble_is_announced_once(chat):
    chat.page.evaluate("announced.length = 0")
    chat.ask("what are the side effects?")

    said = chat.chat.locator(".row.bot").evaluate_all(
        "rows => rows.slice(2).map((row) => row.message.text)"
    )
    assert chat.announced == [f"Assistant: {text}" for text in said]


def test_crisis_text_is_announced_at_once(chat):
    chat.page.evaluate("announced.length = 0")
    chat.type("i want to kill myself")
    expect(chat.chat.locator(".row.urgent")).to_have_count(3)

    assert len(chat.announced) == 3
    assert chat.chat.locator("[role=alert].unseen p").count() == 3


def test_announcements_are_cleared_away(chat):
    chat.ask("what are the side effects?")
    chat.page.wait_for_timeout(10500)

    assert chat.chat.locator("[role=log] p").count() == 0


def test_log_is_polite_and_named(chat):
    log = chat.chat.locator("[role=log]")
    expect(log).to_have_attribute("aria-live", "polite")
    expect(chat.chat.get_by_role("region", name="Conversation")).to_be_visible()
    expect(
        chat.chat.get_by_role("dialog", name="Example Ketamine Clinic")
    ).to_be_visible()


def test_english_answers_are_marked_as_english_in_a_spanish_chat(visit):
    page = visit()
    page.chat.evaluate("chat => chat.remove()")
    page.page.evaluate(
        """() => {
          const chat = document.createElement("clinic-chat");
          chat.dataset.locale = "es";
          document.body.append(chat);
        }"""
    )
    page.open()
    page.agree()

    assert page.chat.locator(".root").get_attribute("lang") == "es"
    assert page.chat.locator(".row.bot .bubble").first.get_attribute("lang") == "en"


# Looks
def test_nothing_moves_where_that_is_not_wanted(visit):
    page = visit(reduced_motion="reduce")
    page.begin()
    page.type("what are the side effects?")
    moving = page.page.evaluate("document.getAnimations({subtree: true}).length")

    assert moving == 0


def test_dark_page_has_a_dark_chat(visit):
    page = visit(color_scheme="dark")
    page.open()
    expect(page.panel).to_have_css("background-color", "rgb(21, 29, 29)")
    page.page.emulate_media(color_scheme="light")
    expect(page.panel).to_have_css("background-color", "rgb(255, 255, 255)")


def test_forced_colours_keep_every_border(visit):
    page = visit(forced_colors="active")
    answer(page)
    widths = page.chat.locator(".bubble, .button, .crisis").evaluate_all(
        """all => all.filter((one) => one.checkVisibility())
          .map((one) => parseFloat(getComputedStyle(one).borderTopWidth))"""
    )

    assert widths and min(widths) >= 1


def test_right_to_left_page_has_a_mirrored_chat(visit):
    page = visit()
    page.page.evaluate("document.documentElement.dir = 'rtl'")
    assert page.launcher.bounding_box()["x"] < 100
    page.begin()
    box = page.panel.bounding_box()
    assert box["x"] < 40
    page.ask("hello")
    mine = page.chat.locator(".row.patient .bubble").bounding_box()
    theirs = page.chat.locator(".row.bot .bubble").first.bounding_box()

    assert mine["x"] + mine["width"] < theirs["x"] + theirs["width"]
    assert page.button("Minimize the chat").bounding_box()["x"] < box["x"] + 60


def test_chat_fills_a_phone_and_stays_above_its_keyboard(visit):
    page = visit(**PHONE)
    page.begin()
    assert page.panel.bounding_box() == {"x": 0, "y": 0, "width": 375, "height": 667}
    page.page.evaluate(
        """() => {
          for (const [name, value] of [["height", 350], ["offsetTop", 40]]) {
            Object.defineProperty(visualViewport, name, { value });
          }
          visualViewport.dispatchEvent(new Event("resize"));
        }"""
    )

    assert page.panel.bounding_box() == {"x": 0, "y": 40, "width": 375, "height": 350}
    composer = page.composer.bounding_box()
    assert composer["y"] + composer["height"] <= 390


def test_long_answer_is_shown_from_its_beginning(chat):
    chat.ask("what are the side effects?")
    top = chat.chat.locator(".scroll").bounding_box()["y"]
    question = chat.chat.locator(".row.patient").bounding_box()["y"]

    assert 0 <= question - top < 60


def test_who_reads_above_is_not_torn_away_but_told(chat):
    chat.ask("what are the side effects?")
    scroller = chat.chat.locator(".scroll")
    scroller.evaluate("one => { one.scrollTop = 0; }")
    chat.page.wait_for_timeout(200)
    chat.staff("join", name="Jordan R.")
    jump = chat.button("New messages")
    expect(jump).to_be_visible()
    assert scroller.evaluate("one => one.scrollTop") == 0
    jump.click()

    expect(chat.rows.last).to_be_in_viewport()
    expect(jump).to_be_hidden()


# Languages
def test_every_label_is_there_in_both_languages(strings):
    assert len(strings) > 50
    for key, pair in strings.items():
        assert len(pair) == 2 and all(pair), key
        blanks = [sorted(re.findall(r"{\w+}", text)) for text in pair]
        assert blanks[0] == blanks[1], key
    same = {key for key, (english, spanish) in strings.items() if english == spanish}
    assert same <= {"chat", "transcriptTitle"}


def test_every_label_is_used_and_every_used_label_is_there(strings):
    from tests.widget.conftest import ROOT

    source = "".join(
        file.read_text(encoding="utf-8")
        for file in (ROOT / "widget" / "src").glob("*.js")
        if file.name != "strings.js"
    )
    asked = set(re.findall(r'\bsay\("(\w+)"', source))
    assert asked <= set(strings)
    mentioned = set(re.findall(r'"(\w+)"', source))
    assert set(strings) <= mentioned


def test_interface_is_spanish_for_who_wants_it(visit, strings):
    page = visit()
    page.begin()
    page.choose("Español")
    assert page.focused() == "Más opciones"
    english = {pair[0] for pair in strings.values()} - {
        pair[1] for pair in strings.values()
    }
    labels = page.chat.locator("button:not([lang]), label, h2, .note, .draft, .who b")
    said = set(labels.all_inner_texts())

    assert said & english == set()
    expect(page.rows).to_have_count(2)
    page.ask("what are the side effects?")
    expect(page.rows.last).to_contain_text("Borrador, aún sin aprobación")
    page.choose("English")
    assert page.focused() == "More options"
