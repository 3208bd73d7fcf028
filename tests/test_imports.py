"""Imports go one way (design): safety, clinic ← components, actions ← retraining."""

import ast
from datetime import date
from pathlib import Path

import pytest

from retraining.check_code import PACKAGES, check_imports
from retraining.checks import run_checks

ROOT = Path(__file__).resolve().parents[1]
TODAY = date(2026, 11, 22)


def _imports(root):
    return run_checks(root, today=TODAY, checks=[check_imports])


def test_our_imports_go_one_way():
    assert _imports(ROOT) == []


def test_every_package_of_ours_has_a_direction():
    packages = {path.parent.name for path in ROOT.glob("*/*.py")} - {"tests"}
    hidden = {name for name in packages if name.startswith(".")}

    assert packages - hidden - {"var"} <= PACKAGES


def _imported(file):
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_the_chat_knows_neither_alerts_nor_inbox():
    """Patients are served whatever staff do; ``frontdesk.background`` joins them."""
    above = ("frontdesk.alerts", "frontdesk.inbox")
    wrong = [
        f"{file.relative_to(ROOT)} imports {name}"
        for file in (ROOT / "frontdesk" / "chat").rglob("*.py")
        for name in _imported(file)
        if name.startswith(above)
    ]

    assert wrong == []


@pytest.mark.parametrize(
    "package, line",
    [
        ("safety", "import clinic"),
        ("safety", "from components.routing import decide"),
        ("clinic", "from safety.clauses import split"),
        ("clinic", "import retraining.checks as checks"),
        ("components", "import actions.hand_off"),
        ("components", "from retraining import readability"),
        ("actions", "from components.buttons import button"),
        ("retraining", "import actions"),
        ("retraining", "from deploy.settings import load_settings"),
        ("retraining", "def later():\n    import frontdesk.inbox"),
        ("frontdesk", "import components"),
        ("benchmarks", "import frontdesk"),
    ],
)
def test_wrong_way_is_found(tmp_path, package, line):
    (tmp_path / package).mkdir()
    (tmp_path / package / "module.py").write_text(line, encoding="utf-8")

    (problem,) = _imports(tmp_path)

    assert problem.where.startswith(f"{package}/module.py:")
    assert problem.severity == "error"


@pytest.mark.parametrize(
    "package, line",
    [
        ("safety", "import re, yaml\nfrom safety import clauses"),
        ("clinic", "from . import facts"),
        ("components", "from safety.encoder import e\nimport clinic.topics"),
        ("actions", "from clinic.profile import load_clinic"),
        ("retraining", "import components.routing, safety.clauses, clinic.facts"),
        ("deploy", "import retraining, components, actions, safety, clinic"),
        ("tests", "import retraining"),
    ],
)
def test_right_way_is_left_alone(tmp_path, package, line):
    (tmp_path / package).mkdir()
    (tmp_path / package / "module.py").write_text(line, encoding="utf-8")

    assert _imports(tmp_path) == []
