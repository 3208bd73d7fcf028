"""Docs that cannot rot: what they name exists, and what exists is named."""

import re
from collections import Counter
from pathlib import Path

import pytest

from clinic.topics import INTENT_PREFIX
from deploy.settings import VARIABLES
from retraining.check_tree import Tree

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
PAGES = [
    page for pattern in ("*.md", "docs/**/*.md") for page in sorted(ROOT.glob(pattern))
]
CODE = re.compile(r"`([^`\n]+)`")
MAKE = re.compile(r"\bmake ([a-z][a-z-]*)")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
ENVIRON = re.compile(r"environ(?:\.get|\.setdefault)?[\[(]\"([A-Z_]+)\"")
MOST_README_LINES = 150


def _text(page):
    return page.read_text(encoding="utf-8")


def _map():
    """The README's table "Map"."""
    section = re.search(r"^## Map\n(.*?)(?=^## |\Z)", _text(README), re.M | re.S)
    assert section, 'README.md has no section "## Map"'
    return section[1]


def _ignored():
    names = _text(ROOT / ".gitignore").split()
    return {name.strip("/") for name in names}


def _targets():
    return set(re.findall(r"^([a-z][a-z-]*):", _text(ROOT / "Makefile"), re.M))


def test_every_path_of_the_map_exists():
    paths = [
        path for path in CODE.findall(_map()) if re.search(r"/|\.\w+$|^[A-Z]", path)
    ]

    assert len(paths) >= 10
    missing = [path for path in paths if "<" not in path and not (ROOT / path).exists()]
    assert not missing


def test_every_top_level_folder_is_in_the_map():
    named = {path.split("/")[0] for path in CODE.findall(_map())}
    folders = {
        path.name
        for path in ROOT.iterdir()
        if path.is_dir() and not path.name.startswith(".")
    }

    assert folders - _ignored() - {"docs"} <= named
    assert "docs/" in _text(README)


def test_readme_is_short():
    assert len(_text(README).splitlines()) <= MOST_README_LINES


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_target_of_the_docs_exists(page):
    named = {
        target for code in CODE.findall(_text(page)) for target in MAKE.findall(code)
    }

    assert named <= _targets()


def test_every_make_target_has_a_line_of_help():
    helped = set(re.findall(r"^([a-z-]+):.*## ", _text(ROOT / "Makefile"), re.M))

    assert _targets() - helped <= {"again"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_leads_somewhere(page):
    links = [link for link in LINK.findall(_text(page)) if "://" not in link]

    assert not [link for link in links if not (page.parent / link).exists()]


def test_every_variable_of_the_settings_is_in_the_example():
    example = set(re.findall(r"^#?([A-Z][A-Z_]+)=", _text(ROOT / ".env.example"), re.M))

    assert example == set(VARIABLES)


def test_no_module_reads_a_variable_that_is_not_in_the_example():
    """The others are Rasa's and Python's own, set and not read."""
    read = {
        name
        for package in (
            "actions",
            "clinic",
            "components",
            "frontdesk",
            "retraining",
            "safety",
        )
        for path in (ROOT / package).glob("**/*.py")
        for name in re.findall(r"environ\.get\(\"([A-Z_]+)\"", _text(path))
    }

    assert read <= set(VARIABLES)


def _topics():
    return sorted({topic for _, topics in INTENT_PREFIX.values() for topic in topics})


@pytest.mark.parametrize("topic", _topics())
def test_every_topic_is_in_the_content_guide(topic):
    assert re.search(rf"\b{topic}\b", _text(ROOT / "docs/content.md"))


def test_every_intent_is_in_the_labelling_guide():
    from datetime import date

    guide = _text(ROOT / "docs/labelling.md")
    intents = set(Tree(ROOT, date(2026, 11, 22)).intents) - {"not_understood"}

    assert intents
    assert not [name for name in intents if not re.search(rf"\b{name}\b", guide)]


def test_every_placeholder_is_in_the_content_guide():
    from datetime import UTC, datetime

    from clinic.facts import facts_of
    from clinic.profile import load_clinic

    guide = _text(ROOT / "docs/content.md")
    facts = facts_of(load_clinic(ROOT / "clinic.yml"), datetime.now(UTC))

    assert not [name for name in facts if f"{{{name}}}" not in guide]


def test_decisions_have_numbers_of_their_own():
    names = [path.name for path in (ROOT / "docs/decisions").glob("*.md")]
    numbers = Counter(name[:4] for name in names)

    assert names
    assert all(re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", name) for name in names)
    assert max(numbers.values()) == 1


def test_decisions_that_are_named_exist():
    there = {path.name[:4] for path in (ROOT / "docs/decisions").glob("*.md")}
    sources = [*PAGES, ROOT / "pyproject.toml", ROOT / "endpoints.yml"]
    sources += [
        path
        for package in ("components", "safety", "retraining", "clinic")
        for path in (ROOT / package).glob("*.py")
    ]

    named = {
        (number, path.name)
        for path in sources
        for number in re.findall(r"docs/decisions/(\d{4})", _text(path))
    }

    assert not {(number, where) for number, where in named if number not in there}
