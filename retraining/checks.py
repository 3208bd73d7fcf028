"""The house checks: what Rasa does not check and patients would notice.

``python -m retraining.checks`` (``make check``) prints a table and fails on errors;
the front desk calls ``run_checks`` before it publishes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from retraining import (
    check_answers,
    check_approval,
    check_code,
    check_examples,
    check_files,
    check_form,
    check_handoffs,
    check_wiring,
)
from retraining.check_tree import Problem, Tree

__all__ = ["CHECKS", "Problem", "main", "run_checks"]

ROOT = Path(__file__).resolve().parent.parent
Check = Callable[[Tree], Iterator[Problem]]
CHECKS: tuple[Check, ...] = (
    check_files.check_yaml,
    check_files.check_top_keys,
    check_files.check_sizes,
    check_files.check_no_test_files,
    check_files.check_classes,
    check_approval.check_clinic_file,
    check_approval.check_clinic_keys,
    check_approval.check_approval,
    check_answers.check_answers,
    check_wiring.check_responses_once,
    check_wiring.check_intents,
    check_wiring.check_topics,
    check_wiring.check_actions,
    check_handoffs.check_handoff_reasons,
    check_wiring.check_variation_values,
    check_examples.check_one_intent,
    check_examples.check_twice,
    check_examples.check_not_shared,
    check_examples.check_private,
    check_examples.check_markup,
    check_form.check_examples_form,
    check_form.check_stories_form,
    check_code.check_imports,
    check_code.check_no_text_in_code,
)


def run_checks(
    root: Path = ROOT,
    *,
    today: date | None = None,
    checks: Sequence[Check] = CHECKS,
) -> list[Problem]:
    """Every problem of the project's files, errors first.

    Args:
        root: the folder with ``domain.yml`` and ``data``.
        today: the day that review dates are compared with; default: today.
        checks: some of the checks, for tests.
    """
    return _problems(_tree(root, today), checks)


def _tree(root: Path, today: date | None) -> Tree:
    return Tree(root, today or datetime.now(UTC).date())


def _problems(tree: Tree, checks: Sequence[Check]) -> list[Problem]:
    found = {problem for check in checks for problem in check(tree)}
    return sorted(found | set(tree.problems))


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code: 1 if there are errors."""
    parser = argparse.ArgumentParser(prog="python -m retraining.checks")
    parser.add_argument("root", nargs="?", type=Path, default=ROOT)
    tree = _tree(parser.parse_args(arguments).root, None)
    problems = _problems(tree, CHECKS)
    _print_table(problems)
    errors = sum(problem.severity == "error" for problem in problems)
    drafts = check_approval.draft_count(tree)
    print(f"{drafts} of {len(list(tree.entries))} texts are drafts.")
    print(f"{errors} errors, {len(problems) - errors} warnings")
    return 1 if errors else 0


def _print_table(problems: list[Problem]) -> None:
    """A table in a terminal; one line each elsewhere, so that it can be searched."""
    if not sys.stdout.isatty():
        for problem in problems:
            print(
                f"{problem.severity}: {problem.where}: {problem.what}. "
                f"-> {problem.do} [{problem.check}]"
            )
        return
    if not problems:
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table("", "where", "what", "what to do", show_lines=True)
    for problem in problems:
        colour = "red" if problem.severity == "error" else "yellow"
        cells = (problem.where, problem.what, problem.do)
        severity = f"[{colour}]{problem.severity}[/]\n{problem.check}"
        table.add_row(severity, *(escape(cell) for cell in cells))
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
