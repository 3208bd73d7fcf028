"""Single sign-on with OpenID Connect, against a small provider of our own."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from allauth.socialaccount.models import SocialAccount, SocialToken

from frontdesk.audit.models import Entry
from frontdesk.staff.models import Person

START = "/staff/account/sso/sso/login/"


class Provider:
    """Says of everybody what the test tells it to."""

    def __init__(self):
        self.claims = {}
        self.asked = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, path):
        if path.endswith("/openid-configuration"):
            return {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "userinfo_endpoint": f"{self.url}/userinfo",
                "jwks_uri": f"{self.url}/keys",
            }
        if path == "/token":
            now = int(time.time())
            token = {"iss": self.url, "aud": "us", "exp": now + 60, "iat": now}
            signed = jwt.encode(token | self.claims, "k" * 32, algorithm="HS256")
            return {"access_token": "a", "token_type": "Bearer", "id_token": signed}
        return self.claims

    def _handler(provider):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                content = json.dumps(provider.answer(self.path)).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def do_POST(self):
                length = int(self.headers["Content-Length"])
                provider.asked.append(parse_qs(self.rfile.read(length).decode()))
                self.do_GET()

            def log_message(self, *arguments):
                pass

        return Handler


@pytest.fixture
def provider(change):
    provider = Provider()
    app = {
        "provider_id": "sso",
        "name": "Clinic login",
        "client_id": "us",
        "secret": "s",
        "settings": {"server_url": provider.url},
    }
    change(
        SOCIALACCOUNT_PROVIDERS={
            "openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}
        }
    )
    yield provider
    provider.server.shutdown()


def sign_on(visitor, provider, start=START, **claims):
    """There and back again, as a browser is led."""
    provider.claims = {"sub": "u-1", **claims}
    there = urlsplit(visitor.get(start).headers["Location"])
    asked = parse_qs(there.query)
    assert f"{there.scheme}://{there.netloc}" == provider.url
    assert asked["code_challenge_method"] == ["S256"]
    back = urlsplit(asked["redirect_uri"][0]).path
    return visitor.get(back, params={"code": "c", "state": asked["state"][0]})


def test_who_has_an_account_signs_in_by_a_verified_e_mail(people, provider):
    person = people.make("responder")
    visitor = people.visitor()
    assert "Sign in with Clinic login" in visitor.page("/staff/account/login/")
    answer = sign_on(visitor, provider, email=person.email.upper(), email_verified=True)
    assert answer.headers["Location"] == "/staff/"
    assert visitor.get("/staff/").status_code == 200
    assert "code_verifier" in provider.asked[0]
    entry = Entry.objects.get(action="sign in", person=person)
    assert entry.detail == {"by": ["socialaccount"]}
    assert not SocialAccount.objects.exists() and not SocialToken.objects.exists()


@pytest.mark.parametrize("verified", [False, None, "false"])
def test_an_e_mail_that_is_not_verified_opens_nothing(people, provider, verified):
    person = people.make("responder")
    visitor = people.visitor()
    answer = sign_on(visitor, provider, email=person.email, email_verified=verified)
    assert "You have no account here" in answer.text
    assert visitor.get("/staff/").status_code == 302


def test_nobody_gets_an_account_by_it(people, provider):
    before = Person.objects.count()
    visitor = people.visitor()
    answer = sign_on(visitor, provider, email="new@else.example", email_verified=True)
    assert "You have no account here" in answer.text
    assert Person.objects.count() == before


def test_whose_access_has_ended_stays_out(people, provider):
    person = people.make("responder", is_active=False)
    visitor = people.visitor()
    sign_on(visitor, provider, email=person.email, email_verified=True)
    assert visitor.get("/staff/").status_code == 302


def test_nothing_is_connected_to_an_account(people, provider):
    client = people.new("viewer")
    answer = sign_on(
        client,
        provider,
        f"{START}?process=connect",
        email="mine@else.example",
        email_verified=True,
    )
    assert answer.status_code == 302
    assert not SocialAccount.objects.exists()


def test_the_pause_after_failures_holds_here_too(people, provider):
    person = people.make("responder")
    visitor = people.visitor()
    for _ in range(5):
        visitor.sign_in(person.email, "wrong")
    answer = sign_on(visitor, provider, email=person.email, email_verified=True)
    assert answer.status_code == 429
    assert visitor.get("/staff/").status_code == 302


def test_without_a_provider_there_is_no_such_way(people):
    visitor = people.visitor()
    assert "/sso/" not in visitor.page("/staff/account/login/")
    assert visitor.get(START).status_code == 404


def test_an_answer_nobody_asked_for_is_explained(people, provider):
    answer = people.visitor().get(f"{START}callback/", params={"code": "c"})
    assert "The sign-on did not work" in answer.text
