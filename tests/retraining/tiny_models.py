"""Small real models, and a real Rasa process that swaps between them."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path

import numpy as np

from retraining.candidate_files import write_files
from retraining.candidates import Candidate, draft_of, finish
from retraining.places import Places
from retraining.train import fingerprint as fingerprint_of
from safety.live_model import ARCHIVE_FILE, DETECTOR_FILE
from safety.text_classifier import TextClassifier

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "a-token-for-tests-only"
CONFIG = """
recipe: default.v1
assistant_id: tiny
language: en
pipeline:
- name: WhitespaceTokenizer
- name: CountVectorsFeaturizer
- name: LogisticRegressionClassifier
policies:
- name: RulePolicy
"""
DOMAIN = """
version: "3.1"
intents: [greet, ask_cost]
responses:
  utter_greet:
  - text: "Hello from {name}."
    metadata: {{route: small_talk}}
  utter_cost:
  - text: "Cost of {name}."
    metadata: {{route: faq, topic: cost}}
"""
NLU = """
version: "3.1"
nlu:
- intent: greet
  examples: |
    - hello
    - hi there
- intent: ask_cost
  examples: |
    - how much is it
    - what does it cost
"""
RULES = """
version: "3.1"
rules:
- rule: greet
  steps: [{intent: greet}, {action: utter_greet}]
- rule: answer a cost question
  steps: [{intent: ask_cost}, {action: utter_cost}]
"""


def tiny_archive(folder, name):
    """A real Rasa model that names itself in what it says."""
    from components import compat

    compat.install()
    from rasa.model_training import train

    project = folder / f"project-{name}"
    for file, text in {
        "config.yml": CONFIG,
        "domain.yml": DOMAIN.format(name=name),
        "data/nlu.yml": NLU,
        "data/rules.yml": RULES,
    }.items():
        (project / file).parent.mkdir(parents=True, exist_ok=True)
        (project / file).write_text(text, encoding="utf-8")
    result = train(
        domain=str(project / "domain.yml"),
        config=str(project / "config.yml"),
        training_files=[str(project / "data")],
        output=str(folder),
        fixed_model_name=name,
        force_training=True,
    )
    return Path(result.model)


def tiny_detector(file):
    """A real, useless danger detector."""
    texts = ["i want to die", "i want to live", "how much is it", "hello there"]
    vectors = np.eye(4, 384, dtype=np.float32)
    labels = ["crisis_self_harm", "crisis_self_harm", "other", "other"]
    TextClassifier.fit(texts, vectors, labels).save(file)


def install(places, name, archive, *, fingerprint="made of nothing"):
    """Makes an archive a candidate of an installation."""
    with draft_of(places.models, name) as draft:
        shutil.copy(archive, draft / ARCHIVE_FILE)
        tiny_detector(draft / DETECTOR_FILE)
        about = Candidate(name, fingerprint, "", 1, "2026-11-23T00:00:00+00:00")
        return finish(places.models, draft, about)


def pretended(places, name, texts, *, proposal="p1", at="2026-11-23T00:00:00+00:00"):
    """A candidate trained on the project of now with other texts, as it would say."""
    with draft_of(places.models, name) as draft:
        (draft / ARCHIVE_FILE).write_text(f"model {name}")
        (draft / DETECTOR_FILE).write_text(f"detector {name}")
        write_files(draft, places.root, texts)
        made_of = fingerprint_of(places.root, texts)
        about = Candidate(name, made_of, "", 1, at, proposal)
        return finish(places.models, draft, about)


def places_in(folder):
    """An installation of its own, with an empty project."""
    made = Places(root=folder / "project", models=folder / "models", home=folder)
    for path in (made.root, made.models):
        path.mkdir(parents=True, exist_ok=True)
    return made


def free_port():
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        return probe.getsockname()[1]


class RasaProcess:
    """A real Rasa server that follows the live model of an installation."""

    def __init__(self, places, archive, *, credentials=None, endpoints=""):
        self.port = free_port()
        folder = places.home
        given = credentials or {
            "components.channels.FrontDeskInput": {"models": str(places.models)}
        }
        (folder / "credentials.json").write_text(json.dumps(given))
        (folder / "endpoints.yml").write_text(endpoints)
        self.log = folder / f"rasa-{self.port}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "deploy.rasa_server", "run"),
                    *("--enable-api", "-i", "127.0.0.1", "-p", str(self.port)),
                    *("--model", str(archive)),
                    *("--credentials", str(folder / "credentials.json")),
                    *("--endpoints", str(folder / "endpoints.yml")),
                ],
                cwd=ROOT,
                env=os.environ | {"RASA_AUTH_TOKEN": TOKEN},
                stdout=log,
                stderr=log,
            )

    def wait(self):
        """Until it answers; keeps its first words."""
        self.first = self.first_words("hello")
        return self

    def first_words(self, text, seconds=60):
        """The first reply that it gives after its start."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            assert self.process.poll() is None, self.log.read_text()[-3000:]
            try:
                return self.said(text, "is it up")
            except (OSError, ValueError):
                time.sleep(0.02)
        raise AssertionError(self.log.read_text()[-3000:])

    def say(self, text, conversation):
        """The bubbles and the rest of the answer."""
        body = {"conversation": conversation, "text": text}
        return self.call("POST", "/webhooks/frontdesk/message", body)

    def call(self, method, path, body=None):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            data=json.dumps(body).encode() if body is not None else None,
            method=method,
            headers={
                "Content-Type": "application/json",
                "Authorization": f"Bearer {TOKEN}",
            },
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=30) as answer:
            raw = answer.read()
        return json.loads(raw) if raw else None

    def said(self, text, conversation):
        """The words of the answer."""
        return " ".join(m["text"] for m in self.say(text, conversation)["messages"])

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
