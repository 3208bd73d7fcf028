"""What the settings are outside of the example clinic, in processes of their own."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from cryptography.fernet import Fernet

from tests.frontdesk.gateway_for_tests import free_port, wait_until
from tests.frontdesk.redis_server import HOW, find_redis

ROOT = Path(__file__).resolve().parents[2]
PRINT = """
import django
django.setup()
from django.conf import settings
for name in sys.argv[1:]:
    print(name, getattr(settings, name))
"""


@pytest.fixture
def run(tmp_path):
    clinic = yaml.safe_load((ROOT / "clinic.yml").read_text(encoding="utf-8"))
    clinic["example"] = False
    file = tmp_path / "clinic.yml"
    file.write_text(yaml.safe_dump(clinic), encoding="utf-8")

    def run(*arguments, **variables):
        environment = {
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "frontdesk.settings",
            "CLINIC_HOME": str(tmp_path),
            "CLINIC_FILE": str(file),
            "FRONTDESK_SECRET_KEY": "k3y-" + "7Hq2xZ9w" * 8,
            "FRONTDESK_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
            "RASA_AUTH_TOKEN": "a-token-for-tests-alone",
            **variables,
        }
        command = [sys.executable, "-W", "ignore", *arguments]
        return subprocess.run(
            command, env=environment, cwd=ROOT, capture_output=True, text=True
        )

    return run


def test_djangos_deployment_check_is_clean_outside_of_demos(run):
    arguments = ["check", "--deploy", "--fail-level", "WARNING"]
    done = run("-m", "frontdesk", *arguments, TRUSTED_PROXIES="1")
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


def test_outside_of_demos_cookies_are_secure_and_a_second_factor_is_required(run):
    names = [
        "SECOND_FACTOR_REQUIRED",
        "SESSION_COOKIE_SECURE",
        "CSRF_COOKIE_SECURE",
        "SECURE_SSL_REDIRECT",
        "MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN",
        "SECURE_HSTS_SECONDS",
        "SOCIALACCOUNT_PROVIDERS",
        "EMAIL_BACKEND",
        "PUBLIC_URL",
    ]
    done = run("-c", f"import sys{PRINT}", *names, PORT="8123")
    said = dict(line.split(" ", 1) for line in done.stdout.splitlines())
    assert [said.pop(name) for name in names[:4]] == ["True"] * 4, done.stderr
    assert said.pop("MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN") == "False"
    assert int(said.pop("SECURE_HSTS_SECONDS")) >= 31_536_000
    assert "'APPS': []" in said.pop("SOCIALACCOUNT_PROVIDERS")
    assert said.pop("EMAIL_BACKEND").endswith("dummy.EmailBackend")
    assert said.pop("PUBLIC_URL") == "http://localhost:8123"


def test_an_issuer_alone_stops_the_start(run):
    done = run("-m", "frontdesk", "check", OIDC_ISSUER="https://login.example")
    assert done.returncode != 0
    assert "set OIDC_CLIENT_ID and OIDC_CLIENT_SECRET too" in done.stderr


@pytest.fixture
def redis_server(tmp_path):
    program = find_redis()
    if program is None:
        pytest.skip(HOW)
    port = free_port()
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )

    def answers():
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    wait_until(answers)
    process.url = f"redis://127.0.0.1:{port}/0"
    yield process
    process.kill()
    process.wait(10)


def test_used_codes_are_remembered_in_redis_and_while_it_is_down(redis_server):
    from frontdesk.staff.redis_cache import Cache

    here, there = (Cache(redis_server.url, {"KEY_PREFIX": "staff"}) for _ in range(2))
    assert here.add("code-1", "y", timeout=30)
    assert not there.add("code-1", "y", timeout=30)
    there.set("times", [1.5], 60)
    assert here.get("times", []) == [1.5]
    assert here.delete("times") and here.get("times") is None
    redis_server.kill()
    redis_server.wait(10)
    assert here.add("code-2", "y", timeout=30)
    assert not here.add("code-2", "y", timeout=30)
    assert here.get("code-3", "none") == "none"
