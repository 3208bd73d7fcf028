"""McNemar's exact test: is one model worse than another on the same messages?

Only messages on which the two differ say anything. If neither were better, each of them
would be a coin's toss: the test is the binomial one on their number (McNemar 1947; the
exact form as in Fagerland, Lydersen and Laake 2013, BMC Medical Research Methodology
13:91). One-sided: getting better stops nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scipy.stats import binom


@dataclass(frozen=True)
class Pairs:
    """The same items under two models."""

    n: int
    both: int  # right under both
    worse: int  # right before, wrong after
    better: int  # wrong before, right after

    @property
    def before(self) -> int:
        """Right before."""
        return self.both + self.worse

    @property
    def after(self) -> int:
        """Right after."""
        return self.both + self.better

    @property
    def p(self) -> float:
        """How likely so many more are worse than better by chance alone."""
        return p_worse(self.worse, self.better)

    @property
    def lost(self) -> float:
        """By how much the share of right ones fell; negative if it rose."""
        return (self.worse - self.better) / self.n if self.n else 0.0


def p_worse(worse: int, better: int) -> float:
    """One-sided exact p value of McNemar's test; 1 where nothing differs."""
    changed = worse + better
    return float(binom.sf(worse - 1, changed, 0.5)) if changed else 1.0


def pairs_of(before: Iterable[bool], after: Iterable[bool]) -> Pairs:
    """Counts what became of each item."""
    rows = list(zip(before, after, strict=True))
    return Pairs(
        n=len(rows),
        both=sum(was and now for was, now in rows),
        worse=sum(was and not now for was, now in rows),
        better=sum(now and not was for was, now in rows),
    )


def holm(values: Sequence[float]) -> list[float]:
    """P values made larger for how many were looked at (Holm 1979), in their order."""
    order = sorted(range(len(values)), key=values.__getitem__)
    adjusted = [0.0] * len(values)
    largest = 0.0
    for rank, place in enumerate(order):
        largest = max(largest, min(1.0, (len(values) - rank) * values[place]))
        adjusted[place] = largest
    return adjusted
