"""The real worker of a training with a fake trainer, as a process of its own."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from retraining.job_worker import main
from retraining.places import Places
from tests.retraining.crashes import fake_train


def train(*, folder, root):
    (folder / "half.tar.gz").write_text("half a model")
    print("a word in the log", flush=True)
    if os.environ.get("FAKE_TRAINING") == "slow":
        time.sleep(60)
    return fake_train(folder=folder, root=root)


if __name__ == "__main__":
    home = Path(sys.argv[1]).parents[1]
    where = Places(root=home / "project", models=home / "models", home=home)
    sys.exit(main(sys.argv[1:], train, where))
