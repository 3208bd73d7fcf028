"""Accounts, invitations and roles, as an administrator's browser has them."""

import html
import re
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from frontdesk.audit import ledger
from frontdesk.audit.models import Entry
from frontdesk.staff import accounts
from frontdesk.staff.models import Invitation, Person
from frontdesk.staff.permissions import Role
from tests.staff.staff_client import PASSWORD

PEOPLE = "/staff/people/"
STRONG = "purple kettle over 9 rivers"


@pytest.fixture
def boss(people):
    return people.new("administrator")


def done_by(member):
    """What the ledger says that somebody did: (action, subject), oldest first."""
    entries = Entry.objects.filter(person=member.person).order_by("number")
    return list(entries.values_list("action", "subject"))


def link_in(answer):
    assert answer.status_code == 200, answer.text
    found = re.search(r'id="link" readonly value="([^"]+)"', answer.text)
    return html.unescape(found[1])


def invite(boss, email, role="responder"):
    return link_in(boss.post(f"{PEOPLE}invite/", {"email": email, "role": role}))


def accept(visitor, link, **fields):
    values = {
        "name": "Robin New",
        "email": "x@y.example",
        "password": STRONG,
        "again": STRONG,
    }
    return visitor.post(link, values | fields)


def test_an_invitation_makes_an_account_of_its_role_and_signs_in(people, boss):
    link = invite(boss, "Robin@Clinic.example")
    visitor = people.visitor()
    page = visitor.page(link)
    assert f"{boss.name} invites you" in page and "as responder" in page

    answer = accept(visitor, link, email="other@clinic.example")

    assert answer.headers["Location"] == "/staff/"
    robin = Person.objects.get(email="robin@clinic.example")
    assert (robin.name, robin.role) == ("Robin New", "responder")
    page = visitor.page("/staff/")
    assert "Welcome, Robin New" in page
    assert "asks nobody for a second factor" in page
    account = visitor.page("/staff/account/name/")
    assert "You have <b>no second factor</b>" in account
    assert '<a class="button" href="/staff/account/2fa/">Set up a second' in account
    assert visitor.sign_out().status_code == 302
    assert visitor.sign_in("ROBIN@clinic.example", STRONG).headers["Location"] == (
        "/staff/"
    )
    invitation = Invitation.objects.get(email="robin@clinic.example")
    assert ("invite", f"invitation {invitation.pk}") in done_by(boss)
    accepted = Entry.objects.get(action="accept", subject=f"invitation {invitation.pk}")
    assert accepted.detail == {"person": robin.pk}


def test_a_link_is_shown_once_and_only_its_hash_is_kept(boss):
    link = invite(boss, "once@clinic.example")
    token = link.rstrip("/").rsplit("/", 1)[-1]
    assert token not in boss.page(PEOPLE)
    invitation = Invitation.objects.get(email="once@clinic.example")
    assert token not in str(vars(invitation))
    assert "once@clinic.example" in boss.page(PEOPLE)


def test_a_link_works_once(people, boss):
    link = invite(boss, "twice@clinic.example")
    assert accept(people.visitor(), link).status_code == 302
    again = accept(people.visitor(), link, email="thrice@clinic.example")
    assert again.status_code == 404
    assert "This link opens nothing" in again.text


def test_a_link_is_too_old_after_three_days(people, boss):
    link = invite(boss, "late@clinic.example")
    invitations = Invitation.objects.filter(email="late@clinic.example")
    made = invitations.get()
    assert timedelta(days=2.99) < made.expires_at - timezone.now() <= timedelta(days=3)
    invitations.update(expires_at=timezone.now())
    assert people.visitor().get(link).status_code == 404
    assert accept(people.visitor(), link).status_code == 404


def test_a_withdrawn_link_opens_nothing(people, boss):
    link = invite(boss, "gone@clinic.example")
    invitation = Invitation.objects.get(email="gone@clinic.example")
    path = f"{PEOPLE}invitations/{invitation.pk}/withdraw/"
    assert "is withdrawn" in boss.post(path, follow_redirects=True).text
    assert accept(people.visitor(), link).status_code == 404
    assert ("withdraw", f"invitation {invitation.pk}") in done_by(boss)
    assert boss.post(path).status_code == 404


def test_a_second_invitation_of_the_same_e_mail_replaces_the_first(people, boss):
    first = invite(boss, "again@clinic.example", "viewer")
    second = invite(boss, "again@clinic.example", "trainer")
    assert people.visitor().get(first).status_code == 404
    assert "as trainer" in people.visitor().page(second)


def test_who_has_an_account_is_not_invited(people, boss):
    email = people.viewer.person.email
    answer = boss.post(f"{PEOPLE}invite/", {"email": email, "role": "viewer"})
    assert answer.status_code == 422
    assert "has an account with this e-mail already" in answer.text


@pytest.mark.parametrize("fields", [{"email": "no"}, {"role": "queen"}, {"email": ""}])
def test_a_wrong_invitation_is_explained(boss, fields):
    answer = boss.post(
        f"{PEOPLE}invite/", {"email": "ok@clinic.example", "role": "viewer"} | fields
    )
    assert answer.status_code == 422
    assert "errorlist" in answer.text


@pytest.mark.parametrize(
    "password, again, words",
    [
        ("short 1 x", None, "at least 12 characters"),
        ("password1234", None, "too common"),
        ("982734982734", None, "entirely numeric"),
        ("robin.rules@clinic.example", None, "too similar"),
        (STRONG, STRONG + "x", "not the same"),
        ("", "", "This field is required"),
    ],
)
def test_password_rules(people, boss, password, again, words):
    link = invite(boss, "robin.rules@clinic.example")
    visitor = people.visitor()
    again = password if again is None else again
    answer = accept(visitor, link, password=password, again=again)
    assert answer.status_code == 200
    assert words in html.unescape(answer.text)
    assert not Person.objects.filter(email="robin.rules@clinic.example").exists()
    assert 'type="password" value' not in answer.text


def test_an_invitation_goes_out_by_mail_where_a_server_is_named(boss, change):
    from django.core import mail

    change(EMAIL_HOST="mail.clinic.example", PUBLIC_URL="https://chat.clinic.example")
    change(EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend")
    mail.outbox = []
    answer = boss.post(
        f"{PEOPLE}invite/", {"email": "post@clinic.example", "role": "viewer"}
    )
    assert "by mail" in answer.text
    (sent,) = mail.outbox
    assert sent.to == ["post@clinic.example"]
    path = link_in(answer).removeprefix(boss.url)
    assert f"https://chat.clinic.example{path}" in sent.body


def test_another_role_counts_at_once_and_ends_the_sessions(people, boss):
    viewer = people.new("viewer")
    path = f"{PEOPLE}{viewer.person.pk}/role/"
    assert (
        "has another role"
        in boss.post(path, {"role": "administrator"}, follow_redirects=True).text
    )
    assert viewer.get("/staff/").headers["Location"].startswith("/staff/account/login")
    viewer.sign_in(viewer.person.email)
    assert viewer.get(PEOPLE).status_code == 200
    entry = Entry.objects.filter(action="change role", person=boss.person).get()
    assert entry.detail == {"before": "viewer", "after": "administrator"}


def test_another_e_mail_signs_in_and_the_old_one_does_not(people, boss):
    viewer = people.new("viewer")
    old, new = viewer.person.email, f"new.{viewer.person.email}"
    link = link_in(boss.post(f"{PEOPLE}{viewer.person.pk}/link/"))
    path = f"{PEOPLE}{viewer.person.pk}/email/"

    answer = boss.post(path, {"email": new.upper()}, follow_redirects=True)

    assert "signs in with the new e-mail" in answer.text and new in answer.text
    assert viewer.get("/staff/").headers["Location"].startswith("/staff/account/login")
    assert people.visitor().sign_in(old).status_code == 200
    assert people.visitor().sign_in(new).headers["Location"] == "/staff/"
    assert people.visitor().get(link).status_code == 404
    entry = Entry.objects.filter(action="change e-mail", person=boss.person).get()
    assert (entry.subject, entry.detail) == (f"person {viewer.person.pk}", {})


def test_an_e_mail_that_is_somebodys_or_none_is_refused(people, boss):
    viewer = people.make("viewer")
    path = f"{PEOPLE}{viewer.pk}/email/"
    for email, words in (
        (boss.person.email, "has an account with this e-mail"),
        ("not an address", "that is no e-mail address"),
    ):
        answer = boss.post(path, {"email": email}, follow_redirects=True)
        assert words in answer.text
        assert Person.objects.get(pk=viewer.pk).email == viewer.email


def test_the_end_of_access_ends_everything_at_once_and_can_be_taken_back(people, boss):
    responder = people.new("responder")
    elsewhere = people.visitor()
    elsewhere.sign_in(responder.person.email)
    link = link_in(boss.post(f"{PEOPLE}{responder.person.pk}/link/"))

    boss.post(f"{PEOPLE}{responder.person.pk}/end/")

    for client in (responder, elsewhere):
        assert client.get("/staff/").status_code == 302
    refused = people.visitor().sign_in(responder.person.email)
    assert refused.headers["Location"] == "/staff/account/inactive/"
    assert people.visitor().get(link).status_code == 404
    boss.post(f"{PEOPLE}{responder.person.pk}/back/")
    assert people.visitor().sign_in(responder.person.email).headers["Location"] == (
        "/staff/"
    )
    actions = [action for action, _ in done_by(boss)]
    assert actions[-3:] == ["withdraw", "end access", "give access back"] or (
        set(actions[-4:]) >= {"end access", "give access back"}
    )


@pytest.mark.parametrize("deed", ["end", "role"])
def test_links_of_somebody_who_loses_their_rights_open_nothing(people, boss, deed):
    leaving = people.new("administrator")
    link = invite(leaving, f"kept.{deed}@clinic.example", "administrator")
    boss.post(f"{PEOPLE}{leaving.person.pk}/{deed}/", {"role": "viewer"})
    assert accept(people.visitor(), link).status_code == 404


def test_a_new_link_gets_somebody_back_in_with_nothing_of_before(people, boss):
    from allauth.mfa.models import Authenticator

    lost = people.new("clinician")
    Authenticator.objects.create(user=lost.person, type="totp", data={})
    link = link_in(boss.post(f"{PEOPLE}{lost.person.pk}/link/"))
    assert lost.get("/staff/").status_code == 200  # until the link is used

    visitor = people.visitor()
    assert "Get back into your account" in visitor.page(link)
    assert accept(visitor, link, name="Somebody Else").status_code == 302

    assert lost.get("/staff/").status_code == 302
    same = Person.objects.get(pk=lost.person.pk)
    assert (same.name, same.role) == (lost.person.name, "clinician")
    assert same.check_password(STRONG) and not same.check_password(PASSWORD)
    assert not Authenticator.objects.filter(user=same).exists()


@pytest.mark.parametrize("deed", ["role", "email", "end", "link"])
def test_nobody_does_it_to_their_own_account(boss, deed):
    path = f"{PEOPLE}{boss.person.pk}/{deed}/"
    fields = {"role": "viewer", "email": "another@clinic.example"}
    answer = boss.post(path, fields, follow_redirects=True)
    assert "Nobody does this to their own account" in answer.text
    assert Person.objects.get(pk=boss.person.pk).role == "administrator"
    assert boss.get(PEOPLE).status_code == 200


@pytest.mark.parametrize("deed", ["change_role", "end_access"])
def test_the_last_administrator_stays(people, deed):
    """Nobody can do it through the pages; two at once might have."""
    others = Person.objects.filter(role=Role.ADMINISTRATOR, is_active=True)
    kept = list(others.values_list("pk", flat=True))
    try:
        last = people.make("administrator")
        Person.objects.filter(pk__in=kept).update(is_active=False)
        arguments = ["viewer"] if deed == "change_role" else []
        with pytest.raises(accounts.RefusedError, match="last administrator"):
            getattr(accounts, deed)(people.make("viewer"), last, *arguments)
        last.refresh_from_db()
        assert (last.role, last.is_active) == ("administrator", True)
    finally:
        Person.objects.filter(pk__in=kept).update(is_active=True)
        last.delete()


def test_a_role_that_is_none_is_refused(people, boss):
    path = f"{PEOPLE}{people.viewer.person.pk}/role/"
    answer = boss.post(path, {"role": "queen"}, follow_redirects=True)
    assert "There is no such role" in answer.text


def test_one_changes_ones_own_name(people):
    client = people.new("responder")
    answer = client.post("/staff/account/name/", {"name": " Dr. Ada "})
    assert answer.status_code == 302
    assert "<summary>Dr. Ada</summary>" in client.page("/staff/account/name/")
    assert done_by(client)[-1][0] == "change name"
    assert client.post("/staff/account/name/", {"name": " "}).status_code == 200


def test_the_command_line_makes_links_too(people, capsys, change):
    change(PUBLIC_URL=people.url)
    email = "by.command@clinic.example"
    call_command("invite", role="administrator", email=email)
    link = capsys.readouterr().out.strip()
    visitor = people.visitor()
    assert "You are invited" in visitor.page(link)
    accept(visitor, link)
    assert visitor.get(PEOPLE).status_code == 200
    call_command("invite", email=email)  # they have an account: to get back in
    link = capsys.readouterr().out.strip()
    assert "Get back into" in people.visitor().page(link)


def test_the_first_link_is_made_only_while_there_is_nobody(people, capsys, monkeypatch):
    assert people.viewer
    call_command("invite", first=True)
    assert capsys.readouterr().out == ""
    monkeypatch.setattr(Person.objects, "exists", lambda: False, raising=False)
    call_command("invite", first=True)
    first = capsys.readouterr().out.strip()
    call_command("invite", first=True)
    second = capsys.readouterr().out.strip()
    monkeypatch.undo()
    path = "/staff" + first.partition("/staff")[2]
    assert people.visitor().get(path).status_code == 404  # the second replaced it
    path = "/staff" + second.partition("/staff")[2]
    page = people.visitor().page(path)
    assert "as administrator" in page and 'name="email"' in page


def test_all_of_it_is_in_an_unbroken_ledger():
    assert ledger.verify() is None
