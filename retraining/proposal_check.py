"""What is wrong with a project because of a proposal: house checks, and contradictions.

Fast and without Rasa; ``proposal_rasa`` asks Rasa too, in another process.
``python -m retraining.proposal_check FOLDER`` prints the findings as JSON, for pages.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path

from retraining import (
    check_examples,
    check_files,
    check_form,
    check_handoffs,
    check_wiring,
    proposal_stories,
)
from retraining.check_tree import Problem, Tree

# Those that a change of examples, stories and test stories can offend.
CHECKS = (
    check_files.check_yaml,
    check_files.check_top_keys,
    check_files.check_sizes,
    check_files.check_no_test_files,
    check_wiring.check_intents,
    check_wiring.check_actions,
    check_wiring.check_variation_values,
    check_handoffs.check_handoff_reasons,
    check_examples.check_one_intent,
    check_examples.check_twice,
    check_examples.check_not_shared,
    check_examples.check_private,
    check_examples.check_markup,
    check_form.check_examples_form,
    check_form.check_stories_form,
    proposal_stories.check_against_rules,
    proposal_stories.check_against_stories,
    proposal_stories.check_course,
)


class OverlayTree(Tree):
    """The project's files with those of a proposal laid over them."""

    def __init__(self, root: Path, files: Mapping[str, str]) -> None:
        """Takes relative paths and texts."""
        super().__init__(root, datetime.now(UTC).date())
        self.overlay = files

    def files(self, pattern: str) -> list[str]:
        """(see parent class for full docstring)."""
        new = [name for name in self.overlay if _fits(name, pattern)]
        return sorted({*super().files(pattern), *new})

    def text(self, name: str) -> str:
        """(see parent class for full docstring)."""
        return self.overlay[name] if name in self.overlay else super().text(name)


def check(
    root: Path, files: Mapping[str, str], *, with_rasa: bool = False
) -> list[Problem]:
    """What is wrong with the overlay and not with the project as it is.

    Args:
        root: the project.
        files: the overlay.
        with_rasa: also ask Rasa about the stories.
    """
    after, before = OverlayTree(root, files), OverlayTree(root, {})
    known = {_without_line(problem) for problem in _problems(before)}
    found = [each for each in _problems(after) if _without_line(each) not in known]
    if with_rasa and not any(each.severity == "error" for each in found):
        from retraining.proposal_rasa import ask_rasa

        found += ask_rasa(root, files)
    return sorted(set(found))


def problem_of(error: Exception) -> Problem:
    """What keeps a proposal from being written down at all."""
    return Problem("error", "proposal", "proposal", str(error), "Take the item out.")


def _problems(tree: OverlayTree) -> set[Problem]:
    found = {problem for each in CHECKS for problem in each(tree)}
    return found | set(tree.problems)


def _without_line(problem: Problem) -> tuple[str, str, str]:
    return problem.check, problem.where.split(":")[0], problem.what


def _fits(name: str, pattern: str) -> bool:
    """As ``Path.glob``: ``**`` is any number of folders, none included."""
    return next(_matches(Path(name).parts, Path(pattern).parts), False)


def _matches(parts: tuple[str, ...], pattern: tuple[str, ...]) -> Iterator[bool]:
    if not pattern:
        if not parts:
            yield True
    elif pattern[0] == "**":
        for start in range(len(parts) + 1):
            yield from _matches(parts[start:], pattern[1:])
    elif parts and fnmatch(parts[0], pattern[0]):
        yield from _matches(parts[1:], pattern[1:])


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; the exit code says only whether the checks could be run."""
    from retraining.proposals import Proposal

    parser = argparse.ArgumentParser(prog="python -m retraining.proposal_check")
    parser.add_argument("folder", type=Path, help="of the proposal")
    parser.add_argument("--with-rasa", action="store_true", help="ask Rasa too")
    options = parser.parse_args(arguments)
    found = Proposal.load(options.folder).check(with_rasa=options.with_rasa)
    print(json.dumps([asdict(problem) for problem in found]))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
