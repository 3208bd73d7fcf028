"""The real worker of a training with a fake trainer and a fake comparison."""

import json
import os
import sys
import time
from pathlib import Path

from retraining import compare as comparing
from retraining.job_worker import main
from retraining.places import Places
from tests.retraining.crashes import fake_train
from tests.staff.models_for_tests import compared


def train(*, folder, root):
    print("a word in the log", flush=True)
    if os.environ.get("FAKE_TRAINING") == "slow":
        time.sleep(60)
    return fake_train(folder=folder, root=root)


def compare(places, name, *, traffic=None, say=None):
    say(50, "Asking both")
    return compared(places, name, **json.loads(os.environ.get("FAKE_PARTS") or "{}"))


if __name__ == "__main__":
    days, folder = sys.argv[1:]
    comparing.compare = compare
    home = Path(folder).parents[1]
    where = Places(root=home / "project", models=home / "models", home=home)
    sys.exit(main([folder], train, where))
