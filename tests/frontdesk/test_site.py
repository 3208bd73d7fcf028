"""The demo page, the page for an iframe, and the widget's files."""

import gzip
import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import httpx
import pytest
from django.conf import settings

from clinic.facts import facts_of
from clinic.profile import load_clinic
from frontdesk.chat.models import BlockedAnswer
from frontdesk.chat.texts import texts
from frontdesk.site import views
from frontdesk.site.answers import content_policy
from frontdesk.site.content import Block, blocks_of
from frontdesk.site.files import FileFolder
from frontdesk.site.modules import ModuleError

ORIGIN = "https://www.clinic.example"
STRICT = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
}


class Page(HTMLParser):
    """What a page loads and says."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.pieces = [], []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.pieces.append(" ".join(data.split()))

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def words(self):
        return " ".join(piece for piece in self.pieces if piece)


@pytest.fixture
def get(gateway):
    def _get(path, **headers):
        return httpx.get(gateway.url + path, headers=headers)

    return _get


@pytest.fixture
def page(get):
    return lambda path="/": Page(get(path).text)


def policy_of(answer):
    header = answer.headers["Content-Security-Policy"]
    return dict(part.split(" ", 1) for part in header.split("; "))


# --- the demo page --------------------------------------------------------------------


def test_page_says_that_it_is_an_example_and_shows_the_clinic(page):
    clinic = load_clinic()
    facts = facts_of(clinic, datetime.now(UTC))
    shown = page().words

    assert "This is an example." in shown
    assert "not been approved by a clinician" in shown
    for name in (
        "clinic_name",
        "phone",
        "email",
        "address",
        "parking",
        "price_consultation",
        "price_iv",
        "insurers",
        "cancellation",
    ):
        assert facts[name] in shown, name
    for day in ("Monday", "Sunday"):
        assert day in shown


@pytest.mark.parametrize("today, shown", [
    ("2026-11-12T06:00:00", False),  # still the 11th at the clinic
    ("2026-11-12T08:00:00", True),
    ("2026-11-27T06:00:00", True),   # still the day itself
    ("2026-11-27T08:00:00", False),
])  # fmt: skip
def test_holidays_of_the_next_two_weeks_stand_with_the_hours(
    page, monkeypatch, today, shown
):
    now = datetime.fromisoformat(today).replace(tzinfo=UTC)
    monkeypatch.setattr(texts(), "now", lambda: now)

    assert ("Thu, Nov 26 closed (Thanksgiving)" in page().words) == shown
    assert "Christmas" not in page().words


def test_page_names_911_and_988_with_ways_to_call(page):
    home = page()
    links = {link.get("href") for link in home.all("a")}

    assert {"tel:911", "tel:988", "sms:988"} <= links
    assert texts().say("utter_line_after_urgent") in home.words


def test_every_medical_claim_is_an_approved_text_word_for_word(page):
    """All longer passages stand in data/responses, filled with clinic facts."""
    facts = facts_of(load_clinic(), datetime.now(UTC))
    approved = " ".join(
        " ".join(re.sub(r"(?m)^- ", "", answer.text).format_map(facts).split())
        for answer in texts().library.all()
    )
    claims = re.compile(
        r"ketamine|esketamine|depress|treat|infusion|FDA|side effect|blood|drug|mood",
        re.IGNORECASE,
    )
    own = [
        line
        for line in page().pieces
        if len(line.split()) > 8
        and claims.search(line.replace(facts["clinic_name"], ""))
        and line not in approved
    ]

    # Its own words name the clinic and what is on offer, and claim nothing.
    assert own == [
        f"{facts['clinic_name']} offers {facts['treatments_offered']}. Here is what a "
        "visit is like, what it costs, and what is not known yet."
    ]


def test_drafts_are_marked_one_by_one(page):
    shown = page().words

    assert shown.count("Draft") > 10


def test_texts_that_may_not_be_served_are_left_out(page, monkeypatch):
    assert "Common side effects are" in page().words
    BlockedAnswer.objects.create(response="utter_side_effects", version="")
    try:
        shown = page().words
    finally:
        BlockedAnswer.objects.all().delete()
    assert "Common side effects are" not in shown
    assert "What ketamine is" in shown


def test_overdue_texts_are_left_out(page, monkeypatch):
    later = datetime(2028, 1, 1, 18, tzinfo=UTC)
    monkeypatch.setattr(texts(), "now", lambda: later)
    shown = page().words

    assert "Common side effects are" not in shown
    assert "IV infusions" in shown
    assert "$475 per infusion" in shown


def test_without_drafts_only_approved_texts_are_shown(page, monkeypatch):
    monkeypatch.setitem(texts().clinic.values, "serve_drafts", False)
    home = page()

    assert "Draft" not in home.words
    assert "Common side effects are" not in home.words
    assert load_clinic().values["phone"] in home.words


def test_a_database_that_is_down_leaves_the_page_with_the_numbers(page, monkeypatch):
    async def down(*arguments):
        raise views.database.DatabaseDownError("OperationalError")

    monkeypatch.setattr(views.database, "read", down)
    home = page()

    assert "Common side effects are" not in home.words
    assert "988" in home.words
    assert home.all("script")


def test_words_of_the_clinic_file_are_no_markup(page, monkeypatch):
    values = texts().clinic.values
    monkeypatch.setitem(values, "name", "<script>alert(1)</script> & Sons")
    monkeypatch.setitem(values, "booking_link", 'https://clinic.example/"><img src=x>')
    home = page()

    assert "<script>alert(1)</script> & Sons" in home.words
    assert len(home.all("script")) == 1
    assert not [image for image in home.all("img") if image["src"] == "x"]


def test_an_address_that_is_no_web_address_is_no_link(page, monkeypatch):
    monkeypatch.setitem(texts().clinic.values, "booking_link", "javascript:alert(1)")

    assert not [
        link for link in page().all("a") if link.get("href", "").startswith("java")
    ]


def test_page_loads_the_widget_with_one_tag_and_nothing_from_elsewhere(page):
    home = page()
    (script,) = home.all("script")
    sources = [tag.get("src", "") for name, tag in home.tags if name != "a"]
    sources += [tag["srcset"] for tag in home.all("source")]
    sources += [tag["href"] for tag in home.all("link")]

    assert script["type"] == "module"
    assert script["src"] == "/widget/widget.js"
    assert all(source.startswith("/") or not source for source in sources)
    assert not home.all("style")
    assert not [tag for _, tag in home.tags if "style" in tag or "onclick" in tag]


def test_every_file_of_the_pages_is_there(page, get):
    for path in ("/", "/embed"):
        found = page(path)
        names = [link["href"] for link in found.all("link")]
        names += [image["src"] for image in found.all("img")]
        names += [source["srcset"] for source in found.all("source")]
        names += [script["src"] for script in found.all("script")]
        for name in names:
            assert get(name).status_code == 200, name


def test_links_within_the_page_lead_somewhere(page):
    home = page()
    targets = {tag["id"] for _, tag in home.tags if "id" in tag}
    links = [link["href"][1:] for link in home.all("a") if link["href"][0] == "#"]

    assert len(links) > 10
    assert set(links) <= targets


# --- headers --------------------------------------------------------------------------


def test_demo_page_is_strict_and_in_no_frame(get):
    answer = get("/")

    assert policy_of(answer) == STRICT | {"frame-ancestors": "'none'"}
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert "Set-Cookie" not in answer.headers


def test_embed_page_is_framed_by_the_clinics_websites_alone(get, page):
    origins = load_clinic().website_origins
    policy = policy_of(get("/embed"))

    assert ORIGIN in origins
    assert policy == STRICT | {"frame-ancestors": " ".join(["'self'", *origins])}
    (script,) = page("/embed").all("script")
    assert (script["src"], script["data-mode"]) == ("/widget/widget.js", "embed")


def test_a_policy_without_frames_says_none():
    assert content_policy().endswith("frame-ancestors 'none'")


@pytest.mark.parametrize("origin, allowed", [
    (ORIGIN,                          True),
    ("https://clinic.example",        True),
    ("https://clinic.example.evil",   False),
    ("http://www.clinic.example",     False),
    ("https://www.clinic.example:81", False),
    ("null",                          False),
])  # fmt: skip
def test_chat_is_open_to_the_clinics_websites_alone(gateway, origin, allowed):
    asked = httpx.options(
        f"{gateway.url}/chat/messages",
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type",
        },
    )
    read = httpx.get(f"{gateway.url}/chat/config", headers={"Origin": origin})

    for answer in (asked, read):
        given = answer.headers.get("Access-Control-Allow-Origin")
        assert given == (origin if allowed else None)
        assert "Access-Control-Allow-Credentials" not in answer.headers


def test_pages_and_health_are_open_to_no_other_origin(get):
    for path in ("/", "/embed", "/healthz"):
        answer = get(path, Origin=ORIGIN)
        assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("path", ["/", "/embed", "/widget/widget.js", "/site/site.css"])
def test_pages_are_only_read(gateway, path):
    assert httpx.post(gateway.url + path).status_code == 405
    head = httpx.head(gateway.url + path)
    assert (head.status_code, head.content) == (200, b"")


# --- files ----------------------------------------------------------------------------


def test_scripts_are_small_zipped_and_open_to_every_website(get):
    plain = get("/widget/widget.js", **{"Accept-Encoding": "identity"})
    zipped = get("/widget/widget.js", **{"Accept-Encoding": "br, gzip;q=0.8"})

    assert plain.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert plain.headers["Access-Control-Allow-Origin"] == "*"
    assert plain.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "Content-Encoding" not in plain.headers
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert int(zipped.headers["Content-Length"]) < len(plain.content)
    assert zipped.text == plain.text
    assert plain.headers["Vary"] == zipped.headers["Vary"] == "Accept-Encoding"
    sources = [file.stat().st_size for file in views.WIDGET_FOLDER.glob("*.js")]
    assert len(plain.content) < 0.8 * sum(sources)


@pytest.mark.parametrize("accepted", ["", "identity", "gzip;q=0", "br", "gzip; q=0.0"])
def test_who_does_not_take_gzip_gets_none(get, accepted):
    answer = get("/site/site.css", **{"Accept-Encoding": accepted})

    assert "Content-Encoding" not in answer.headers


def test_an_unchanged_file_is_not_sent_again(get):
    first = get("/widget/widget.js")
    again = get("/widget/widget.js", **{"If-None-Match": first.headers["ETag"]})
    other = get("/widget/widget.js", **{"If-None-Match": 'W/"0"'})

    assert first.headers["Cache-Control"] == "no-cache"
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert other.status_code == 200


def test_files_of_the_page_are_named_by_their_version_and_kept(get):
    version = views.site_files().version

    assert f"/site/site.css?v={version}" in get("/").text
    current = get(f"/site/site.css?v={version}")
    assert current.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    for stale in (get("/site/site.css?v=0"), get("/site/site.css")):
        assert stale.headers["Cache-Control"] == "no-cache"


def test_widget_has_all_modules_and_nothing_of_them_is_left_to_load(get):
    script = get("/widget/widget.js").text

    assert views.widget_files().names() == ["widget.js"]
    for file in views.WIDGET_FOLDER.glob("*.js"):
        for name in re.findall(
            r"(?m)^export (?:function|class|const) (\w+)", file.read_text("utf-8")
        ):
            declared = rf"\b(?:function|class|const) {name}\b"
            assert len(re.findall(declared, script)) == 1, (file.name, name)
    assert not re.search(r"\bexport [a-z{*]|\bimport\b(?!\.meta)", script)


@pytest.mark.parametrize("path", [
    "/widget/nothing.js",
    "/widget/strings.js",
    "/widget/README.md",
    "/widget/../pyproject.toml",
    "/widget/%2e%2e%2fpyproject.toml",
    "/widget/..%2f..%2fclinic.yml",
    "/site/../../settings.py",
    "/site/site.css/",
    "/nothing",
])  # fmt: skip
def test_nothing_else_is_served(gateway, path):
    answer = httpx.get(gateway.url + path)

    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"


def test_widget_has_no_script_that_making_small_would_break():
    """``rjsmin`` takes ``//`` in a template within a template for a comment."""
    nested = re.compile(r"`[^`]*\$\{[^}`]*`")
    for file in views.WIDGET_FOLDER.glob("*.js"):
        code = re.sub(r"(?m)^\s*(//|/?\*).*$", "", file.read_text(encoding="utf-8"))
        assert not nested.search(code), file.name


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "widget.js").write_text(
        '// a comment\nimport { a } from "./part.js";\nconst w = a + `1`;\n'
    )
    (tmp_path / "part.js").write_text("export const a = `1`;\n")
    (tmp_path / "look.css").write_text("a { color: red }")
    (tmp_path / "notes.txt").write_text("not served")
    return tmp_path


def test_scripts_of_a_folder_are_served_as_one(folder):
    files = FileFolder(folder, entry="widget.js")

    assert files.names() == ["look.css", "widget.js"]
    script = files.get("widget.js")
    assert script.body == b"const a=`1`;const w=a+`1`;"
    assert gzip.decompress(script.zipped) == script.body


def test_a_changed_file_is_read_again_and_changes_the_version(folder):
    files = FileFolder(folder, entry="widget.js")
    before, etag = files.version, files.get("widget.js").etag
    (folder / "part.js").write_text("export const a = 2;\n")
    files.refresh()

    assert files.version != before
    assert files.get("widget.js").body == b"const a=2;const w=a+`1`;"
    assert files.get("widget.js").etag != etag


def test_a_folder_without_the_entry_is_refused(tmp_path):
    with pytest.raises(ModuleError, match=r"widget\.js"):
        FileFolder(tmp_path, entry="widget.js")


def test_bubbles_become_paragraphs_and_lists():
    assert blocks_of("One.\n- a\n- b\nTwo.\n\n- c") == [
        Block("One."),
        Block(items=["a", "b"]),
        Block("Two."),
        Block(items=["c"]),
    ]


def test_origins_of_the_settings_are_those_of_the_clinic():
    assert tuple(settings.CORS_ALLOWED_ORIGINS) == load_clinic().website_origins
    assert settings.CORS_URLS_REGEX == r"^/chat/"
