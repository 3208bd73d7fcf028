"""The server is gone: what a patient sees, and that nothing is lost or sent twice."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.model, pytest.mark.slow]


def test_crisis_line_is_there_with_the_server_gone(visit, strings, responses):
    page = visit()
    page.gateway.stop()
    page.open()
    expect(page.panel).to_contain_text("We can't reach the chat right now")

    line = page.chat.locator(".crisis")
    expect(line).to_be_visible()
    own = responses("frontdesk")
    english, spanish = own["utter_crisis_line"][0], own["utter_crisis_line_spanish"][0]
    assert line.locator("p").all_inner_texts() == [english, spanish]
    numbers = line.get_by_role("link").evaluate_all("all => all.map((one) => one.href)")
    assert numbers == ["tel:911", "tel:988", "tel:911", "tel:988"]


def test_crisis_line_says_what_the_crisis_texts_say(responses):
    own = responses("frontdesk")
    line = own["utter_crisis_line"][0] + own["utter_crisis_line_spanish"][0]
    for name, texts in responses("crisis").items():
        for text in texts:
            for number in set(re.findall(r"\b\d{3}\b(?!-)", text)) & {"911", "988"}:
                assert number in line, name
            assert "call or text 988" in line.lower()
            assert ("al 988 y oprima 2" in text) == ("al 988 y oprima 2" in line)


def test_phone_number_of_the_page_is_there_with_the_server_gone(visit):
    page = visit()
    page.gateway.stop()
    page.chat.evaluate("chat => { chat.dataset.phone = '(555) 010-0199'; }")
    page.open()

    expect(page.link("Call (555) 010-0199").first).to_be_visible()


def test_message_is_kept_over_an_outage_and_sent_once(chat):
    chat.gateway.stop()
    chat.type("how much does one infusion cost?")
    expect(chat.rows.last).to_contain_text("Not sent yet")
    outage = chat.chat.locator(".outage")
    expect(outage).to_contain_text("Your message is kept in this window")
    expect(chat.rows.last).to_be_in_viewport(ratio=0.9)
    expect(outage.get_by_role("link", name="Call (555) 010-0199")).to_be_visible()
    chat.type("and where are you?")
    chat.page.wait_for_timeout(3000)
    chat.gateway.start()
    # The gateway's first answer after a start can take as long as its model loads.
    expect(outage).to_be_hidden(timeout=60000)
    expect(chat.rows.filter(has_text="Not sent yet")).to_have_count(0)
    expect(chat.chat.locator(".row.bot").nth(3)).to_be_visible(timeout=30000)

    questions = ["how much does one infusion cost?", "and where are you?"]
    assert chat.texts("patient") == questions
    kept = chat.gateway.ask("kept", token=chat.token)["texts"]
    assert [text for text in kept if text in questions] == questions
    assert sum("can't reach" in text for text in chat.announced) <= 2
    assert chat.announced.count("The connection is back.") == 1


def test_patient_can_have_it_tried_again_at_once(chat):
    chat.gateway.stop()
    chat.type("how much does one infusion cost?")
    expect(chat.chat.locator(".outage")).to_be_visible()
    chat.page.wait_for_timeout(4000)  # the waits have become long
    chat.gateway.start()
    chat.button("Try again now").click()

    expect(chat.chat.locator(".outage")).to_be_hidden(timeout=3000)


def test_answer_whose_way_was_cut_does_not_send_the_message_twice(chat):
    url = chat.gateway.url + "/chat/messages"

    def lose(route):
        route.fetch()  # the server has it, the browser never hears of it
        route.abort()

    chat.page.route(url, lose, times=1)
    chat.type("how much does one infusion cost?")
    expect(chat.chat.locator(".row.bot").nth(2)).to_be_visible(timeout=20000)
    expect(chat.chat.locator(".outage")).to_be_hidden(timeout=20000)

    assert chat.texts("patient") == ["how much does one infusion cost?"]
    kept = chat.gateway.ask("kept", token=chat.token)["texts"]
    assert kept.count("how much does one infusion cost?") == 1


def test_what_was_said_during_an_outage_of_the_browser_comes_afterwards(chat):
    chat.staff("join", name="Jordan R.")
    expect(chat.panel).to_contain_text("Jordan R. is in this chat")
    chat.page.context.set_offline(True)
    chat.staff("say", name="Jordan R.", text="First.")
    chat.staff("say", name="Jordan R.", text="Second.")
    chat.page.wait_for_timeout(1500)
    chat.page.context.set_offline(False)

    expect(chat.chat.locator(".row.staff")).to_have_count(2, timeout=20000)
    assert chat.texts("staff") == ["First.", "Second."]


def test_message_before_consent_is_looked_at_as_soon_as_the_server_is_back(visit):
    page = visit()
    page.gateway.stop()
    page.open()
    page.type("i want to kill myself")
    expect(page.rows.last).to_contain_text("Not sent yet")
    page.gateway.start()

    expect(page.chat.locator(".row.urgent")).to_have_count(3, timeout=20000)


def test_patient_is_not_told_of_a_stream_that_is_taken_up_at_once(chat):
    chat.page.context.set_offline(True)
    chat.page.wait_for_timeout(100)
    chat.page.context.set_offline(False)
    chat.ask("what are the side effects?")

    assert not any("can't reach" in text for text in chat.announced)


def test_stream_is_parsed_however_it_is_cut(visit):
    page = visit()
    # The gateway serves it joined to the others, which export nothing.
    script = ROOT / "widget" / "src" / "transport.js"
    page.page.route(
        "**/widget/transport.js",
        lambda route: route.fulfill(path=script, content_type="text/javascript"),
    )
    events = page.page.evaluate(
        r"""async () => {
          const { EventParser } = await import("/widget/transport.js");
          const text = ": still here\r\n\r\nretry: 2000\n\nid: 7\nevent: message\n" +
            'data: {"a":\ndata: 1}\n\nevent: state\n' +
            'data:{"state":"typing"}\n\ndata: half';
          const all = [];
          for (let size = 1; size < text.length; size++) {
            const parser = new EventParser();
            const found = [];
            for (let at = 0; at < text.length; at += size) {
              found.push(...parser.push(text.slice(at, at + size)));
            }
            all.push(JSON.stringify(found.map(({ event, data }) => [event, data])));
          }
          return [...new Set(all)];
        }"""
    )

    assert events == [
        '[["message","{\\"a\\":\\n1}"],["state","{\\"state\\":\\"typing\\"}"]]'
    ]


def test_page_of_a_network_login_is_no_answer(chat):
    chat.page.route(
        "**/chat/messages",
        lambda route: route.fulfill(status=200, body="<html>Please log in</html>"),
        times=2,
    )
    chat.type("how much does one infusion cost?")
    expect(chat.rows.last).to_contain_text("Not sent yet")
    expect(chat.chat.locator(".row.bot").nth(2)).to_be_visible(timeout=20000)

    assert chat.texts("patient") == ["how much does one infusion cost?"]
