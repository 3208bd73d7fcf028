"""Encryption with several keys, and the command that changes them."""

from io import StringIO

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command

from frontdesk.chat import crypto
from frontdesk.chat.models import Contact, Conversation, Original

OLD, NEW, OTHER = (Fernet.generate_key().decode() for _ in range(3))
SECRET = "call Jane Doe on 303-555-0182 · ¡gracias!"


@pytest.fixture(autouse=True)
def old_key(change):
    change(ENCRYPTION_KEYS=[OLD])


@pytest.fixture
def nothing_else(gateway):
    """What other tests have left, and leave, was encrypted with keys of theirs."""
    _forget_all()
    yield
    _forget_all()


def _forget_all():
    Original.objects.all().delete()
    Contact.objects.all().delete()


def test_what_was_encrypted_comes_back_and_is_not_in_clear():
    ciphertext = crypto.encrypt(SECRET)

    assert crypto.decrypt(ciphertext) == SECRET
    assert crypto.decrypt(memoryview(ciphertext)) == SECRET
    assert b"Jane" not in ciphertext
    assert crypto.encrypt(SECRET) != ciphertext


def test_the_first_key_encrypts_and_all_decrypt(change):
    old = crypto.encrypt(SECRET)
    change(ENCRYPTION_KEYS=[NEW, OLD])
    new = crypto.encrypt(SECRET)

    assert crypto.decrypt(old) == crypto.decrypt(new) == SECRET
    assert (crypto.is_current(old), crypto.is_current(new)) == (False, True)
    change(ENCRYPTION_KEYS=[NEW])
    assert crypto.decrypt(new) == SECRET
    with pytest.raises(crypto.NotReadableError, match="rotate_keys"):
        crypto.decrypt(old)


def test_what_was_changed_is_not_readable():
    ciphertext = bytearray(crypto.encrypt(SECRET))
    ciphertext[40] ^= 1

    with pytest.raises(crypto.NotReadableError):
        crypto.decrypt(bytes(ciphertext))


@pytest.mark.parametrize("keys", [[], ["short"], [OLD, "no key"]])
def test_a_wrong_key_is_named_and_not_repeated(change, keys):
    change(ENCRYPTION_KEYS=keys)

    with pytest.raises(
        ImproperlyConfigured, match="FRONTDESK_ENCRYPTION_KEYS"
    ) as error:
        crypto.encrypt(SECRET)

    assert OLD not in str(error.value)


def rotate(*arguments):
    out = StringIO()
    call_command("rotate_keys", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_prints_a_new_key():
    key = rotate("--new").strip()

    assert len(Fernet(key).encrypt(b"x")) > 0
    assert key != rotate("--new").strip()


def test_keys_are_changed_without_losing_anything(patient, change, nothing_else):
    patient.say("my name is Jane Doe, call 303-555-0182")
    conversation = Conversation.objects.get(pk=patient.id)
    for number in range(450):
        ciphertext = crypto.encrypt(f"{SECRET} {number}")
        Contact.objects.create(conversation=conversation, ciphertext=ciphertext)

    change(ENCRYPTION_KEYS=[NEW, OLD])
    said = rotate()
    change(ENCRYPTION_KEYS=[NEW])

    assert "Contact: 450 encrypted again" in said
    assert "Original: 1 encrypted again" in said
    assert "others may be removed" in said
    contacts = conversation.contacts.order_by("pk").values_list("ciphertext", flat=True)
    assert [crypto.decrypt(each) for each in contacts] == [
        f"{SECRET} {number}" for number in range(450)
    ]
    original = Original.objects.get(message__conversation=conversation)
    assert "Jane Doe" in crypto.decrypt(original.ciphertext)
    assert "Contact: 0 encrypted again" in rotate()


def test_what_no_key_opens_is_left_and_said(patient, change, nothing_else):
    conversation = Conversation.objects.get(pk=patient.id)
    readable = Contact.objects.create(
        conversation=conversation, ciphertext=crypto.encrypt(SECRET)
    )
    change(ENCRYPTION_KEYS=[OTHER])
    foreign = Contact.objects.create(
        conversation=conversation, ciphertext=crypto.encrypt(SECRET)
    )
    change(ENCRYPTION_KEYS=[NEW, OLD])

    with pytest.raises(CommandError, match="1 can't be opened"):
        rotate()

    before = bytes(foreign.ciphertext)
    readable.refresh_from_db()
    foreign.refresh_from_db()
    assert crypto.is_current(readable.ciphertext)
    assert bytes(foreign.ciphertext) == before


def test_the_command_explains_itself(capsys):
    with pytest.raises(SystemExit):
        call_command("rotate_keys", "--help")

    assert "1. print a new key:" in capsys.readouterr().out
