"""Every address of the staff pages and every role: who gets in, who is sent where."""

import re

import pytest

from frontdesk.staff.permissions import PERMISSIONS, Role
from tests.staff.addresses import ANY_ACCOUNT, NOBODYS, PUBLIC, Page, addresses

EVERY = addresses()
GUARDED = [each for each in EVERY if each.permission]
OWN = [each for each in EVERY if each.name in ANY_ACCOUNT]
SIGN_IN = "/staff/account/login/"
SECOND_FACTOR = "/staff/account/2fa/"


def ask(client, path, method="GET"):
    """The answer without its body, which may be a stream without end."""
    headers = {"X-CSRFToken": client.csrf()}
    with client.http.stream(method, path, headers=headers) as answer:
        return answer


def ask_rightly(client, path):
    """By GET, or by POST where the address takes nothing else."""
    answer = ask(client, path)
    return ask(client, path, "POST") if answer.status_code == 405 else answer


def test_there_are_addresses_to_test():
    assert len(GUARDED) > 10
    assert {"inbox:queue", "staff:people", "audit:ledger"} <= {e.name for e in GUARDED}


@pytest.mark.parametrize("address", EVERY, ids=str)
def test_each_address_has_a_permission_or_is_listed_as_open(address):
    assert address.permission or address.name in PUBLIC | ANY_ACCOUNT, (
        f"{address.route}: put @needs(Permission.…) on its view"
    )


@pytest.mark.parametrize("address", GUARDED, ids=str)
def test_a_role_gets_in_where_its_permissions_say_and_nowhere_else(people, address):
    for role in Role.values:
        answer = ask_rightly(people[role], address.path())
        where = f"{role} at {address.route}: {answer.status_code}"
        if address.permission not in PERMISSIONS[role]:
            assert answer.status_code == 403, where
            continue
        assert answer.status_code not in (401, 403, 405) and (
            answer.status_code < 500
        ), where
        assert SIGN_IN not in answer.headers.get("Location", ""), where


@pytest.mark.parametrize("address", [e for e in GUARDED if e.has_ids], ids=str)
def test_an_id_that_is_nobodys_is_not_found(people, address):
    role = next(r for r in Role.values if address.permission in PERMISSIONS[r])
    answer = ask_rightly(people[role], address.path())
    assert answer.status_code == 404, address.route


@pytest.mark.parametrize("address", GUARDED + OWN, ids=str)
def test_who_is_not_signed_in_is_sent_to_where_that_is_done(people, address):
    visitor = people.visitor()
    answer = ask(visitor, address.path())
    if answer.status_code == 405:
        answer = ask(visitor, address.path(), "POST")
    if answer.status_code == 401:
        assert answer.headers["HX-Redirect"] == SIGN_IN
        return
    assert answer.status_code == 302, address.route
    where = answer.headers["Location"]
    assert where.startswith((SIGN_IN, "/staff/account/reauthenticate/")), where


@pytest.mark.parametrize("address", GUARDED, ids=str)
def test_without_the_second_factor_nothing_opens_outside_of_demos(
    people, change, address
):
    client = people.administrator
    change(SECOND_FACTOR_REQUIRED=True)
    answer = ask_rightly(client, address.path())
    assert answer.status_code == 302, address.route
    assert answer.headers["Location"] == SECOND_FACTOR


def test_the_way_to_a_second_factor_is_open_without_one(people, change):
    client = people.new("viewer")
    client.confirm()
    change(SECOND_FACTOR_REQUIRED=True)
    assert "One step is left" in client.page("/staff/")
    for path in ("2fa/totp/activate/", "2fa/webauthn/add/", "password/"):
        assert client.get(f"/staff/account/{path}").status_code == 200, path


@pytest.mark.parametrize("address", GUARDED + OWN, ids=str)
def test_pages_have_a_strict_policy_and_nothing_it_would_refuse(
    people, page_ids, address
):
    role = next(
        r
        for r in (Role.ADMINISTRATOR, Role.CLINICIAN)
        if not address.permission or address.permission in PERMISSIONS[r]
    )
    client, path = people[role], address.path(**page_ids)
    if "text/html" not in ask(client, path).headers.get("Content-Type", ""):
        return
    answer = client.get(path)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert "script-src 'self';" in policy and "frame-ancestors 'none'" in policy
    assert Page(answer.text).refused == []


@pytest.fixture(scope="module")
def page_ids(people):
    """Ids of things that are there, by the name they have in addresses."""
    from frontdesk.chat.models import Conversation
    from tests.frontdesk.gateway_for_tests import wait_until

    patient = people.gateway.patient()
    patient.say("what does it cost")
    wait_until(lambda: len(patient.messages()) > len(patient.greeting) + 1, 8)
    return {
        "conversation_id": Conversation.objects.get(pk=patient.id).pk,
        "person_id": people.viewer.person.pk,
        "response": "utter_cost",
        "variant": "general",
    }


PAGES = [
    ("/staff/account/login/", 200),
    (f"/staff/account/invitation/{NOBODYS['str']}/", 404),
    ("/staff/account/inactive/", 200),
    ("/staff/nothing/here/", 404),
]


@pytest.mark.parametrize("path, status", PAGES)
def test_pages_without_an_account_are_as_strict(people, path, status):
    answer = people.visitor().get(path)
    assert answer.status_code == status
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert Page(answer.text).refused == []
    assert "<h1>" in answer.text


def test_cookies_stay_with_the_staff_pages(people):
    answer = people.visitor().sign_in(people.make("viewer").email)
    cookies = answer.headers.get_list("Set-Cookie")
    session = next(c for c in cookies if c.startswith("staff_session="))
    assert "HttpOnly" in session and "SameSite=Lax" in session
    assert all("Path=/staff/" in cookie for cookie in cookies)
    assert "expires" not in session.lower()  # gone when the browser is closed


def test_a_form_without_its_token_is_refused_with_a_page(people):
    client = people.new("administrator")
    answer = client.http.post("/staff/people/invite/", data={"role": "viewer"})
    assert answer.status_code == 403
    assert "form was too old" in answer.text
    assert Page(answer.text).refused == []


def test_what_a_role_may_not_do_is_said_in_html_and_the_chat_still_says_json(people):
    refused = people.viewer.get("/staff/people/")
    assert refused.status_code == 403
    assert "Not for your role" in refused.text
    chat = people.visitor().get("/chat/nothing")
    assert chat.status_code == 404
    assert chat.json()["error"]["code"] == "not_found"


def test_a_failure_has_a_page_that_needs_no_database(people, monkeypatch):
    from frontdesk.staff import presenter

    def fail(*arguments):
        raise RuntimeError("somebody's words")

    monkeypatch.setattr(presenter, "people", fail)
    answer = people.administrator.get("/staff/people/")
    assert answer.status_code == 500
    assert "Something of ours has failed" in answer.text
    assert "somebody's words" not in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_a_form_that_is_too_long_is_refused_with_a_page(people):
    answer = people.administrator.post("/staff/people/invite/", {"email": "x" * 40_000})
    assert answer.status_code == 413
    assert "too long" in re.sub(r"\s+", " ", answer.text)


def test_somebody_elses_passkey_is_not_found(people):
    from allauth.mfa.models import Authenticator

    theirs = Authenticator.objects.create(
        user=people.make("viewer"), type="webauthn", data={"name": "theirs"}
    )
    client = people.new("administrator")
    client.confirm()
    for what in ("edit", "remove"):
        path = f"/staff/account/2fa/webauthn/keys/{theirs.pk}/{what}/"
        assert client.get(path).status_code == 404
        assert client.post(path, {"name": "mine"}).status_code == 404
    assert Authenticator.objects.filter(pk=theirs.pk).exists()
