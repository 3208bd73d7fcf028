"""The whole product in a copy of the project, with its newest model."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import httpx

from retraining import job_processes, jobs, vector_cache
from retraining.places import Places, places
from retraining.train import newest_model
from tests.ports import free_ports

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "correct horse battery staple"
ACCOUNTS = """
import json, sys, django
django.setup()
from frontdesk.staff.models import Person
for role in json.loads(sys.argv[1]):
    email = f"{role}@clinic.example"
    Person.objects.create_user(email, name=role, role=role, password=sys.argv[2])
"""


class Product:
    """A copy of the project with its newest model, running as a whole."""

    def __init__(self, folder):
        self.root = folder / "project"
        ports = free_ports(3)
        names = ("PORT", "RASA_PORT", "ACTIONS_PORT")
        own = dict(zip(names, map(str, ports), strict=True))
        self.env = os.environ | own | {"CLINIC_HOME": str(self.root / "var")}
        self.url = f"http://localhost:{ports[0]}"
        self.log = folder / "log"
        self._copy()

    def _copy(self):
        listed = self._git(ROOT, "ls-files", "-z", "-c", "-o", "--exclude-standard")
        for name in filter(None, listed.split("\0")):
            if (ROOT / name).is_file():
                (self.root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.root / name)
        (self.root / "models").mkdir()
        model = newest_model()
        for file in (model, *(model.parent / n for n in (
            "danger_detector.npz", "trained.json"))):  # fmt: skip
            shutil.copy2(file, self.root / "models")
        self._copy_vectors()
        self._git(self.root, "init", "-q")
        self._git(self.root, "add", "-A")
        who = ("-c", "user.name=test", "-c", "user.email=test@clinic.example")
        self._git(self.root, *who, "commit", "-qm", "a copy")

    def _copy_vectors(self):
        """What the training of that model has left for the next one."""
        vectors = places().home / vector_cache.FILE
        if vectors.is_file():
            (self.root / "var").mkdir(exist_ok=True)
            shutil.copy2(vectors, self.root / "var")

    def _git(self, folder, *arguments):
        done = subprocess.run(
            ["git", *arguments], cwd=folder, capture_output=True, text=True, check=True
        )
        return done.stdout

    def start(self):
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "deploy.run"],
                cwd=self.root,
                env=self.env,
                stdout=log,
                stderr=log,
            )
        until = time.monotonic() + 600
        while "Everything is ready" not in self.log.read_text():
            assert self.process.poll() is None, self.log.read_text()[-3000:]
            assert time.monotonic() < until, self.log.read_text()[-3000:]
            time.sleep(0.5)
        roles = json.dumps(["trainer", "clinician", "administrator"])
        subprocess.run(
            [sys.executable, "-c", ACCOUNTS, roles, PASSWORD],
            cwd=self.root,
            env=self.env | self._secrets(),
            check=True,
        )

    def _secrets(self):
        files = (self.root / "var" / "secrets").iterdir()
        found = {file.name.upper(): file.read_text().strip() for file in files}
        return found | {"DJANGO_SETTINGS_MODULE": "frontdesk.settings"}

    def understood(self, text):
        """Route and topic of the first reply to a message of a new patient."""
        with httpx.Client(base_url=self.url, timeout=30) as http:
            version = http.get("/chat/config").json()["consent"]["version"]
            opened = http.post("/chat/sessions", json={"consent_version": version})
            http.headers["Authorization"] = f"Bearer {opened.json()['token']}"
            said = {"client_id": "a-message", "text": text}
            first = http.post("/chat/messages", json=said).json()["message"]["id"]
            until = time.monotonic() + 20
            while time.monotonic() < until:
                after = http.get("/chat/messages", params={"after": first}).json()
                for each in after["messages"]:
                    if each["author"] == "bot":
                        return each["route"], each["topic"]
                time.sleep(0.2)
        raise AssertionError("no reply")

    def stop(self):
        where = Places(self.root, self.root / "models", self.root / "var")
        if job := jobs.current(where):  # it outlives who started it
            job_processes.cancel(where, job.id)
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
