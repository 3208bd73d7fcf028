"""A copy of the texts that tests may change, served by the gateway meanwhile."""

import re
import shutil
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(__file__).resolve().parents[2]
TUESDAY = datetime(2026, 11, 17, 18, tzinfo=UTC)
NOTE = "a patient misread it"


class Answers:
    """The pages of answers, for whoever is signed in, and the files behind them."""

    def __init__(self, folder, texts):
        self.folder = folder
        self.texts = texts

    def file(self, name):
        return self.folder / f"{name}.yml"

    def spot(self, response="utter_cost", variant="general"):
        from frontdesk.answers.folder import variation

        return variation(response, variant)

    def last_day(self, response="utter_cost", variant="general"):
        from frontdesk.answers.publishing import latest_day

        return latest_day(self.spot(response, variant).answer)

    def form(self, text=None, response="utter_cost", variant="general", **changed):
        """What a browser would send from the editor."""
        spot = self.spot(response, variant)
        words = spot.answer.text if text is None else text
        sources = " ".join(spot.sources)
        fields = {"mark": spot.mark, "text": words, "sources": sources, "note": NOTE}
        return fields | changed

    def propose(self, member, text, response="utter_cost", variant="general"):
        """Through the editor; gives the revision."""
        from frontdesk.answers.models import AnswerRevision

        form = self.form(text, response, variant)
        answer = member.post(f"/staff/answers/{response}/{variant}/edit", form)
        assert answer.status_code == 302, words_of(answer.text)
        number = re.search(r"/proposals/(\d+)/", answer.headers["Location"])[1]
        return AnswerRevision.objects.get(pk=number)

    def approve(self, member, revision, day=None):
        """Through the proposal's page; gives what the page says then."""
        day = day or self.texts.today() + timedelta(days=30)
        path = f"/staff/answers/proposals/{revision.pk}/"
        answer = member.post(f"{path}approve", {"review_by": day.isoformat()})
        assert answer.status_code == 302, words_of(answer.text)
        revision.refresh_from_db()
        return words_of(member.page(path))

    def reworded(self, response="utter_cost", variant="general", add=" Ask us."):
        """Other words that pass the house checks."""
        return self.spot(response, variant).answer.text + add


def words_of(html):
    """A page's text in one line."""
    kept = re.sub(r"<(script|style).*?</\1>", " ", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", kept))).strip()


@pytest.fixture(scope="session")
def copied(gateway, tmp_path_factory):
    """One copy of ``data/responses`` and its library; reading it takes a while."""
    from clinic.answers import AnswerLibrary

    folder = tmp_path_factory.mktemp("clinic") / "data" / "responses"
    shutil.copytree(ROOT / "data" / "responses", folder)
    return folder, AnswerLibrary(folder)


@pytest.fixture
def answers(copied, monkeypatch):
    """A copy of ``data/responses`` to change, on a Tuesday at noon."""
    from frontdesk.answers.models import AnswerRevision
    from frontdesk.chat.models import BlockedAnswer
    from frontdesk.chat.texts import texts

    folder, library = copied
    monkeypatch.setattr(settings, "RESPONSES_FOLDER", folder)
    monkeypatch.setattr(texts(), "_library", library)
    monkeypatch.setattr(texts(), "now", lambda: TUESDAY)
    texts().reread()
    yield Answers(folder, texts())
    BlockedAnswer.objects.all().delete()
    AnswerRevision.objects.all().delete()
    for file in folder.iterdir():
        whole = (ROOT / "data" / "responses" / file.name).read_bytes()
        if file.read_bytes() != whole:
            file.write_bytes(whole)
    texts().reread()
