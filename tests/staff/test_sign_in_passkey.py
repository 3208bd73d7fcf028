"""Passkeys whose answer is none: refused with words, recorded, never a failure."""

import json

import pytest

from frontdesk.audit.models import Entry

SECOND_FACTOR = "/staff/account/2fa/"
AGAIN = f"{SECOND_FACTOR}webauthn/reauthenticate/"
ADD = f"{SECOND_FACTOR}webauthn/add/"
REFUSED = "This passkey was not accepted"
# What no browser would send.
MALFORMED = [
    {"id": "x"},
    {"id": "x", "rawId": "x", "type": "public-key", "response": {}},
    ["x"],
    "x",
    7,
]


def give_passkey(person):
    """A passkey whose key nobody has."""
    from allauth.mfa.models import Authenticator
    from cryptography.hazmat.primitives.asymmetric import ec
    from fido2.cose import ES256
    from fido2.utils import websafe_encode
    from fido2.webauthn import (
        AttestationObject,
        AttestedCredentialData,
        AuthenticatorData,
        CollectedClientData,
    )

    name = person.email.encode()[:16].ljust(16)
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    data = AuthenticatorData.create(
        rp_id_hash=bytes(32),
        flags=AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.AT,
        counter=0,
        credential_data=AttestedCredentialData.create(
            bytes(16), name, ES256.from_cryptography_key(public)
        ),
    )
    client = CollectedClientData.create("webauthn.create", b"asked", "http://localhost")
    credential = {
        "id": websafe_encode(name),
        "rawId": websafe_encode(name),
        "type": "public-key",
        "response": {
            "clientDataJSON": websafe_encode(client),
            "attestationObject": websafe_encode(
                AttestationObject.create("none", data, {})
            ),
        },
    }
    kept = {"name": "Passkey 1", "passwordless": True, "credential": credential}
    return Authenticator.objects.create(user=person, type="webauthn", data=kept)


def failures(subject):
    entries = Entry.objects.filter(subject=subject, action="sign-in failed")
    return entries.filter(detail={"by": "passkey"}).count()


@pytest.mark.parametrize("answer", MALFORMED, ids=str)
def test_signing_in(people, answer):
    path = f"{SECOND_FACTOR}webauthn/login/"
    visitor = people.visitor()
    asked = visitor.get(path, headers={"Accept": "application/json"})
    assert "challenge" in asked.json()["request_options"]["publicKey"]
    before = failures("unknown passkey")

    refused = visitor.post(path, {"credential": json.dumps(answer)})

    assert refused.headers["Location"] == "/staff/account/login/"
    assert REFUSED in visitor.page("/staff/account/login/")
    assert failures("unknown passkey") == before + 1


@pytest.mark.parametrize("answer", MALFORMED, ids=str)
def test_showing_that_it_is_still_oneself(people, answer):
    client = people.new("viewer")
    give_passkey(client.person)
    assert "Use a passkey" in client.page(f"{AGAIN}?next=/staff/account/name/")
    form = {"credential": json.dumps(answer), "next": "/staff/account/name/"}

    refused = client.post(AGAIN, form)

    assert refused.headers["Location"] == f"{AGAIN}?next=%2Fstaff%2Faccount%2Fname%2F"
    page = client.page(refused.headers["Location"])
    assert REFUSED in page and "Is it you?" in page
    assert failures(f"person {client.person.pk}") == 1


@pytest.mark.parametrize("answer", MALFORMED, ids=str)
def test_adding_one(people, answer):
    client = people.new("viewer")
    client.confirm()
    assert "Add a passkey" in client.page(ADD)

    refused = client.post(ADD, {"name": "Mine", "credential": json.dumps(answer)})

    assert refused.status_code == 200
    assert REFUSED in refused.text
