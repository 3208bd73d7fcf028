"""The set-up script, with a uv and interpreters of the tests' own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.settings import ROOT

BASIC_TOOLS = ("sh", "dirname", "mkdir", "rm", "cat", "chmod")
ELSEWHERE = [
    Path(folder) / name
    for folder in ("/usr/local/bin", "/opt/homebrew/bin")
    for name in ("python3.13", "python3.12")
]
BROKEN_SHIM = "#!/bin/sh\necho 'pyenv: python3.13: command not found' >&2\nexit 127\n"
OLD_PYTHON = "#!/bin/sh\nexit 1\n"
UV = """#!/bin/sh
[ "$1" = "--version" ] && exit 0
echo "$@ downloads=$UV_PYTHON_DOWNLOADS" >> uv-calls
[ "$1 $2" = "python find" ] && exit 2
[ -n "$UV_FAILS" ] && { echo 'uv: no network' >&2; exit 2; }
mkdir -p .venv/bin
printf '#!/bin/sh\\nexit 0\\n' > .venv/bin/python
chmod +x .venv/bin/python
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "deploy").mkdir()
    shutil.copy(ROOT / "deploy" / "setup.sh", tmp_path / "deploy")
    (tmp_path / "bin").mkdir()
    for name in BASIC_TOOLS:
        (tmp_path / "bin" / name).symlink_to(shutil.which(name))
    return tmp_path


def program(file, text):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(0o755)


def working_python(project):
    file = project / "home" / ".pyenv" / "versions" / "3.13.0" / "bin" / "python"
    program(file, f'#!/bin/sh\nexec {os.path.realpath(sys.executable)} "$@"\n')


def set_up(project, **environment):
    return subprocess.run(
        ["sh", "deploy/setup.sh"],
        cwd=project,
        env={
            "PATH": str(project / "bin"),
            "HOME": str(project / "home"),
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=60,
    )


def uv_calls(project):
    return (project / "uv-calls").read_text()


def test_a_shim_that_does_not_work_is_passed_over(project):
    program(project / "bin" / "python3.13", BROKEN_SHIM)
    program(project / "bin" / "uv", UV)
    working_python(project)
    done = set_up(project)
    assert done.returncode == 0, done.stderr
    assert "sync --locked --python /" in uv_calls(project)
    assert "downloads=never" in uv_calls(project)


NONE_ELSEWHERE = pytest.mark.skipif(
    any(file.exists() for file in ELSEWHERE), reason="this machine has one elsewhere"
)


@NONE_ELSEWHERE
def test_no_python_and_no_network_says_what_to_do(project):
    program(project / "bin" / "uv", UV)
    done = set_up(project, UV_FAILS="yes")
    assert done.returncode == 1
    assert "CLINIC_PYTHON=" in done.stderr.splitlines()[-1]


@NONE_ELSEWHERE
def test_uv_gets_a_python_where_there_is_none(project):
    program(project / "bin" / "python3.13", BROKEN_SHIM)
    program(project / "bin" / "uv", UV)
    done = set_up(project)
    assert done.returncode == 0, done.stderr
    assert "python install 3.13 downloads=automatic" in uv_calls(project)
    assert "sync --locked --python 3.13 downloads=automatic" in uv_calls(project)


def test_a_failure_of_uv_says_what_to_do(project):
    program(project / "bin" / "uv", UV)
    working_python(project)
    done = set_up(project, UV_FAILS="yes")
    assert done.returncode == 1
    assert "run the same command again" in done.stderr.splitlines()[-1]


@pytest.mark.slow
def test_no_uv_and_no_way_to_install_it_says_what_to_do(project):
    program(project / "bin" / "python3", OLD_PYTHON)
    done = set_up(project, PIP_NO_INDEX="1", PIP_CONFIG_FILE=os.devnull)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("setup: ")
    assert "run the same command again" in last


def test_the_script_is_plain_sh():
    shell = shutil.which("dash") or shutil.which("sh")
    script = ROOT / "deploy" / "setup.sh"
    assert subprocess.run([shell, "-n", script]).returncode == 0
    assert "[[" not in script.read_text(encoding="utf-8")


def test_every_target_of_the_contract_is_in_the_help():
    shown = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    names = (
        "run chat assistant train evaluate bench check test test-fast finetune clean"
    )
    for name in names.split():
        assert f"make {name} " in shown


def test_ci_runs_the_whole_suite():
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert subprocess.run(["bash", "-n", script]).returncode == 0
    assert "make test" in script.read_text(encoding="utf-8")
