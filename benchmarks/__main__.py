"""``make bench``: measures our assistant beside stock Rasa and writes a report.

Only 127.0.0.1 is spoken to. Takes some minutes; the first time the stock rival must be
trained (kept below var/bench for the next time): a quarter of an hour on two cores for
10 epochs, hours for the 100 that stock uses by default (``--stock-epochs 100``).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)

from benchmarks.disk import environment_mb, product_mb
from benchmarks.figures import compare, medians, table
from benchmarks.report import page
from benchmarks.servers import Server, start_actions, start_ours, start_stock
from benchmarks.stock_project import (
    EPOCHS_OF_RASA_INIT,
    ROOT,
    StockModel,
    stock_model,
)
from benchmarks.traffic import (
    load,
    long_conversation,
    sample_messages,
    turn_figures,
)
from benchmarks.training import BenchmarkError, TrainingCost, run_training

WORK = ROOT / "var" / "bench"
STOCK_PYTHON = ROOT / "var" / "stock" / "bin" / "python"
RESULTS = ROOT / "results" / "bench"
# Of stock's neural parts. A tenth of its default: its training time is then a floor.
EPOCHS = 10
TRAIN_OURS = "import sys, pathlib; from retraining.train import train; " + (
    "train(folder=pathlib.Path(sys.argv[1]))"
)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="one round, fewer messages"
    )
    parser.add_argument("--skip-stock", action="store_true", help="measure ours alone")
    parser.add_argument(
        "--reuse-stock-model",
        action="store_true",
        help="take the kept stock model though the data have changed since",
    )
    parser.add_argument(
        "--stock-epochs",
        type=int,
        default=EPOCHS,
        help="of stock's neural parts; 100 are its default, and take hours",
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--messages", type=int, default=600)
    parser.add_argument("--turns", type=int, default=500)
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.rounds, arguments.messages, arguments.turns = 1, 200, 100
    if arguments.turns < 20 or arguments.rounds < 1 or arguments.messages < 40:
        parser.error("at least 1 round, 40 messages and 20 turns")
    return arguments


class Bench:
    """One run: prepares both, measures them in turns, writes the result."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments = arguments
        self.console = Console()
        self.texts = sample_messages(arguments.messages)
        self.rounds: dict[str, list[dict[str, float]]] = {"ours": [], "stock": []}
        self.turns: dict[str, list[float]] = {}

    def run(self) -> list[dict[str, Any]]:
        """Measures everything; the rows of the comparison."""
        WORK.mkdir(parents=True, exist_ok=True)
        stock = None if self.arguments.skip_stock else self._prepare_stock()
        model, cost = self._train_ours()
        actions = start_actions(WORK / "actions.log")
        try:
            for number in range(1, self.arguments.rounds + 1):
                # Alternating, so that a slow minute of the machine hits both.
                if stock is not None:
                    started = start_stock(stock, STOCK_PYTHON, actions, WORK)
                    self._measure("stock", number, *started)
                self._measure("ours", number, *start_ours(model, actions, WORK))
        finally:
            actions.stop()
        ours = {**medians(self.rounds["ours"]), **_constant(cost)}
        ours["disk_mb"] = product_mb(ROOT / ".venv", ROOT / "uv.lock")
        theirs = {}
        if stock is not None:
            theirs = {**medians(self.rounds["stock"]), **_constant(stock.cost)}
            # Nothing was installed there beside Rasa.
            theirs["disk_mb"] = environment_mb(STOCK_PYTHON.parent.parent.resolve())
        rows = compare(ours, theirs)
        self._write(rows, ours, theirs, stock)
        return rows

    def _prepare_stock(self) -> StockModel:
        script = ROOT / "benchmarks" / "stock_environment.sh"
        if subprocess.run(["sh", str(script)], check=False).returncode != 0:
            raise BenchmarkError("no stock environment; --skip-stock measures ours.")
        with self.console.status("stock model (training it takes long, once)"):
            stock = stock_model(
                STOCK_PYTHON,
                WORK / "stock",
                epochs=self.arguments.stock_epochs,
                reuse_any=self.arguments.reuse_stock_model,
            )
        self.console.print(f"stock model: {stock.note}")
        return stock

    def _train_ours(self) -> tuple[Path, TrainingCost]:
        folder = WORK / "ours"
        for old in folder.glob("*.tar.gz"):
            old.unlink()
        python = str(ROOT / ".venv" / "bin" / "python")
        with self.console.status("training ours"):
            cost = run_training(
                [python, "-c", TRAIN_OURS, str(folder)], ROOT, WORK / "training.log"
            )
        self.console.print(f"ours trained in {cost.wall_seconds:.0f} s")
        return next(folder.glob("*.tar.gz")), cost

    def _measure(self, name: str, number: int, server: Server, start: float) -> None:
        label = f"{name} {number}"
        columns = (
            TextColumn("{task.description:28}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        try:
            with Progress(*columns, console=self.console) as progress:
                warm = self.texts[:30]
                load(server, warm, f"{label} warm", lambda done: None)
                memory = server.memory_mb()
                task = progress.add_task(f"{label}: 8 clients", total=len(self.texts))
                seen = load(
                    server,
                    self.texts,
                    f"{label} load",
                    lambda done: progress.update(task, completed=done),
                )
                turns = self.arguments.turns
                talk = progress.add_task(f"{label}: one conversation", total=turns)
                latencies = long_conversation(
                    server,
                    turns,
                    f"{label} long",
                    lambda done: progress.update(talk, completed=done),
                )
                memory_after = server.memory_mb()
        finally:
            server.stop()
        early, late = turn_figures(latencies)
        self.turns[name] = latencies
        self.rounds[name].append(
            {
                "start_seconds": start,
                "memory_mb": memory,
                "memory_after_mb": memory_after,
                **asdict(seen),
                "turn_5_ms": early,
                "last_turn_ms": late,
                "late_to_early": late / early,
            }
        )

    def _write(
        self,
        rows: list[dict[str, Any]],
        ours: dict[str, float],
        theirs: dict[str, float],
        stock: StockModel | None,
    ) -> None:
        note = (
            f"{self.arguments.rounds} rounds in turns, medians; "
            f"{len(self.texts)} messages of tests/nlu/choose, "
            f"{self.arguments.turns} turns. "
            f"Stock model: {stock_note(stock)}."
        )
        result = {
            "machine": f"{os.cpu_count()} cores, {platform.platform()}",
            "note": note,
            "comparison": rows,
            "ours": ours,
            "stock": theirs,
            "rounds": self.rounds,
            "turns": self.turns,
        }
        RESULTS.mkdir(parents=True, exist_ok=True)
        (RESULTS / "figures.json").write_text(json.dumps(result, indent=1))
        (RESULTS / "report.html").write_text(page(result), encoding="utf-8")
        self.console.print(f"report: {RESULTS / 'report.html'}")


def stock_note(stock: StockModel | None) -> str:
    """How the rival was trained; its training time is a floor with fewer epochs."""
    if stock is None:
        return "skipped"
    if stock.epochs >= EPOCHS_OF_RASA_INIT:
        return stock.note
    return (
        f"{stock.note}, {stock.epochs} epochs instead of its default "
        f"{EPOCHS_OF_RASA_INIT}, so that its training time is a floor; "
        f"other figures do not depend on the epochs"
    )


def _constant(cost: TrainingCost) -> dict[str, float]:
    """Figures that no round changes."""
    return {
        "training_wall_seconds": cost.wall_seconds,
        "training_cpu_seconds": cost.cpu_seconds,
        "training_peak_mb": cost.peak_mb,
    }


def main() -> None:
    """Command line."""
    arguments = _arguments()
    try:
        rows = Bench(arguments).run()
    except BenchmarkError as error:
        sys.exit(f"bench: {error}")
    print(table(rows))


if __name__ == "__main__":
    main()
