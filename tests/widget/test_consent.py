"""What a patient is told and asked before the first message is kept."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.model, pytest.mark.slow]
DANGER = "i want to kill myself"
SIZES = ({"width": 360, "height": 740}, {"width": 1280, "height": 800})


def test_it_says_that_it_is_automated_and_not_for_emergencies(visit):
    page = visit()
    page.open()

    expect(page.panel).to_contain_text("Automated assistant, not a person")
    expect(page.panel).to_contain_text("it is not for emergencies")
    described = page.panel.evaluate(
        "node => node.getRootNode().getElementById("
        "node.getAttribute('aria-describedby')).textContent"
    )
    assert described == "Automated assistant, not a person"


def test_nothing_is_asked_of_the_server_before_the_chat_is_opened(visit):
    page = visit()
    page.page.wait_for_timeout(500)

    assert [one.url for one in page.requests if "/chat/" in one.url] == []


def test_consent_comes_first_with_a_separate_question_about_improving(visit):
    page = visit()
    page.open()

    box = page.chat.get_by_role("checkbox")
    expect(box).not_to_be_checked()
    expect(page.panel).to_contain_text("Our staff can read what you write here")
    page.agree(improve=True)

    assert page.gateway.ask("kept", token=page.token)["improve"] is True


def test_improving_is_no_unless_it_is_ticked(chat):
    assert chat.gateway.ask("kept", token=chat.token)["improve"] is False


def test_harmless_message_before_consent_is_kept_and_sent_once_after_it(visit):
    page = visit()
    before = page.gateway.ask("kept")
    page.open()
    page.type("how much does one infusion cost?")
    expect(page.rows.last).to_contain_text("Kept in this window until you agree")
    assert page.gateway.ask("kept") == before

    page.agree()
    expect(page.chat.locator(".row.bot").nth(2)).to_be_visible(timeout=20000)

    texts = page.gateway.ask("kept", token=page.token)["texts"]
    assert texts.count("how much does one infusion cost?") == 1
    expect(page.rows.filter(has_text="Kept in this window")).to_have_count(0)
    assert page.texts("patient") == ["how much does one infusion cost?"]


def test_danger_before_consent_gets_the_crisis_text_at_once(visit, responses):
    page = visit()
    alerts = page.gateway.ask("kept")["alerts"]
    page.open()
    page.type(DANGER)

    urgent = page.chat.locator(".row.urgent")
    expect(urgent).to_have_count(3)
    said = urgent.evaluate_all("rows => rows.map((row) => row.message.text)")
    assert "\n\n".join(said) in responses("crisis")["utter_crisis_self_harm"]
    expect(page.link("Call 988").last).to_have_attribute("href", "tel:988")
    expect(page.link("Text 988").last).to_have_attribute("href", "sms:988")
    assert page.token is None
    assert page.gateway.ask("kept")["alerts"] == alerts + 1
    # The crisis text says that staff is alerted; this is what they do not know.
    (true,) = responses("frontdesk")["utter_consent_danger"]
    expect(page.rows.last).to_have_text(true)
    assert true in page.announced
    expect(page.panel).not_to_contain_text("Kept in this window")


def test_danger_before_consent_is_not_said_to_be_refused_after_a_no(visit, responses):
    page = visit()
    page.open()
    page.type(DANGER)
    expect(page.chat.locator(".row.urgent")).to_have_count(3)
    page.type("hello there")
    expect(page.rows.last).to_contain_text("Kept in this window until you agree")
    page.button("No, thank you").click()

    (true,) = responses("frontdesk")["utter_consent_danger"]
    expect(page.rows.filter(has_text=true)).to_have_count(1)
    expect(page.rows.filter(has_text="you chose not to chat")).to_have_count(1)
    page.button("I changed my mind").click()
    page.agree()
    expect(page.rows.filter(has_text=true)).to_have_count(0)
    kept = page.gateway.ask("kept", token=page.token)["texts"]
    assert (DANGER in kept, "hello there" in kept) == (True, False)


@pytest.mark.parametrize("size", SIZES)
def test_buttons_to_call_are_seen_at_once(visit, size):
    page = visit(viewport=size)
    page.open()
    page.type(DANGER)
    for place in ("before consent", "in the chat"):
        if place == "in the chat":
            page.agree()
            expect(page.chat.locator(".row.urgent")).to_have_count(3)
            page.type("really " * 100 + DANGER)
            expect(page.chat.locator(".row.urgent").nth(3)).to_be_visible()
            page.page.wait_for_timeout(500)
        for name in ("Call 988", "Call 911"):
            expect(page.link(name).last).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("size", SIZES)
def test_yes_and_no_are_seen_without_scrolling(visit, size):
    page = visit(viewport=size)
    page.open()
    for agree, decline in (
        ("Agree and start", "No, thank you"),
        ("Aceptar y empezar", "No, gracias"),
    ):
        for name in (agree, decline):
            expect(page.button(name)).to_be_in_viewport(ratio=1)
        page.choose(re.compile("Español|English"))
        page.chat.get_by_role("checkbox").focus()
        expect(page.chat.get_by_role("checkbox")).to_be_in_viewport(ratio=1)


def test_consent_in_spanish_is_what_is_agreed_to(visit):
    page = visit()
    page.open()
    page.choose("Español")
    expect(page.panel).to_contain_text("Nuestro personal puede leer")
    expect(page.chat.locator(".presence")).to_contain_text("Estamos abiertos ahora")
    with page.page.expect_request("**/chat/sessions") as sent:
        page.agree()
    assert sent.value.post_data_json["consent_version"].endswith("-es")
    expect(page.button("Cuánto cuesta")).to_be_visible()
    page.button("Temas").click()
    expect(page.button("Riesgo de adicción")).to_have_attribute("lang", "es")
    page.page.keyboard.press("Escape")
    page.choose("Borrar este chat")
    page.button("Sí, borrarlo").click()

    expect(page.panel).to_contain_text("Este chat está borrado: sus mensajes")


def test_danger_message_reaches_staff_after_consent_and_is_not_shown_twice(visit):
    page = visit()
    page.open()
    page.type(DANGER)
    expect(page.chat.locator(".row.urgent")).to_have_count(3)
    page.agree()
    expect(page.rows.filter(has_text="Kept in this window")).to_have_count(0)
    page.page.wait_for_timeout(1000)

    kept = page.gateway.ask("kept", token=page.token)
    assert kept["texts"].count(DANGER) == 1
    assert kept["alerts"] == 1
    assert page.chat.locator(".row.urgent").count() == 3


def test_declined_consent_leads_to_the_phone_number(visit):
    page = visit()
    page.open()
    page.type("hello there")
    expect(page.rows.last).to_contain_text("Kept in this window until you agree")
    page.button("No, thank you").click()

    expect(page.link("Call (555) 010-0199")).to_have_attribute(
        "href", "tel:+15550100199"
    )
    expect(page.rows.last).to_contain_text("you chose not to chat")
    assert page.focused().startswith("Call (555)")
    assert page.storage["local"] == {}


def test_crisis_path_stays_open_after_a_no(visit):
    page = visit()
    page.open()
    page.button("No, thank you").click()
    page.type(DANGER)

    expect(page.chat.locator(".row.urgent")).to_have_count(3)


def test_no_can_be_taken_back(visit):
    page = visit()
    page.open()
    page.button("No, thank you").click()
    page.button("I changed my mind").click()
    page.agree()

    expect(page.chat.locator(".row.bot")).to_have_count(2)


def test_greeting_offers_topics_as_buttons(chat):
    expect(chat.rows.first).to_contain_text("automated assistant of Example Ketamine")
    topics = chat.chat.locator(".row .choices .button")
    assert topics.count() >= 4

    topic = topics.first.inner_text()
    before = chat.chat.locator(".row.bot").count()
    topics.first.click()
    chat.wait_for_reply(before)
    assert chat.texts("patient") == [topic]


def test_all_topics_are_one_step_away(chat):
    chat.button("Topics").click()
    heading = chat.chat.get_by_role("heading", name="Topics")
    expect(heading).to_be_focused()
    before = chat.chat.locator(".row.bot").count()
    chat.button("Addiction risk").click()
    chat.wait_for_reply(before)

    assert chat.texts("patient") == ["Addiction risk"]


def test_changed_notice_is_read_again_before_a_session_begins(visit):
    page = visit()
    config = page.page.request.get(page.gateway.url + "/chat/config").json()
    config["consent"] |= {"version": "2000-01", "text": "An old notice."}
    page.page.route("**/chat/config", lambda route: route.fulfill(json=config), times=1)
    page.open()
    expect(page.panel).to_contain_text("An old notice.")
    page.button("Agree and start").click()

    expect(page.panel).to_contain_text("Our staff can read what you write here")
    assert page.token is None
    page.button("Agree and start").click()
    expect(page.chat.locator(".row.bot")).to_have_count(2)
