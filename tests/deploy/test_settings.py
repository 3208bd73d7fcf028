from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import pytest

from deploy import settings as settings_module
from deploy.settings import ROOT, VARIABLES, SettingsError, load_settings

NO_FILE = Path("/nonexistent/.env")


def load(tmp_path, **values):
    environ = {"CLINIC_HOME": str(tmp_path / "home"), **values}
    return load_settings(environ, env_file=tmp_path / ".env")


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


def test_a_token_is_made_once_and_only_its_owner_can_read_it(tmp_path):
    old = os.umask(0)
    try:
        first = load(tmp_path)
    finally:
        os.umask(old)
    file = first.home / "secrets" / "rasa_auth_token"
    assert len(first.auth_token) >= 32
    assert mode(file) == 0o600
    assert mode(file.parent) == 0o700
    assert [path.name for path in file.parent.iterdir()] == ["rasa_auth_token"]
    assert load(tmp_path).auth_token == first.auth_token


def test_a_token_of_the_environment_wins_and_is_not_written(tmp_path):
    token = "x" * 20
    settings = load(tmp_path, RASA_AUTH_TOKEN=token)
    assert settings.auth_token == token
    assert not (settings.home / "secrets").exists()


def test_the_token_goes_only_to_processes_that_need_it(tmp_path, monkeypatch):
    monkeypatch.setenv("RASA_AUTH_TOKEN", "from-the-environment")
    settings = load(tmp_path, RASA_AUTH_TOKEN="from-the-environment")
    assert "RASA_AUTH_TOKEN" not in settings.child_environment(with_token=False)
    environment = settings.child_environment(with_token=True)
    assert environment["RASA_AUTH_TOKEN"] == "from-the-environment"
    assert environment["ACTIONS_PORT"] == "5055"


# fmt: off
WRONG_SETTINGS = [
    ({"RASA_PORT": "zero"},                       "RASA_PORT: 'zero'"),
    ({"RASA_PORT": "0"},                          "write 1 to 65535"),
    ({"ACTIONS_PORT": "70000"},                   "ACTIONS_PORT"),
    ({"PORT": "-1"},                              "PORT: '-1'"),
    ({"RASA_PORT": "5055"},                       "a port of its own"),
    ({"RASA_AUTH_TOKEN": "short"},                "at least 16"),
    ({"CLINIC_HOME": "/proc/nowhere"},            "Set CLINIC_HOME"),
]
# fmt: on


@pytest.mark.parametrize(("values", "words"), WRONG_SETTINGS)
def test_a_wrong_setting_is_named(tmp_path, values, words):
    with pytest.raises(SettingsError, match=re.escape(words)):
        load(tmp_path, **values)


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
