"""Signing in: passwords, second factors, lock-out, and what the ledger has of it."""

import re

import pytest
from axes.models import AccessAttempt
from django.conf import settings

from frontdesk.audit.models import Entry
from frontdesk.staff.models import Person
from tests.staff.staff_client import PASSWORD
from tests.staff.totp import code_of

SECOND_FACTOR = "/staff/account/2fa/"
CODE = f"{SECOND_FACTOR}authenticate/"
WRONG = "not the password at all"


def entries_about(person):
    found = Entry.objects.filter(subject=f"person {person.pk}").order_by("number")
    return [(entry.actor, entry.action) for entry in found]


def set_up_app(client):
    """Gives the secret that the app on the phone has from now on."""
    client.confirm()
    page = client.page(f"{SECOND_FACTOR}totp/activate/")
    secret = re.search(r'id="authenticator_secret">(\w+)<', page)[1]
    answer = client.post(f"{SECOND_FACTOR}totp/activate/", {"code": code_of(secret)})
    assert answer.headers["Location"] == f"{SECOND_FACTOR}recovery-codes/", answer.text
    return secret


def recovery_codes(client):
    return re.findall(r"<code>(\d+)</code>", client.page(answer_codes()))


def answer_codes():
    return f"{SECOND_FACTOR}recovery-codes/"


def fail(client, email, times):
    for _ in range(times):
        answer = client.sign_in(email, WRONG)
    return answer


def test_signing_in_and_out_is_in_the_ledger(people):
    client = people.new("viewer")
    client.sign_out()
    assert client.get("/staff/").status_code == 302
    name = client.name
    assert entries_about(client.person) == [(name, "sign in"), (name, "sign out")]
    entry = Entry.objects.get(subject=f"person {client.person.pk}", action="sign in")
    assert entry.detail == {"by": ["password"]}


def test_a_failed_sign_in_is_in_the_ledger_without_a_word_of_what_was_typed(people):
    person = people.make("viewer")
    people.visitor().sign_in(person.email, WRONG)
    assert entries_about(person) == [("sign-in", "sign-in failed")]
    people.visitor().sign_in("nobody@else.example", WRONG)
    entry = Entry.objects.order_by("-number").first()
    assert re.fullmatch(r"unknown e-mail [0-9a-f]{16}", entry.subject)
    everything = str(list(Entry.objects.values())) + str(
        list(AccessAttempt.objects.values("post_data", "get_data"))
    )
    assert WRONG not in everything
    assert "nobody@else.example" not in str(list(Entry.objects.values()))


def test_known_and_unknown_e_mails_are_answered_alike(people):
    def words(answer):
        plain = re.sub(r'value="[^"]*"|"X-CSRFToken": "\w*"', "", answer.text)
        return answer.status_code, plain

    known = people.visitor().sign_in(people.make("viewer").email, WRONG)
    unknown = people.visitor().sign_in("nobody.at@all.example", WRONG)
    assert words(known) == words(unknown)


def test_five_failures_pause_the_sign_in_and_the_page_says_what_helps(people):
    person = people.make("viewer")
    visitor = people.visitor()
    assert fail(visitor, person.email, 4).status_code == 200
    locked = fail(visitor, person.email, 1)
    assert locked.status_code == 429
    assert "Sign-in is paused" in locked.text
    assert "15 minutes" in locked.text and "administrator" in locked.text

    right = people.visitor().sign_in(person.email)  # from the same place

    assert right.status_code == 429
    actions = [action for _, action in entries_about(person)]
    assert actions == ["sign-in failed"] * 5 + ["lock out"]
    assert people.visitor().sign_in(people.make("viewer").email).status_code == 302


def test_the_pause_ends_by_itself_and_trying_does_not_lengthen_it(people, change):
    person = people.make("viewer")
    fail(people.visitor(), person.email, 7)
    attempts = AccessAttempt.objects.filter(username=person.email)
    assert attempts.get().failures_since_start == 5
    early = attempts.get().attempt_time - settings.AXES_COOLOFF_TIME
    attempts.update(attempt_time=early)
    assert people.visitor().sign_in(person.email).status_code == 302
    assert not attempts.exists()


def test_an_administrators_link_ends_the_pause(people):
    from tests.staff.test_people import STRONG, accept, link_in

    person = people.make("viewer")
    fail(people.visitor(), person.email, 5)
    path = f"/staff/people/{person.pk}/link/"
    link = link_in(people.administrator.post(path))
    accept(people.visitor(), link)
    assert people.visitor().sign_in(person.email, STRONG).status_code == 302


def test_an_app_and_then_its_code_at_each_sign_in(people):
    client = people.new("viewer")
    secret = set_up_app(client)
    client.sign_out()

    assert client.sign_in(client.person.email).headers["Location"] == CODE
    assert client.get("/staff/").status_code == 302  # not in yet
    assert "Incorrect code" in client.post(CODE, {"code": "000000"}).text
    # The digits just used count once.
    assert client.post(CODE, {"code": code_of(secret, 1)}).status_code == 302

    assert client.get("/staff/").status_code == 200
    actions = [action for _, action in entries_about(client.person)]
    assert actions.count("second factor added") == 2  # the app and its codes
    assert "sign-in failed" in actions
    last = Entry.objects.filter(action="sign in", person=client.person).last()
    assert last.detail == {"by": ["password", "mfa"]}


def test_a_used_code_is_refused(people):
    client = people.new("viewer")
    secret = set_up_app(client)
    code = code_of(secret, 1)
    for expected in (302, 200):
        client.sign_out()
        client.sign_in(client.person.email)
        assert client.post(CODE, {"code": code}).status_code == expected


def test_a_recovery_code_works_once(people):
    client = people.new("viewer")
    set_up_app(client)
    codes = recovery_codes(client)
    assert len(codes) == 10
    for expected in (302, 200):
        client.sign_out()
        client.sign_in(client.person.email)
        assert client.post(CODE, {"code": codes[0]}).status_code == expected


def test_wrong_codes_count_and_no_right_one_gets_past_the_pause(people):
    client = people.new("viewer")
    secret = set_up_app(client)
    codes = recovery_codes(client)
    client.sign_out()
    client.sign_in(client.person.email)
    for _ in range(4):
        assert client.post(CODE, {"code": "000000"}).status_code == 200
    assert client.post(CODE, {"code": "000000"}).status_code == 429

    for code in (code_of(secret, 1), codes[0]):
        locked = client.post(CODE, {"code": code})
        assert "Sign-in is paused" in locked.text or locked.status_code == 302
        assert client.get("/staff/").status_code == 302

    assert ("sign-in", "lock out") in entries_about(client.person)


def test_no_way_in_gets_past_the_pause(people, monkeypatch):
    """Passkeys and single sign-on come through the same last step."""
    from allauth.core.exceptions import ImmediateHttpResponse
    from django.test import RequestFactory

    from frontdesk.staff.adapter import InvitedOnly

    person = people.make("viewer")
    fail(people.visitor(), person.email, 5)
    request = RequestFactory().post("/staff/account/2fa/webauthn/login/")
    request.session = {}
    request.user = person
    with pytest.raises(ImmediateHttpResponse) as stopped:
        InvitedOnly().login(request, person)
    assert stopped.value.response.status_code == 429


def test_too_many_requests_get_a_page(people, change):
    change(ACCOUNT_RATE_LIMITS={"login": "1/m/ip"})
    visitor = people.visitor()
    visitor.sign_in("nobody.at@all.example", WRONG)
    answer = visitor.sign_in("nobody.at@all.example", WRONG)
    assert answer.status_code == 429
    assert "Too many tries" in answer.text


def test_secrets_lie_encrypted_and_follow_the_keys(people, change):
    from allauth.mfa.models import Authenticator
    from cryptography.fernet import Fernet
    from django.core.management import call_command

    client = people.new("viewer")
    secret = set_up_app(client)
    mine = Authenticator.objects.filter(user=client.person)
    assert secret not in str(list(mine.values_list("data", flat=True)))
    new = Fernet.generate_key().decode()
    old = list(settings.ENCRYPTION_KEYS)
    change(ENCRYPTION_KEYS=[new, *old])
    call_command("rotate_keys", verbosity=0)
    change(ENCRYPTION_KEYS=[new])
    client.sign_out()
    client.sign_in(client.person.email)
    assert client.post(CODE, {"code": code_of(secret, 1)}).status_code == 302
    change(ENCRYPTION_KEYS=[*old, new])
    call_command("rotate_keys", verbosity=0)


def test_where_it_is_required_the_last_second_factor_stays(people, change):
    client = people.new("viewer")
    set_up_app(client)
    change(SECOND_FACTOR_REQUIRED=True)
    path = f"{SECOND_FACTOR}totp/deactivate/"
    assert "your only second factor" in client.page(path)
    client.post(path)
    assert client.get("/staff/").status_code == 200
    change(SECOND_FACTOR_REQUIRED=False)
    assert client.post(path).status_code == 302
    actions = [action for _, action in entries_about(client.person)]
    assert actions.count("second factor removed") == 2


def test_an_invited_person_is_led_to_the_second_factor_where_required(people, change):
    from tests.staff.test_people import accept, invite

    boss = people.administrator
    link = invite(boss, "led@clinic.example")
    change(SECOND_FACTOR_REQUIRED=True)
    visitor = people.visitor()
    assert accept(visitor, link).headers["Location"] == SECOND_FACTOR
    assert visitor.get("/staff/").headers["Location"] == SECOND_FACTOR
    page = visitor.page(f"{SECOND_FACTOR}totp/activate/")
    secret = re.search(r'id="authenticator_secret">(\w+)<', page)[1]
    visitor.post(f"{SECOND_FACTOR}totp/activate/", {"code": code_of(secret)})
    assert visitor.get("/staff/").status_code == 200


def test_a_changed_password_ends_other_sessions_and_keeps_this_one(people):
    client, elsewhere = people.new("viewer"), people.visitor()
    elsewhere.sign_in(client.person.email)
    new = "another long horse battery"
    fields = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    assert client.post("/staff/account/password/", fields).status_code == 302
    assert client.get("/staff/").status_code == 200
    assert elsewhere.get("/staff/").status_code == 302
    assert entries_about(client.person)[-1] == (client.name, "change password")


@pytest.mark.parametrize("path", ["signup/", "password/reset/", "email/", "sso/"])
def test_nobody_makes_an_account_or_a_password_by_themselves(people, path):
    assert people.visitor().get(f"/staff/account/{path}").status_code == 404


def test_after_signing_in_one_is_where_one_wanted_to_be_but_never_elsewhere(people):
    person = people.make("viewer")
    for wanted, got in (
        ("/staff/conversations/", "/staff/conversations/"),
        ("https://elsewhere.example/", "/staff/"),
        ("//elsewhere.example/", "/staff/"),
    ):
        visitor = people.visitor()
        fields = {"login": person.email, "password": PASSWORD, "next": wanted}
        answer = visitor.post("/staff/account/login/", fields)
        assert answer.headers["Location"] == got


def test_many_places_at_once_are_slowed_down_too(people, change):
    person = people.make("viewer")
    limits = {"login_failed": "6/15m/key"}
    change(ACCOUNT_RATE_LIMITS=limits, AXES_ENABLED=False)
    visitor = people.visitor()
    fail(visitor, person.email, 6)
    answer = visitor.sign_in(person.email)
    assert answer.status_code == 200
    assert "Too many failed login attempts" in answer.text
    assert Person.objects.get(pk=person.pk).is_active
