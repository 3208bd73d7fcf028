"""Answers, what stands below them, and the conversation over pages and tabs."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.model, pytest.mark.slow]


def test_typing_is_shown_until_the_reply_is_there(chat, hold_up):
    typing = chat.chat.locator(".typing")
    hold_up(1.5)
    chat.composer.fill("what are the side effects?")
    chat.composer.press("Enter")

    expect(typing).to_be_visible()
    expect(chat.rows.last).to_have_class(re.compile("bot"))
    expect(typing).to_be_hidden()


def test_reply_is_the_approved_text_word_for_word(chat, responses):
    chat.ask("what are the side effects?")

    said = chat.chat.locator(".row.bot").evaluate_all(
        "rows => rows.slice(2).map((row) => row.message.text)"
    )
    approved = responses("side_effects")["utter_side_effects"][0]
    assert "\n\n".join(said) == approved.replace("{phone}", "(555) 010-0199")


def test_suggestions_are_buttons(chat):
    # What is not understood is the model's matter; one of these will do.
    for text in (
        "ketamine",
        "hmm what about the thing",
        "blorf wibble zonk",
        "infusion",
    ):
        chat.ask(text)
        suggestions = chat.rows.last.locator(".choices .button")
        if suggestions.count() > 1:
            break
    title = suggestions.first.inner_text()
    before = chat.chat.locator(".row.bot").count()
    suggestions.first.click()
    chat.wait_for_reply(before)

    assert chat.texts("patient")[-1] == title


def test_sources_and_review_are_there_on_demand(chat):
    chat.ask("what are the side effects?")
    last = chat.rows.last
    details = last.locator(".sources")
    expect(details).to_be_hidden()
    toggle = last.get_by_role("button", name="Sources")
    expect(toggle).to_have_attribute("aria-expanded", "false")
    toggle.click()

    expect(toggle).to_have_attribute("aria-expanded", "true")
    expect(details).to_be_visible()
    assert details.get_by_role("listitem").count() > 3
    expect(details).to_contain_text("Not yet reviewed by a clinician.")


def test_date_of_the_review_is_shown_where_there_is_one(chat):
    chat.ask("what are the side effects?")
    chat.staff("review")
    chat.page.reload()
    chat.open()
    chat.rows.last.get_by_role("button", name="Sources").click()

    expect(chat.rows.last).to_contain_text("Reviewed on May 22, 2026")
    expect(chat.rows.last).not_to_contain_text("Draft")


def test_drafts_are_marked_once_a_reply(chat):
    chat.ask("what are the side effects?")
    bubbles = chat.chat.locator(".row.bot").count()

    marks = chat.chat.get_by_text("Draft, not yet approved by a clinician")
    assert bubbles > marks.count() == 2


def test_person_is_one_step_away(chat):
    before = chat.chat.locator(".row.bot").count()
    chat.button("Talk to a person").first.click()
    chat.wait_for_reply(before)

    assert chat.texts("patient") == ["Talk to a person"]
    assert "(555) 010-0199" in " ".join(chat.texts("bot"))
    expect(
        chat.rows.last.get_by_role("button", name="Ask for a call back")
    ).to_be_visible()


def test_talk_to_a_person_stands_once_on_the_screen(chat):
    chat.button("Talk to a person").click()
    chat.wait_for_reply(2)
    chat.type("i want to kill myself")
    expect(chat.chat.locator(".row.urgent")).to_have_count(3)
    chat.page.reload()
    chat.open()
    expect(chat.chat.locator(".row.urgent")).to_have_count(3)

    expect(chat.button("Talk to a person")).to_have_count(1)


def test_person_is_one_step_away_without_consent(visit):
    page = visit()
    page.open()
    page.button("Talk to a person").click()

    expect(page.rows.last).to_contain_text("To talk to a person, call (555) 010-0199")
    expect(page.rows.last.get_by_role("link")).to_have_attribute(
        "href", "tel:+15550100199"
    )


def test_thumb_is_kept_with_an_optional_word(chat):
    chat.ask("what are the side effects?")
    last = chat.rows.last
    down = last.get_by_role("button", name="Not helpful")
    down.click()
    expect(down).to_have_attribute("aria-pressed", "true")
    assert chat.gateway.ask("kept", token=chat.token)["feedback"] == [["down", ""]]
    last.get_by_role("textbox").fill("too long")
    last.get_by_role("textbox").press("Enter")
    expect(last).to_contain_text("Thank you.")

    assert chat.gateway.ask("kept", token=chat.token)["feedback"] == [
        ["down", "too long"]
    ]
    assert chat.focused() == "Not helpful"


def test_thumb_can_be_changed(chat):
    chat.ask("what are the side effects?")
    chat.rows.last.get_by_role("button", name="Not helpful").click()
    up = chat.rows.last.get_by_role("button", name="Helpful", exact=True)
    up.click()
    expect(up).to_have_attribute("aria-pressed", "true")
    expect(chat.rows.last.get_by_role("button", name="Not helpful")).to_have_attribute(
        "aria-pressed", "false"
    )

    assert chat.gateway.ask("kept", token=chat.token)["feedback"] == [["up", ""]]


def test_danger_in_a_word_to_a_thumb_gets_the_crisis_text(chat):
    chat.ask("what are the side effects?")
    last = chat.rows.last
    last.get_by_role("button", name="Not helpful").click()
    last.get_by_role("textbox").fill("i want to kill myself")
    last.get_by_role("textbox").press("Enter")

    expect(chat.chat.locator(".row.urgent")).to_have_count(3)


def test_crisis_text_stands_out_and_can_be_called(chat):
    chat.type("i want to kill myself")
    urgent = chat.chat.locator(".row.urgent")
    expect(urgent).to_have_count(3)

    calls = urgent.first.locator("a.strong")
    assert calls.all_inner_texts() == ["Call 988", "Call 911", "Text 988"]
    expect(urgent.last.get_by_role("button", name="Helpful")).to_have_count(0)


def test_private_details_are_taken_out_of_sight_too(chat):
    chat.type("my phone is 303-555-0142, how much is it?")
    row = chat.chat.locator(".row.patient")
    expect(row).to_contain_text("Private details were taken out")
    expect(row).not_to_contain_text("303-555-0142")


def test_message_over_the_limit_of_length_comes_back_to_be_shortened(chat):
    text = "really " * 700
    chat.composer.fill(text)
    expect(chat.chat.locator(".count")).to_contain_text("4900 / 4000")
    chat.composer.press("Enter")

    expect(chat.rows.last).to_contain_text("This is too long")
    expect(chat.chat.locator(".typing")).to_be_hidden()
    expect(chat.composer).to_have_value(text.strip())
    assert chat.texts("patient") == []


def test_danger_in_a_message_that_is_too_long_gets_the_crisis_text(chat):
    chat.type("really " * 700 + " i want to kill myself")

    expect(chat.chat.locator(".row.urgent")).to_have_count(3)


def test_too_many_messages_wait_and_are_sent_by_themselves(chat):
    chat.gateway.ask("limit", message_session=0)
    chat.type("how much is it?")
    expect(chat.rows.last).to_contain_text("Please wait a moment")
    chat.gateway.ask("limit")
    chat.page.evaluate("dispatchEvent(new Event('online'))")
    expect(chat.chat.locator(".row.bot").nth(2)).to_be_visible(timeout=20000)

    kept = chat.gateway.ask("kept", token=chat.token)["texts"]
    assert kept.count("how much is it?") == 1


def test_minimized_chat_counts_what_is_unread(chat):
    chat.staff("join", name="Jordan R.")
    expect(chat.rows.last).to_contain_text("Jordan R.")
    chat.button("Minimize the chat").click()
    expect(chat.panel).to_be_hidden()
    expect(chat.launcher).to_be_focused()
    chat.staff("say", name="Jordan R.", text="Hello, how can I help?")
    chat.staff("say", name="Jordan R.", text="Are you there?")

    expect(chat.launcher).to_have_accessible_name(
        re.compile(r"Chat with us\s*New messages:\s*2")
    )
    assert "New messages: 2" in chat.announced
    chat.open()
    expect(chat.chat.locator(".row.staff")).to_have_count(2)
    chat.button("Minimize the chat").click()
    expect(chat.chat.locator(".badge")).to_be_hidden()


def test_history_is_back_after_a_reload_and_is_not_announced_again(chat):
    chat.ask("what are the side effects?")
    said = chat.rows.all_inner_texts()
    chat.page.reload()
    chat.open()
    expect(chat.rows).to_have_count(len(said))
    chat.page.wait_for_timeout(500)

    assert chat.rows.all_inner_texts() == said
    assert chat.announced == []


def test_history_is_there_on_another_page_of_the_site(chat, visit):
    chat.ask("what are the side effects?")
    count = chat.rows.count()
    other = visit("/embed", context=chat.page.context)

    expect(other.rows).to_have_count(count)


def test_two_tabs_show_the_same_conversation(chat, visit):
    other = visit(context=chat.page.context)
    other.open()
    expect(other.rows).to_have_count(2)
    chat.ask("what are the side effects?")
    expect(other.rows).to_have_count(chat.rows.count())
    other.ask("how much does one infusion cost?")

    expect(chat.rows).to_have_count(other.rows.count())
    assert chat.texts("patient") == other.texts("patient")
    assert chat.texts("bot") == other.texts("bot")


def test_conversation_begun_in_one_tab_is_there_in_the_other(visit):
    first = visit()
    second = visit(context=first.page.context)
    second.open()
    first.begin()

    expect(second.rows).to_have_count(2)
    expect(second.button("Agree and start")).to_have_count(0)


def test_only_the_session_key_is_kept_in_the_browser(chat):
    chat.ask("what are the side effects?")
    storage = chat.storage

    assert list(storage["local"]) == [f"clinic-chat {chat.gateway.url}"]
    assert len(chat.token) == 43
    storage["local"] = {}
    assert storage == {
        "local": {},
        "session": {},
        "cookies": "",
        "databases": 0,
        "caches": 0,
    }


def test_token_is_in_no_address(chat):
    chat.ask("what are the side effects?")

    assert [one.url for one in chat.requests if chat.token in one.url] == []


def test_conversation_works_where_the_browser_keeps_nothing(visit):
    page = visit("/embed")
    page.page.add_init_script(
        "Object.defineProperty(window, 'localStorage', "
        "{ get() { throw new DOMException('no', 'SecurityError'); } })"
    )
    page.page.reload()
    page.agree()
    page.ask("what are the side effects?")

    assert len(page.texts("bot")) > 2


def test_expired_conversation_says_so_and_keeps_what_was_not_sent(chat):
    chat.staff("expire")
    chat.type("how much is it?")
    expect(chat.panel).to_contain_text("was not used for a while and has ended")
    assert chat.storage["local"] == {}
    chat.button("Start a new chat").click()
    chat.agree()
    expect(chat.chat.locator(".row.bot").nth(2)).to_be_visible(timeout=20000)

    assert chat.texts("patient") == ["how much is it?"]


def test_closed_conversation_can_be_read_and_a_new_one_begun(chat):
    chat.ask("what are the side effects?")
    count = chat.rows.count()
    chat.staff("close")
    expect(chat.panel).to_contain_text("This chat has ended.")
    assert chat.rows.count() == count
    chat.page.reload()
    chat.open()
    expect(chat.rows).to_have_count(count)
    chat.button("Start a new chat").click()
    chat.agree()

    expect(chat.rows).to_have_count(2)


def test_text_is_never_taken_for_markup(chat):
    attack = "<img src=x onerror=alert(1)><b>bold</b> & [link](javascript:alert(1))"
    chat.staff("join", name="<i>Jordan</i>")
    chat.staff("say", name="<i>Jordan</i>", text=attack)
    expect(chat.chat.locator(".row.staff .bubble")).to_have_text(attack)
    chat.composer.fill(attack)
    chat.composer.press("Enter")
    expect(chat.chat.locator(".row.patient .bubble")).to_have_text(attack)

    assert chat.chat.locator(".row img, .row b b, .row i i").count() == 0
    assert chat.chat.locator(".row a[href^=javascript]").count() == 0


def test_browser_may_close_the_chat_itself(chat):
    chat.panel.evaluate("dialog => dialog.close()")

    expect(chat.launcher).to_be_focused()
    chat.open()
    expect(chat.rows).to_have_count(2)


def test_enter_sends_and_shift_enter_makes_a_line(chat):
    chat.composer.type("one")
    chat.composer.press("Shift+Enter")
    chat.composer.type("two")
    chat.composer.press("Enter")
    # The row of the server takes the place of the waiting one.
    expect(chat.chat.locator(".row.patient[data-id]")).to_have_count(1)

    assert chat.texts("patient") == ["one\n\ntwo"]
    expect(chat.composer).to_have_value("")
