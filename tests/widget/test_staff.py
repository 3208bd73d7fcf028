"""Staff in the chat, hours, and what a patient can ask staff and the chat for."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.model, pytest.mark.slow]
CLOSED = "2026-11-22T18:00:00+00:00"  # a Sunday


def test_staff_joins_and_leaves_by_name(chat):
    chat.staff("join", name="Jordan R.")
    expect(chat.panel).to_contain_text("Jordan R. is in this chat")
    joined = chat.chat.locator(".row.system").last
    expect(joined).to_contain_text("Jordan R.")
    expect(joined).to_contain_text("A member of our staff is now in this chat")
    chat.staff("say", name="Jordan R.", text="Hello, how can I help?")
    said = chat.chat.locator(".row.staff")
    expect(said).to_contain_text("Jordan R., clinic staff")
    expect(said).to_contain_text("Hello, how can I help?")
    chat.type("can i park there?")
    chat.page.wait_for_timeout(1500)
    assert len(chat.texts("bot")) == 2
    chat.staff("leave")

    expect(chat.chat.locator(".row.system").last).to_contain_text("has left this chat")
    expect(chat.chat.locator(".presence")).not_to_contain_text("Jordan")
    assert "Jordan R., clinic staff: Hello, how can I help?" in chat.announced


def test_who_is_there_is_known_again_after_a_reload(chat):
    chat.staff("join", name="Jordan R.")
    chat.page.reload()
    chat.open()

    expect(chat.panel).to_contain_text("Jordan R. is in this chat")


def test_staff_hears_that_the_patient_is_typing(chat):
    chat.staff("join", name="Jordan R.")
    expect(chat.panel).to_contain_text("Jordan R. is in this chat")
    with chat.page.expect_request("**/chat/typing"):
        chat.composer.type("hm")


def test_open_office_is_said(visit):
    page = visit()
    page.open()

    expect(page.chat.locator(".presence")).to_contain_text("We are open now")
    expect(page.chat.locator(".away")).to_be_hidden()


def test_closed_office_is_said_with_what_that_means(visit, gateway):
    gateway.ask("clock", at=CLOSED)
    page = visit()
    page.open()

    expect(page.chat.locator(".presence")).to_contain_text("closed")
    expect(page.chat.locator(".away")).to_contain_text(
        "Our staff will read messages when we are open."
    )


def test_call_back_form_is_kept_out_of_the_transcript(chat):
    chat.choose("Ask for a call back")
    heading = chat.chat.get_by_role("heading", name="Ask for a call back")
    expect(heading).to_be_focused()
    chat.chat.get_by_label("Your name").fill("Sam Sample")
    chat.chat.get_by_label("Phone").fill("(303) 555-0142")
    chat.button("Send").last.click()
    expect(chat.rows.last).to_contain_text("Our staff has your details")

    kept = chat.gateway.ask("kept", token=chat.token)
    assert kept["contacts"] == 1
    assert not any("Sam" in text or "0142" in text for text in kept["texts"])
    assert "Sam" not in str(chat.storage)
    assert chat.focused() == "More options"
    chat.page.reload()
    chat.open()
    expect(chat.rows.last).to_contain_text("Our staff has your details")


def test_call_back_form_says_what_is_missing(chat):
    chat.choose("Ask for a call back")
    chat.button("Send").last.click()
    name, phone = chat.chat.get_by_label("Your name"), chat.chat.get_by_label("Phone")
    expect(name).to_be_focused()
    expect(name).to_have_attribute("aria-invalid", "true")
    expect(name).to_have_accessible_description("Please write your name.")
    expect(phone).to_have_accessible_description(
        "Please leave a phone number or an e-mail address."
    )
    name.fill("Sam Sample")
    chat.chat.get_by_label("E-mail").fill("sam at mail")
    chat.button("Send").last.click()

    expect(chat.chat.get_by_label("E-mail")).to_be_focused()
    expect(phone).not_to_have_attribute("aria-invalid", "true")
    assert chat.gateway.ask("kept", token=chat.token)["contacts"] == 0


def test_call_back_that_fails_keeps_what_was_written(chat):
    chat.choose("Ask for a call back")
    chat.chat.get_by_label("Your name").fill("Sam Sample")
    chat.chat.get_by_label("Phone").fill("(303) 555-0142")
    chat.page.route("**/chat/contact", lambda route: route.abort(), times=1)
    chat.button("Send").last.click()
    expect(
        chat.chat.get_by_role("alert").filter(has_text="did not work")
    ).to_be_visible()
    expect(chat.chat.get_by_label("Your name")).to_have_value("Sam Sample")
    chat.button("Send").last.click()

    expect(chat.rows.last).to_contain_text("Our staff has your details")


def test_transcript_is_a_text_file_of_the_whole_conversation(chat):
    chat.ask("what are the side effects?")
    chat.staff("join", name="Jordan R.")
    chat.staff("say", name="Jordan R.", text="Hello, how can I help?")
    expect(chat.chat.locator(".row.staff")).to_have_count(1)
    with chat.page.expect_download() as download:
        chat.choose("Download this chat")

    assert re.fullmatch(r"chat-\d{4}-\d\d-\d\d\.txt", download.value.suggested_filename)
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert text.startswith("Chat with Example Ketamine Clinic, ")
    assert "You\nwhat are the side effects?" in text
    assert "Assistant\nCommon side effects are:\n- feeling detached" in text
    assert "Jordan R., clinic staff\nHello, how can I help?" in text


def test_erasing_asks_first(chat):
    chat.choose("Erase this chat")
    expect(chat.chat.get_by_role("heading", name="Erase this chat")).to_be_focused()
    expect(chat.panel).to_contain_text("It can't be undone")
    chat.button("Back to the chat").click()

    assert chat.focused() == "More options"
    assert chat.rows.count() == 2


def test_erased_chat_is_gone_here_and_there(chat):
    chat.ask("what are the side effects?")
    chat.choose("Erase this chat")
    chat.button("Yes, erase it").click()
    expect(chat.panel).to_contain_text("This chat is erased")
    assert chat.rows.count() == 0
    assert chat.storage["local"] == {}
    assert chat.focused() == "Start a new chat"
    assert chat.complaints == []
    chat.page.reload()
    chat.open()

    expect(chat.button("Agree and start")).to_be_visible()
    assert chat.rows.count() == 0


def test_erasing_tells_of_an_alert_that_stays(chat):
    chat.type("i want to kill myself")
    expect(chat.chat.locator(".row.urgent")).to_have_count(3)
    chat.choose("Erase this chat")
    chat.button("Yes, erase it").click()

    expect(chat.panel).to_contain_text(
        "That notice stays until they have dealt with it"
    )


def test_erasing_that_fails_says_so_and_keeps_everything(chat):
    chat.page.route("**/chat/session", lambda route: route.abort(), times=1)
    chat.choose("Erase this chat")
    chat.button("Yes, erase it").click()
    expect(chat.panel).to_contain_text("That did not work")
    assert chat.token
    chat.button("Yes, erase it").click()

    expect(chat.panel).to_contain_text("This chat is erased")


def test_erased_chat_is_gone_in_the_other_tab(chat, visit):
    other = visit(context=chat.page.context)
    other.open()
    expect(other.rows).to_have_count(2)
    chat.choose("Erase this chat")
    chat.button("Yes, erase it").click()

    expect(other.rows).to_have_count(0)
    expect(other.button("Start a new chat")).to_be_visible()
