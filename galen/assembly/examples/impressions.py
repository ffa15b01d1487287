"""Examples where a shop logs what it showed: impressions with what came of them.

Features are Ibis expressions, so each row holds what was known just before its impression.
"""

from dataclasses import dataclass
from typing import Final

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from galen.assembly.examples.people import PeopleColumns
from galen.assembly.split import Split, SplitError
from galen.data.arrays import Ints
from galen.data.dataset import Dataset
from galen.data.schema import Kind, Surface
from galen.data.shop import Shop
from galen.features.assembly import HISTORY, ID_KEYS
from galen.features.counts import codes_of
from galen.features.declared import DECLARED
from galen.features.from_tables import TableFeatures
from galen.features.logs import UserLogs
from galen.features.offline import Engine, connected, features_at, shop_tables
from galen.features.probes import LABELS, impression_probes
from galen.features.store import CARRIED
from galen.pipeline.candidates import Batch, Candidates, Requests
from galen.pipeline.stages import Examples

ROWS: Final = 400_000
"""Impressions that are learned from at most; more are thinned by whole requests, by seed."""


def has_impressions(shop: Shop) -> bool:
    """Does the shop log what it showed?"""
    kinds = shop.read("events", ["kind"])["kind"]
    return bool(pc.any(pc.equal(kinds, int(Kind.IMPRESSION))).as_py())


def impression_examples(
    shop: Shop,
    split: Split,
    *,
    seed: int,
    by_propensity: bool = False,
    most: int = ROWS,
    engine: Engine | None = None,
    tables: tuple[TableFeatures, ...] = (),
) -> tuple[Examples, Examples, Examples]:
    """Examples of the time to learn from, to choose on, and to test on; in windows of the split.

    What came of a row after its window is not known in it.

    `by_propensity` weighs each row by 1 / the probability with which it was shown. `tables` bring
    features of their own, as far as they may be known at each row's moment.

    Raises:
        SplitError: the split is not by time, or a window has no impressions.
    """
    if split.valid.after is None:
        raise SplitError(
            "examples from impressions need a split by time; use --protocol global-time, or "
            'examples = "replay" in the recipe.'
        )
    ends = [split.valid.after]
    if split.test is not None and split.test.after is not None:
        ends.append(split.test.after)
    with connected(engine or Engine()) as connection:
        known = shop_tables(connection, shop)
        probes = impression_probes(known.events, known.users, ends=ends)
        probes = _thinned(probes, most, seed)
        table = features_at(probes, known).order_by("probe").to_pyarrow()
    at = np.asarray(table["at"], dtype=np.int64)
    shown = _Shown(Dataset.read(shop), PeopleColumns.read(shop), by_propensity, tables)
    start, stop = ends[0], ends[1] if len(ends) > 1 else int(at.max(initial=0)) + 1
    windows = (at < start, (at >= start) & (at < stop), at >= stop)
    learning, held_out, test = (shown.examples(table.filter(pa.array(rows))) for rows in windows)
    for name, part in (("to learn from", learning), ("to choose on", held_out)):
        if not len(part):
            raise SplitError(f"the shop has no impressions in the time {name}.")
    return learning, held_out, test


def _thinned(probes: ibis.Table, most: int, seed: int) -> ibis.Table:
    """All rows of requests drawn by a multiplicative hash of their user and first moment."""
    rows = int(probes.count().to_pyarrow().as_py())
    if rows <= most:
        return probes
    request = probes.request.coalesce(probes["at"].cast("string"))
    known = probes.mutate(asked=request)
    first = known["at"].min().over(ibis.window(group_by=("user", "asked")))
    drawn = (known.user.cast("int64") * 2_654_435 + first // 1_000 + seed * 40_503) % 10_007
    chosen = known.mutate(drawn=drawn)
    return chosen.filter(chosen.drawn < int(10_007 * most / rows)).drop("asked", "drawn")


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a shop showed, and what rows of it are joined with."""

    data: Dataset
    people: PeopleColumns
    by_propensity: bool
    tables: tuple[TableFeatures, ...]

    def examples(self, table: pa.Table) -> Examples:
        """Rows of one window, those of a request together."""
        group = _group(table)
        order = np.argsort(group, kind="stable")
        labels = {
            objective: np.asarray(table[objective], dtype=np.float64)[order] for objective in LABELS
        }
        weight = np.ones(len(table))
        if self.by_propensity:
            weight = np.asarray(pc.cast(table["weight"], pa.float64()), dtype=np.float64)
        return Examples(self._batch(table.take(order), group[order]), labels, weight[order])

    def _batch(self, table: pa.Table, group: Ints) -> Batch:
        """Features by row; histories as they stood at the first row of each request."""
        columns = {}
        for name in sorted(feature.name for feature in DECLARED):
            column = pc.cast(table[name], pa.float64())
            columns[name] = np.asarray(pc.fill_null(column, np.nan), dtype=np.float32)
        user, item = (np.asarray(table[name], dtype=np.int64) for name in ("user", "item"))
        surface = np.nan_to_num(columns["surface"], nan=float(Surface.HOME)).astype(np.int64)
        requests = self._requests(table, group, surface)
        for one in self.tables:
            found = one.past_columns(requests, Candidates(group, item))
            columns |= {name: values.astype(np.float32) for name, values in found.items()}
        history = requests.history.latest(HISTORY)
        catalogue = self.data.catalogue
        return Batch(
            group,
            {},
            columns,
            {
                **{key: codes_of(catalogue, key, item) for key in ID_KEYS},
                "user": user,
                "scene": surface,
                "position": np.asarray(pc.fill_null(table["position"], -1), dtype=np.int64),
            },
            history,
            {
                **{key: codes_of(catalogue, key, history.item) for key in ID_KEYS},
                "kind": history.kind.astype(np.int64),
            },
        )

    def _requests(self, table: pa.Table, group: Ints, surface: Ints) -> Requests:
        """Each request as it came when its first row was shown; rows are in order of time."""
        _, first = np.unique(group, return_index=True)
        user, at = (np.asarray(table[name], dtype=np.int64)[first] for name in ("user", "at"))
        acted = self.data.take(self.data.kind != int(Kind.IMPRESSION))
        log = UserLogs.replay(acted)
        people = self.people
        return Requests(
            user=user,
            at=at,
            history=log.before(user, at).latest(CARRIED),
            surface=surface[first],
            age=people.age[user],
            region=[people.region[one] for one in user],
            seed=np.zeros(len(user), np.int64),
            life_stage=[people.life_stage[one] for one in user],
            household=people.household[user],
        )


def _group(table: pa.Table) -> Ints:
    """(N,): a number for each request; impressions without one are grouped by user and moment."""
    user = pc.cast(table["user"], pa.string())
    moment = pc.binary_join_element_wise(user, pc.cast(table["at"], pa.string()), "/")
    codes = pc.coalesce(table["request"], moment).combine_chunks().dictionary_encode()
    indices = codes.indices if isinstance(codes, pa.DictionaryArray) else codes.chunk(0).indices
    _, group = np.unique(np.asarray(indices, dtype=np.int64), return_inverse=True)
    return group.astype(np.int64)
