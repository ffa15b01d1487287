"""Bought before and due again: health goods run out, and a person comes back for the same one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc
from safetensors.numpy import load_file, save_file

from galen.data.arrays import Bools, Floats, Ints
from galen.data.catalogue import Catalogue
from galen.data.dataset import Dataset
from galen.data.mendable import MendableError
from galen.data.schema import DAY, Kind
from galen.pipeline.candidates import Candidates, Histories, Requests, no_candidates
from galen.recall.renewal.fitting import fit_renewal
from galen.recall.renewal.model import Outlook, Renewal
from galen.recall.renewal.spells import Purchases, Spells, spells_of

DUE: Final = (0.1, 0.5, 0.9)
"""Shares of the people who come back that have done so by the interval's beginning, middle, end."""

FAR: Final = 3650.0  # days; who comes so late is not waited for
TELLABLE: Final = 365.0  # days; a date beyond them tells a person nothing
FILE: Final = "repurchase.safetensors"
Good = Literal["product", "word"]


class RepurchaseError(MendableError):
    """What was saved of the channel cannot be read; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Repurchase:
    """Items of a person's own purchases, by the probability of buying them again soon.

    How long a purchase lasts is told by pack, daily dose and quantity where the items have a dose,
    else learned from the packs bought; how far a household shares it is learned too. What runs out
    is the standard product, or the `word` (the narrowest category) where people change brands; then
    a product has the share that it had among a person's purchases of its word. Nothing is proposed
    too early: while less than `suppress` of such spells would be over. Goods that fewer than `once`
    of the people buy again are left out, and so is what has a word of `courses` as category,
    ingredient or words of its title: such a course ends.
    Where the shop has no clock, only the times bought and the newness count.
    """

    of: Good = "product"  # what runs out: the standard product, or its narrowest category
    horizon: float = 7.0  # days
    suppress: float = 0.0  # least share of spells that would be over by now; 0 never waits
    once: float = 0.0  # least share of people who buy it again; 0 leaves nothing out
    courses: tuple[str, ...] = ()  # categories, ingredients or words of titles not proposed

    def fit(self, data: Dataset) -> "RepurchaseIndex":
        catalogue, bought = data.catalogue, data.of(Kind.PURCHASE)
        good, above = goods_of(catalogue, self.of)
        course = ends(catalogue, self.courses)
        product = catalogue.spu.copy()
        if data.clock == "order":
            one, unknown = np.ones(len(good)), np.full(len(good), np.nan)
            return RepurchaseIndex(self, product, good, one, unknown, course, None)
        pack = packs(catalogue, good)
        days = days_of_supply(catalogue, good, pack)
        user, item = bought.user.astype(np.int64), bought.item.astype(np.int64)
        count = bought.packs
        household = None if data.household is None else data.household[user]
        made = Purchases(
            user, good[item], bought.at, pack[item] * count, days[item] * count, household
        )
        spells = spells_of(made, np.full(len(bought), int(data.at.max(initial=0))))
        renewal = fit_renewal(spells, above)
        return RepurchaseIndex(self, product, good, pack, days, course, renewal)

    def load(self, folder: Path) -> "RepurchaseIndex":
        """Read what was saved.

        Raises:
            RepurchaseError: an older galen saved it, or with other settings.
        """
        saved = load_file(folder / FILE)
        missing = sorted({"product", "good", "pack", "days", "course"} - set(saved))
        if missing:
            raise RepurchaseError(
                f"{folder / FILE} has no {', '.join(missing)}: another version of galen saved it. "
                "Make the bundle again with `galen train`."
            )
        renewal = None
        if "shop" in saved:
            of_goods = saved["shape"], saved["scale"], saved["again"]
            renewal = Renewal(*of_goods, *saved["shop"].tolist())
        course = saved["course"].astype(bool)
        product, good, pack = saved["product"], saved["good"], saved["pack"]
        return RepurchaseIndex(self, product, good, pack, saved["days"], course, renewal)


@dataclass(frozen=True, slots=True)
class BoughtProducts:
    """What people of R requests bought, a row for each standard product of each of them."""

    request: Ints  # (N,) ascending
    item: Ints  # (N,) the SKU bought last
    times: Floats  # (N,)
    waited: Floats  # (N,) days; places in the history where the clock is "order"
    share: Floats  # (N,) of the product in the person's purchases of its good
    pair: Ints  # (N,) row of `spells`
    spells: Spells


@dataclass(frozen=True, slots=True)
class RepurchaseIndex:
    """`Repurchase` after learning: what was bought and how soon it is bought again."""

    settings: Repurchase
    product: Ints  # (items,) standard product
    good: Ints  # (items,) code of what runs out
    pack: Floats  # (items,) size, in typical packs of the good
    days: Floats  # (items,) that a pack lasts one person by its dose; NaN where not known
    course: Bools  # (items,) a course that ends
    renewal: Renewal | None  # None where the shop has no clock

    def retrieve(self, requests: Requests, k: int) -> Candidates:
        bought = self.bought(requests)
        if not len(bought.item):
            return no_candidates(("score",))
        if self.renewal is None:
            score = np.log1p(bought.times) - np.log1p(bought.waited)
            keep = ~self.course[bought.item]
        else:
            outlook = self.renewal.outlook(bought.spells)
            soon = outlook.within(self.settings.horizon)[bought.pair] * bought.share
            score = np.log(np.maximum(soon, 1e-12))
            keep = self._wanted(bought, outlook)
        found = Candidates(bought.request, bought.item, {"score": score})
        return found.take(keep).top(k, by="score")

    def why(self, requests: Requests, request: int) -> Callable[[int], str | None]:
        """When what a person bought is due: by which half buy again, between a tenth and nine."""
        asked = requests.part(request, request + 1)
        bought = self.bought(asked)
        if self.renewal is None or not len(bought.item):
            return lambda item: None
        outlook = self.renewal.outlook(bought.spells)
        due = np.stack([outlook.due(share) for share in DUE], axis=1)[bought.pair]
        due[outlook.passed()[bought.pair] >= DUE[1]] = 0  # half would have come by now
        reasons = [_due_in_words(int(asked.at[0]), *days) for days in due.tolist()]
        of_product = dict(zip(self.product[bought.item].tolist(), reasons, strict=True))

        def reason(item: int) -> str | None:
            product = int(self.product[item]) if item < len(self.product) else -1
            return of_product.get(product)

        return reason

    def bought(self, requests: Requests) -> BoughtProducts:
        """What people bought, with the spells of the goods."""
        log = requests.history
        history = log.take((log.kind == int(Kind.PURCHASE)) & (log.item < len(self.good)))
        request, item, good = history.request, history.item, self.good[history.item]
        spells = self._spells(requests, history)
        product = self.product[item]
        key = request * (int(product.max(initial=0)) + 1) + product
        order = np.lexsort((history.at, key))
        last = np.flatnonzero(np.append(np.diff(key[order]) != 0, True)[: len(key)])
        times = np.diff(np.append(-1, last)).astype(np.float64)
        row = order[last]
        width = int(good.max(initial=0)) + 1
        pair = np.searchsorted(
            spells.person * width + spells.good, request[row] * width + good[row]
        )
        total = np.bincount(pair, times, minlength=len(spells))
        scale = DAY if self.renewal is not None else 1
        waited = np.maximum((requests.at[request[row]] - history.at[row]) / scale, 0.0)
        return BoughtProducts(
            request[row], item[row], times, waited, times / total[pair], pair, spells
        )

    def _spells(self, requests: Requests, history: Histories) -> Spells:
        item, request, count = history.item, history.request, history.packs
        household = None if requests.household is None else requests.household[request]
        amount, days = self.pack[item] * count, self.days[item] * count
        made = Purchases(request, self.good[item], history.at, amount, days, household)
        return spells_of(made, requests.at[request])

    def _wanted(self, bought: BoughtProducts, outlook: Outlook) -> Bools:
        assert self.renewal is not None
        keep = ~self.course[bought.item]
        keep &= self.renewal.again[self.good[bought.item]] >= self.settings.once
        keep &= outlook.passed()[bought.pair] >= self.settings.suppress
        return np.asarray(keep)

    def save(self, folder: Path) -> None:
        tensors: dict[str, npt.NDArray[Any]] = {
            "product": self.product,
            "good": self.good,
            "pack": self.pack,
            "days": self.days,
            "course": self.course.astype(np.uint8),
        }
        if self.renewal is not None:
            learned = self.renewal
            habits = learned.spread, learned.steadiness, learned.elasticity, learned.sharing
            tensors |= {
                "shape": learned.shape,
                "scale": learned.scale,
                "again": learned.again,
                "shop": np.array([*habits, learned.unit]),
            }
        save_file(tensors, folder / FILE)


def _due_in_words(now: int, early: float, usual: float, late: float) -> str:
    """Of a product that is due in so many days; `now` in microseconds since the epoch."""
    if usual < 1:
        return "You bought this before and it may have run out"
    if usual > TELLABLE:
        return "You bought this before"
    today = datetime.fromtimestamp(now / 1e6, UTC)
    dates = (today + timedelta(days=min(days, FAR)) for days in (usual, early, late))
    around, first, last = (_day(date) for date in dates)
    return (
        f"You bought this before and may need it again around {around}, between {first} and {last}"
    )


def _day(when: datetime) -> str:
    return f"{when.day} {when:%B %Y}"


def packs(catalogue: Catalogue, good: Ints) -> Floats:
    """(items,) pack size over the typical one of the good with the same unit; 1 where unknown."""
    table = catalogue.table
    size = pc.fill_null(table["pack_size"], float("nan"))
    units = pc.fill_null(table["pack_unit"], "").combine_chunks().dictionary_encode()
    unit = np.asarray(units.indices, dtype=np.int64)
    pairs = np.unique(good * (unit.max(initial=0) + 1) + unit, return_inverse=True)[1]
    return _relative(np.asarray(size, dtype=np.float64), pairs.astype(np.int64))


def days_of_supply(catalogue: Catalogue, good: Ints, pack: Floats) -> Floats:
    """(items,) days that a pack lasts one person, by pack size and daily dose; NaN where unknown.

    A pack whose days are not told lasts as long as those of its good that are, by its size `pack`
    (items,) in typical packs.
    """
    size, dose = catalogue.pack_size, catalogue.daily_dose
    with np.errstate(divide="ignore", invalid="ignore"):
        days = np.where((size > 0) & (dose > 0), size / dose, np.nan)
    known = np.isfinite(days)
    count = np.bincount(good, known)
    of_one = np.log(np.where(known, days / pack, 1.0))
    with np.errstate(invalid="ignore"):
        mean = np.exp(np.bincount(good, of_one) / count)  # 0 / 0 is NaN: no dose of the good
    return np.asarray(np.where(known, days, mean[good] * pack))


def ends(catalogue: Catalogue, courses: Sequence[str]) -> Bools:
    """(items,) is a word of `courses` its category, an ingredient, or words of its title?"""
    wanted = {word.casefold() for word in courses}
    if not wanted:
        return np.zeros(len(catalogue), bool)
    table = catalogue.table
    said = zip(
        *(table[name].to_pylist() for name in ("category", "ingredients", "title")), strict=True
    )
    out = []
    for path, ingredients, title in said:
        named = {word.casefold() for word in [*(path or ()), *(ingredients or ())]}
        words = f" {(title or '').casefold()} "
        out.append(bool(named & wanted) or any(f" {word} " in words for word in wanted))
    return np.array(out, bool)


def goods_of(catalogue: Catalogue, of: Good) -> tuple[Ints, Ints]:
    """(items,) the code of what runs out, and (goods,) the category above it, -1 where none.

    An item without a category is a word of its own: its standard product.
    """
    if of == "product":
        good, over = catalogue.spu.copy(), catalogue.category
    else:
        words = int(catalogue.category.max(initial=-1)) + 1
        good = np.where(catalogue.category < 0, words + catalogue.spu, catalogue.category)
        over = catalogue.department
    above = np.full(int(good.max(initial=-1)) + 1, -1, np.int64)
    above[good] = over
    return good.astype(np.int64), above


def _relative(value: Floats, group: Ints) -> Floats:
    """Values over the geometric mean of their group; 1 where not known or not above 0."""
    known = np.isfinite(value) & (value > 0)
    logs = np.log(np.where(known, value, 1.0))
    count = np.bincount(group, known)
    mean = np.bincount(group, logs) / np.maximum(count, 1)
    return np.asarray(np.where(known, np.exp(logs - mean[group]), 1.0))
