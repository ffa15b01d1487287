"""Which recipes are compared by which metric: those that it was measured of on the same people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from galen.compare.comparison import Comparison, Entry
from galen.compare.figures import COVERAGE, GAUC, METRICS, NOVELTY
from galen.compare.verdicts import SliceVerdict, verdicts
from galen.evaluate.measures import Coverage, Measure, PersonMean, SumRatio
from galen.evaluate.slices import Slice


@dataclass(frozen=True)
class RecipeFamily:
    """Recipes that one metric was measured of on the same people."""

    measures: Mapping[str, Measure]  # of each recipe
    slices: Sequence[Slice]  # the first is everybody


@dataclass(frozen=True)
class JudgedFamily:
    """A family's verdicts, slice by slice, and over how many comparisons they are corrected."""

    verdicts: Sequence[SliceVerdict]  # the first is of everybody
    compared: int

    def of(self, slice_name: str) -> SliceVerdict | None:
        """The verdict of a slice; None where the family has no such slice."""
        return next((one for one in self.verdicts if one.slice == slice_name), None)


def judged_by(comparison: Comparison, metric: str, *, seed: int) -> list[JudgedFamily]:
    """The verdicts of each family; the family of the recipe that was named first comes first."""
    families = _ranked(comparison) if metric == GAUC else _asked(comparison, metric)
    return [
        JudgedFamily(*verdicts(family.measures, family.slices, seed=seed)) for family in families
    ]


def _asked(comparison: Comparison, metric: str) -> list[RecipeFamily]:
    """All were asked the same people; figures of before a metric was kept by person lack it."""
    found = {entry.name: _measure(entry, metric) for entry in comparison.entries}
    measures = {name: measure for name, measure in found.items() if measure is not None}
    return [RecipeFamily(measures, comparison.slices)] if measures else []


def _measure(entry: Entry, metric: str) -> Measure | None:
    if metric in METRICS:
        return PersonMean(entry.by_person[metric])
    if entry.first is None:
        return None
    if metric == COVERAGE:
        return Coverage(entry.first, entry.learned.items)
    if NOVELTY not in entry.by_person:
        return None
    shown = (entry.first >= 0).sum(axis=1, keepdims=True).astype(float)
    return SumRatio(entry.by_person[NOVELTY][:, None] * shown, shown)


def _ranked(comparison: Comparison) -> list[RecipeFamily]:
    """Rankers of other objectives are of another family."""
    families: list[list[Entry]] = []
    for entry in comparison.entries:
        if entry.ranked is None:
            continue
        for family in families:
            if family[0].ranked is not None and entry.ranked.like(family[0].ranked):
                family.append(entry)
                break
        else:
            families.append([entry])
    found = []
    for family in families:
        ranked = family[0].ranked
        assert ranked is not None
        measures = {one.name: one.ranked.gauc for one in family if one.ranked is not None}
        slices = ranked.slices(comparison.users, comparison.slices)
        found.append(RecipeFamily(measures, slices))
    return found
