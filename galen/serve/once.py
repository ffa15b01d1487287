"""One slate for the command line: the same state and pipeline as the server's, without a server."""

import difflib
import sqlite3
import uuid
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from galen.assembly.bundle import Bundle
from galen.data.shop import Shop
from galen.eligibility.guard import Guard
from galen.serve import tables
from galen.serve.messages import SURFACES, Recommendation, RecommendRequest
from galen.serve.moments import now_in_microseconds
from galen.serve.recommender import Recommender
from galen.serve.settings import Settings, SettingsError, folder_of_log
from galen.serve.snapshot import Snapshots
from galen.serve.state import LOG, SNAPSHOT, State


@dataclass(frozen=True, slots=True)
class Told:
    """A recommendation for a person at a terminal."""

    reply: Recommendation
    known: bool  # is the user who was named known?

    def json(self) -> str:
        return self.reply.model_dump_json(indent=1)

    @property
    def table(self) -> Table:
        table = Table("", "item", "title", "price", "why", "channels")
        for number, item in enumerate(self.reply.items, start=1):
            price = "" if item.price is None else f"{item.price:.2f}"
            channels = ", ".join(item.channels)
            table.add_row(str(number), item.id, item.title, price, item.reason, channels)
        return table

    @property
    def trace(self) -> str:
        lines = [] if self.known else ["The user is not known; this is what anybody would see."]
        if self.reply.degraded:
            lines.append(f"Answered without: {', '.join(self.reply.degraded)}")
        steps = [] if self.reply.explanation is None else self.reply.explanation.steps
        lines += [f"{s.name:<28}{s.rows:>7} rows {s.milliseconds:>9.2f} ms" for s in steps]
        lines += self.reply.cards
        return "\n".join(
            [*lines, f"model {self.reply.model_version}, rules {self.reply.rules_version}"]
        )


def recommend_once(
    shop_folder: Path,
    bundle_folder: Path,
    *,
    user: str | None,
    recent: Sequence[str],
    n: int,
    surface: str,
    pack: str = "general",
) -> Told:
    """What the server would answer now; its log is read, and nothing is written.

    Raises:
        ShopError, BundleError: a folder cannot be opened.
        SettingsError: there is no such surface.
    """
    if surface not in SURFACES:
        near = difflib.get_close_matches(surface, SURFACES, n=1, cutoff=0.0)
        raise SettingsError(f"there is no surface {surface!r}; did you mean {near[0]!r}?")
    shop, bundle = Shop.open(shop_folder), Bundle.open(bundle_folder)
    folder = folder_of_log(Settings(), shop_folder)
    with closing(_reading(folder / LOG)) as log:
        state = State.restore(shop, log, Snapshots(folder / SNAPSHOT))
    pipeline = bundle.pipeline(state.catalogue, state.store)
    asked = RecommendRequest(user=user, recent=list(recent), n=n, surface=surface, explain=True)
    guard = Guard.of(state.catalogue, pack=pack, withdrawals=state.withdrawals)
    recommender = Recommender(state, pipeline, bundle.version, guard)
    answer = recommender.answer(asked, uuid.uuid4().hex, now_in_microseconds())
    return Told(answer.reply, user is None or state.people.row(user) >= 0)


def _reading(path: Path) -> sqlite3.Connection:
    """The server's log, or an empty one where nothing was served yet."""
    if path.exists():
        return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)
    empty = sqlite3.connect(":memory:", isolation_level=None)
    tables.prepare(empty)
    return empty
