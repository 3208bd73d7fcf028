from __future__ import annotations

import base64
import os
import re
import stat
from pathlib import Path

import pytest

from deploy import settings as settings_module
from deploy.settings import (
    FRONT_DESK_VARIABLES,
    ROOT,
    VARIABLES,
    SettingsError,
    load_settings,
)

NO_FILE = Path("/nonexistent/.env")


def load(tmp_path, **values):
    environ = {"CLINIC_HOME": str(tmp_path / "home"), **values}
    return load_settings(environ, env_file=tmp_path / ".env")


TOKEN = "x" * 20
KEY = base64.urlsafe_b64encode(b"k" * 32).decode()
ALL_SECRETS = {
    "RASA_AUTH_TOKEN": TOKEN,
    "FRONTDESK_SECRET_KEY": "s" * 40,
    "FRONTDESK_ENCRYPTION_KEYS": KEY,
}


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_defaults_are_those_of_the_contract(tmp_path):
    settings = load(tmp_path)
    assert (settings.port, settings.rasa_port, settings.actions_port) == (
        8000,
        5005,
        5055,
    )
    assert settings.clinic_file == ROOT / "clinic.yml"
    assert settings.rasa_url == "http://127.0.0.1:5005"


def test_the_home_folder_is_var_unless_said_otherwise(monkeypatch, tmp_path):
    monkeypatch.setattr(settings_module, "ROOT", tmp_path)
    assert load_settings({}, env_file=NO_FILE).home == tmp_path / "var"


def test_secrets_are_made_once_and_only_their_owner_can_read_them(tmp_path):
    old = os.umask(0)
    try:
        first = load(tmp_path)
    finally:
        os.umask(old)
    folder = first.home / "secrets"
    assert mode(folder) == 0o700
    assert {path.name: mode(path) for path in folder.iterdir()} == {
        name.lower(): 0o600 for name in ALL_SECRETS
    }
    assert len(first.auth_token) >= 32
    assert len(first.secret_key) >= 32
    assert len(base64.urlsafe_b64decode(first.encryption_keys)) == 32
    assert load(tmp_path) == first


def test_secrets_of_the_environment_win_and_are_not_written(tmp_path):
    settings = load(tmp_path, **ALL_SECRETS)
    assert settings.auth_token == TOKEN
    assert settings.secret_key == "s" * 40
    assert settings.encryption_keys == KEY
    assert not (settings.home / "secrets").exists()


def test_several_encryption_keys_are_kept_in_their_order(tmp_path):
    other = base64.urlsafe_b64encode(b"o" * 32).decode()
    values = ALL_SECRETS | {"FRONTDESK_ENCRYPTION_KEYS": f" {other} , {KEY} "}
    assert load(tmp_path, **values).encryption_keys == f"{other},{KEY}"


def test_no_secret_is_shown_with_the_settings(tmp_path):
    url = "postgres://user:pass-word@host/name"
    settings = load(tmp_path, DATABASE_URL=url, REDIS_URL="redis://:pass-word@host")
    shown = repr(settings)
    for secret in (settings.auth_token, settings.secret_key, settings.encryption_keys):
        assert secret not in shown
    assert "pass-word" not in shown


def test_the_token_goes_only_to_processes_that_need_it(tmp_path, monkeypatch):
    monkeypatch.setenv("RASA_AUTH_TOKEN", "from-the-environment")
    settings = load(tmp_path, RASA_AUTH_TOKEN="from-the-environment")
    assert "RASA_AUTH_TOKEN" not in settings.child_environment(with_token=False)
    environment = settings.child_environment(with_token=True)
    assert environment["RASA_AUTH_TOKEN"] == "from-the-environment"
    assert environment["ACTIONS_PORT"] == "5055"


def test_only_the_front_desk_knows_its_secrets(tmp_path, monkeypatch):
    values = {
        "DATABASE_URL": "postgres://user:word@host/name",
        "REDIS_URL": "redis://host",
        "TRUSTED_PROXIES": "2",
        "OIDC_CLIENT_SECRET": "of-the-provider",
        "EMAIL_HOST_PASSWORD": "of-the-mail",
        **ALL_SECRETS,
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    settings = load(tmp_path, **values)
    for with_token in (False, True):
        others = settings.child_environment(with_token=with_token)
        assert not set(FRONT_DESK_VARIABLES) & set(others)
    own = settings.front_desk_environment()
    assert {name: own[name] for name in values} == values
    assert own["DJANGO_SETTINGS_MODULE"] == "frontdesk.settings"


def test_only_the_front_desk_knows_where_alerts_go(tmp_path, monkeypatch):
    (tmp_path / ".env").write_text("ALERT_CHANNEL_SMS=json://file\nALERT_CHANNEL_X=\n")
    monkeypatch.setenv("ALERT_CHANNEL_PAGER", "json://user:pass-word@host")
    settings = load(tmp_path, ALERT_CHANNEL_PAGER="json://user:pass-word@host")

    assert not any("ALERT" in n for n in settings.child_environment(with_token=True))
    own = settings.front_desk_environment()
    assert {name: own[name] for name in own if "ALERT" in name} == {
        "ALERT_CHANNEL_SMS": "json://file",
        "ALERT_CHANNEL_PAGER": "json://user:pass-word@host",
    }
    assert "pass-word" not in repr(settings)


def test_an_empty_variable_means_what_is_built_in(tmp_path):
    settings = load(tmp_path, DATABASE_URL="", REDIS_URL="", TRUSTED_PROXIES="")
    assert (settings.database_url, settings.redis_url) == (None, None)
    assert settings.trusted_proxies == 0
    assert settings.front_desk_environment()["DATABASE_URL"] == ""


# fmt: off
WRONG_SETTINGS = [
    ({"RASA_PORT": "zero"},                       "RASA_PORT: 'zero'"),
    ({"RASA_PORT": "0"},                          "write 1 to 65535"),
    ({"ACTIONS_PORT": "70000"},                   "ACTIONS_PORT"),
    ({"PORT": "-1"},                              "PORT: '-1'"),
    ({"RASA_PORT": "5055"},                       "a port of its own"),
    ({"RASA_AUTH_TOKEN": "short"},                "at least 16"),
    ({"CLINIC_HOME": "/proc/nowhere"},            "Set CLINIC_HOME"),
    ({"FRONTDESK_SECRET_KEY": "short"},           "at least 32"),
    ({"FRONTDESK_ENCRYPTION_KEYS": "short"},      "key 1 of 1 is none"),
    ({"FRONTDESK_ENCRYPTION_KEYS": f"{KEY},ö"},   "key 2 of 2 is none"),
    ({"FRONTDESK_ENCRYPTION_KEYS": f"{KEY},"},    "key 2 of 2 is none"),
    ({"FRONTDESK_ENCRYPTION_KEYS": ","},          "key 1 of 2 is none"),
    ({"DATABASE_URL": "mysql://host/name"},       "postgres:// or postgresql://"),
    ({"REDIS_URL": "host:6379"},                  "REDIS_URL: must begin with redis://"),
    ({"TRUSTED_PROXIES": "one"},                  "TRUSTED_PROXIES: 'one'"),
    ({"TRUSTED_PROXIES": "-1"},                   "TRUSTED_PROXIES: '-1'"),
    ({"TRUSTED_PROXIES": "11"},                   "0 to 10"),
]
# fmt: on


@pytest.mark.parametrize(("values", "words"), WRONG_SETTINGS)
def test_a_wrong_setting_is_named(tmp_path, values, words):
    with pytest.raises(SettingsError, match=re.escape(words)):
        load(tmp_path, **values)


def test_a_wrong_address_is_not_repeated(tmp_path):
    with pytest.raises(SettingsError) as error:
        load(tmp_path, DATABASE_URL="mysql://user:pass-word@host/name")
    assert "pass-word" not in str(error.value)


def test_an_env_file_is_read_and_the_environment_wins(tmp_path):
    (tmp_path / ".env").write_text(
        '# a comment\n\nexport RASA_PORT=6005\nPORT = "8001"\nACTIONS_PORT=6055\n'
        "RASA_AUTH_TOKEN=\n"
    )
    settings = load(tmp_path, ACTIONS_PORT="7055")
    assert (settings.port, settings.rasa_port, settings.actions_port) == (
        8001,
        6005,
        7055,
    )
    assert settings.auth_token


def test_a_bad_env_file_names_the_line(tmp_path):
    (tmp_path / ".env").write_text("PORT=8000\nnonsense\n")
    with pytest.raises(SettingsError, match="line 2"):
        load(tmp_path)


def test_the_example_names_every_variable():
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    named = set(re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE))
    assert named == set(VARIABLES)
