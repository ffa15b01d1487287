"""What to do, in one plain sentence a slice, made from the figures and nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from galen.compare.forbidden import Forbidden
from galen.compare.verdicts import FEWEST, SliceVerdict, opposite
from galen.evaluate.intervals import Interval

ALIKE: Final = 1.25
"""Two trainings of one recipe on a shared machine may cost as many times each other."""


@dataclass(frozen=True, slots=True)
class Advice:
    """One slice's recipe, and the sentence that says so."""

    slice: str
    use: str  # a recipe
    sentence: str


def advise(verdict: SliceVerdict, costs: Mapping[str, float], *, metric: str = "NDCG@10") -> Advice:
    """The cheapest recipe of those that are not surely worse than the best.

    `costs` is what it cost to learn each recipe, in dollars or any other unit. Of those within
    `ALIKE` of the least the one with the best figure is taken, of equals the first.
    """
    whom, costs = words_of(verdict.slice), _Costs(costs)
    level = [n for n in verdict.means if n == verdict.best or not verdict.over_best[n].surely]
    cheap = costs.least(level)
    use = max(cheap, key=lambda n: verdict.means[n])
    value = f"{metric} {verdict.means[use]:.4f}"
    if verdict.people < FEWEST:
        advice = f"{whom.capitalize()}: only {verdict.people}, too few to tell; {use} has {value}."
    elif not any(verdict.means.values()):
        cheapest = "the cheapest" if len(cheap) == 1 else "of the cheapest"
        advice = f"For {whom} no recipe finds anything ({value}); {use} is {cheapest} to learn."
    elif len(verdict.means) == 1:
        advice = f"For {whom} use {use}: {value}; nothing else was compared."
    elif len(level) == 1:
        advice = f"For {whom} use {use}: {value}, {_gain(verdict, use, costs)}."
    elif len(level) == len(verdict.means):
        cheapest = "the cheapest" if len(cheap) == 1 else "the best of the cheapest"
        advice = f"For {whom} nothing is surely better than another: use {use}, {cheapest} to "
        advice += f"learn: {value}{_from_best(verdict, use, costs)}."
    else:
        advice = f"For {whom} use {use}: {value}{_over_first(verdict, use, costs)}"
        advice += f"{_from_best(verdict, use, costs) or _rivals(use, level, cheap)}."
    return Advice(verdict.slice, use, advice)


class _Costs(dict[str, float]):
    """What each recipe cost to learn."""

    def least(self, names: Sequence[str]) -> list[str]:
        """Those whose cost is about the least."""
        return [n for n in names if self[n] <= ALIKE * min(self[one] for one in names)]

    def times(self, use: str, over: str) -> str:
        """One recipe's cost as a multiple of another's."""
        if self[over] <= 0:
            return "which costs nothing to learn"
        ratio = self[use] / self[over]
        return f"at {f'{ratio:,.0f}' if ratio >= 10 else f'{ratio:.2g}'}x its training cost"


def _gain(verdict: SliceVerdict, use: str, costs: _Costs) -> str:
    """What the surely best gains over the first recipe; where it is the first, over the next."""
    over = next(iter(verdict.means))
    if use != over:
        return f"{_signed(verdict.over_first[use].change)} over {over}, {costs.times(use, over)}"
    over = max((n for n in verdict.means if n != use), key=lambda n: verdict.means[n])
    gain = opposite(verdict.over_best[over].change)
    return f"{_signed(gain)} over {over}, {costs.times(use, over)}"


def _over_first(verdict: SliceVerdict, use: str, costs: _Costs) -> str:
    """What it gains over the first recipe, where that is sure."""
    if use not in verdict.over_first or not verdict.over_first[use].better:
        return ""
    return f", {_gain(verdict, use, costs)}"


def _from_best(verdict: SliceVerdict, use: str, costs: _Costs) -> str:
    if use == verdict.best:
        return ""
    change, best = verdict.over_best[use].change, verdict.best
    return f"; {_signed(change)} against {best}, {costs.times(use, best)}"


def _rivals(use: str, level: Sequence[str], cheap: Sequence[str]) -> str:
    """Those that are not surely worse than the best, which is advised."""
    told = ""
    for names, but in (
        ([n for n in level if n not in cheap], ", but dearer to learn"),
        ([n for n in cheap if n != use], ", at about the same cost"),
    ):
        if names:
            told += f"; {_listed(names)} {'is' if len(names) == 1 else 'are'} not surely worse{but}"
    return told


def _signed(change: Interval) -> str:
    return f"{change.value:+.4f} [{change.low:.4f}, {change.high:.4f}]"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def advise_on_safety(found: Mapping[str, tuple[Forbidden, Forbidden]]) -> str:
    """One sentence from {recipe: (with the gate, without it)}."""
    with_gate = {name: gated.forbidden for name, (gated, _) in found.items() if gated.forbidden}
    if with_gate:
        listed = ", ".join(f"{name} {count:,}" for name, count in with_gate.items())
        return f"Do not serve: forbidden items were shown through the gate ({listed})."
    shown = sum(gated.shown for gated, _ in found.values())
    safe = f"With the gate no recipe showed a forbidden item in {shown:,} rows"
    if not any(free.forbidden for _, free in found.values()):
        rows = sum(free.shown for _, free in found.values())
        return f"{safe}; without it there was none in {rows:,} rows either."
    listed = ", ".join(
        f"{name} {free.forbidden:,} of {free.shown:,}" for name, (_, free) in found.items()
    )
    return (
        f"{safe}; without it there would have been: {listed}. Keep the gate, whichever you choose."
    )


def words_of(name: str) -> str:
    """A slice's name as a sentence says it: who, or for what."""
    known = {
        "all": "everybody",
        "history 0": "people without a history",
        "history 1-3": "people with 1-3 events",
        "history 4-10": "people with 4-10 events",
        "history > 10": "people with more than 10 events",
        "warm items": "those who take warm items",
        "tail items": "those who take items of the tail",
    }
    if name in known:
        return known[name]
    for start, said in (
        ("cold item", "those who take a cold item"),
        ("head items", "those who take items of the head"),
        ("surface ", "the surface "),
        ("department ", "the department "),
    ):
        if name.startswith(start):
            rest = name.removeprefix(start)
            return said if not said.endswith(" ") else said + rest
    return name
