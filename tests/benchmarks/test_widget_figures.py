"""The arithmetic and the report of ``make bench-widget``; no browser is started."""

import asyncio
import base64
import hashlib
import io
import socket
import tarfile
from dataclasses import replace

import pytest
from rich.console import Console

from benchmarks.training import BenchmarkError
from benchmarks.widget import packages
from benchmarks.widget.figures import (
    LOST,
    NOT_WRITTEN,
    ONCE,
    TWICE,
    compare,
    outcome,
    remarks,
)
from benchmarks.widget.outage import Line, LoopThread
from benchmarks.widget.packages import DEEP_CHAT, fetch_bundle
from benchmarks.widget.report import page, table
from benchmarks.widget.widgets import PAGE, SET_UP, WIDGETS

CONTRAST = {"rule": "color-contrast", "impact": "serious", "wcag": True, "nodes": ["a"]}
REGION = {"rule": "region", "impact": "moderate", "wcag": False, "nodes": ["b", "c"]}


def sent(became):
    return {"outcome": became, "trouble": "told" if became == LOST else ""}


def measured(**other):
    return {
        "files": {"/a.js": 1000, "/b.js": 500},
        "requests": 4,
        "axe": {
            "closed": [],
            "open": [],
            "after a conversation": [],
            "during an outage": [],
        },
        "announced": [1, 1, 1],
        "policy": {"violations": [], "works": True, "looks_the_same": True},
        "hosts": [],
        "storage": {"localStorage": ["key"]},
        "words_kept": 0,
        "outage": [sent(ONCE)] * 2,
        "under_way": [sent(ONCE)],
    } | other


@pytest.fixture
def found():
    return {
        "ours": measured(),
        "rival": measured(
            files={"/all.js": 90_000},
            axe={
                "closed": None,
                "open": [REGION],
                "after a conversation": [REGION, CONTRAST],
                "during an outage": [CONTRAST],
            },
            announced=[0, 2, 0],
            policy={
                "violations": ["style-src-elem inline", "style-src-elem inline"],
                "works": False,
                "looks_the_same": False,
            },
            hosts=["fonts.example"],
            storage={},
            outage=[sent(LOST), sent(NOT_WRITTEN)],
            under_way=[sent(LOST)],
            other={
                "option": {"hide": False},
                "outage": [sent(ONCE), sent(LOST)],
                "under_way": [],
            },
        ),
    }


@pytest.fixture
def result(found):
    widgets = {
        key: {
            "title": f"{key} <1>",
            "licence": "MIT",
            "released": "",
            "set_up": "a tag",
            "found": one,
        }
        for key, one in found.items()
    }
    return {
        "machine": "2 cores",
        "note": "a <note>",
        "comparison": compare(found),
        "widgets": widgets,
    }


# fmt: off
OUTCOMES = [
    # written, reached, shown, what became of it
    (True,  1, 1, ONCE),
    (True,  2, 1, TWICE),
    (True,  1, 2, TWICE),
    (True,  0, 0, LOST),
    (True,  1, 0, LOST),         # the patient never hears
    (False, 0, 0, NOT_WRITTEN),
]
# fmt: on


@pytest.mark.parametrize(("written", "reached", "shown", "became"), OUTCOMES)
def test_outcome_of_a_message(written, reached, shown, became):
    assert outcome(written, reached, shown) == became


def values(found):
    return {row["figure"]: tuple(row["values"].values()) for row in compare(found)}


def test_each_figure_is_counted(found):
    seen = values(found)

    assert seen["files to load, gzipped"] == (1500, 90_000)
    assert seen["axe: rules broken in any state"] == (0, 2), "a rule counts once"
    assert seen["· of WCAG alone"] == (0, 1)
    assert seen["· closed"] == (0, None), "a widget that is always open"
    assert seen["· after a conversation"] == (0, 2)
    assert seen["replies announced to screen readers"] == (3, 1)
    assert seen["strict policy: violations"] == (0, 2)
    assert seen["entries left in the browser"] == (1, 0)
    assert seen["outage: messages lost"] == (0, 1)
    assert seen["· could not be written"] == (0, 1)
    assert seen["· through, once"] == (2, 0)
    assert seen["· replies under way lost"] == (0, 1)


def test_best_is_whoever_is_better_and_nobody_where_all_are_alike(found):
    best = {row["figure"]: row["best"] for row in compare(found)}

    assert best["files to load, gzipped"] == ["ours"]
    assert best["replies announced to screen readers"] == ["ours"]
    assert best["entries left in the browser"] == ["rival"]
    assert best["requests until usable"] == []
    assert best["· closed"] == [], "one alone is compared with nobody"


def test_remarks_say_what_numbers_do_not(found):
    said = remarks(found["rival"])

    assert "axe: region (moderate), color-contrast (serious)" in said
    assert "asks fonts.example (refused here)" in said
    assert "strict policy refuses: style-src-elem" in said
    assert "outage: 1 of 2 patients were told that something is wrong" in said
    assert (
        "outage with hide: False: of 2 messages 1 once, 1 lost, 0 twice, "
        "0 not written; of 0 replies under way 0 lost"
    ) in said
    assert "1 announcements more than one a reply" in said
    assert "localStorage: key" in remarks(found["ours"])


def test_report_loads_nothing_and_escapes(result, tmp_path):
    (tmp_path / "rival-outage.png").write_bytes(b"picture")
    html = page(result, tmp_path)

    assert "a &lt;note&gt;" in html
    assert "rival &lt;1&gt;" in html
    assert "http" not in html
    assert html.count("<img") == 1
    assert base64.b64encode(b"picture").decode() in html


def test_table_of_the_terminal_has_every_row(result):
    console = Console(record=True, width=200, file=io.StringIO())
    console.print(table(result["comparison"], {"ours": "ours", "rival": "rival"}))
    text = console.export_text()

    assert all(row["figure"] in text for row in result["comparison"])
    assert "90,000" in text and "yes" in text


@pytest.mark.parametrize("widget", WIDGETS, ids=lambda widget: widget.key)
def test_pages_hold_no_script_and_no_style_of_their_own(widget):
    files = widget.files(['Say "hello"', "<b>"])
    html = files[PAGE][1]

    assert "<script>" not in html and "style" not in html
    assert "<b>" not in html
    assert (SET_UP in html) == bool(files[SET_UP][1])


# Packages
@pytest.fixture
def archive(tmp_path):
    """A package as npm packs it, and the pin that fits."""
    file = tmp_path / f"{DEEP_CHAT.name}-{DEEP_CHAT.version}.tgz"
    with tarfile.open(file, "w:gz") as packed:
        member = tarfile.TarInfo(DEEP_CHAT.bundle)
        member.size = 6
        packed.addfile(member, io.BytesIO(b"bundle"))
    found = base64.b64encode(hashlib.sha512(file.read_bytes()).digest()).decode()
    return tmp_path, replace(DEEP_CHAT, sha512=found)


def test_kept_package_needs_no_npm(archive, monkeypatch):
    folder, package = archive
    monkeypatch.setenv("PATH", "")

    assert fetch_bundle(package, folder) == b"bundle"


def test_package_of_another_content_is_refused(archive):
    folder, _ = archive

    with pytest.raises(BenchmarkError, match="is not the deep-chat"):
        fetch_bundle(DEEP_CHAT, folder)


def test_missing_npm_is_said_in_one_line(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")

    with pytest.raises(BenchmarkError, match="npm is missing") as error:
        fetch_bundle(DEEP_CHAT, tmp_path)
    assert "\n" not in str(error.value)


def test_failing_npm_is_said_in_one_line(tmp_path, monkeypatch):
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho 'no network' >&2\necho 'a log is in' >&2\nexit 1\n")
    npm.chmod(0o755)
    monkeypatch.setattr(packages.shutil, "which", lambda name: str(npm))

    with pytest.raises(BenchmarkError, match=r"offline.*: no network$") as error:
        fetch_bundle(DEEP_CHAT, tmp_path / "kept")
    assert "\n" not in str(error.value)


# The line that is cut
@pytest.fixture
def line():
    loop = LoopThread()

    async def echo(reader, writer):
        while piece := await reader.read(100):
            writer.write(piece)

    server = loop.run(asyncio.start_server(echo, "127.0.0.1", 0))
    yield Line(loop, server.sockets[0].getsockname()[1])
    loop.stop()


def connect(line):
    return socket.create_connection(("127.0.0.1", line.port), timeout=5)


def says(connection, word):
    connection.sendall(word)
    return connection.recv(100)


def is_dropped(connection):
    try:
        return connection.recv(100) == b""
    except ConnectionError:
        return True


def test_line_passes_on_until_it_is_cut_and_again_when_it_is_mended(line):
    port = line.port
    with connect(line) as connection:
        assert says(connection, b"one") == b"one"
        line.cut()
        assert is_dropped(connection)
        with pytest.raises(ConnectionRefusedError):
            connect(line)
        line.mend()

    assert line.port == port
    with connect(line) as connection:
        assert says(connection, b"three") == b"three"
