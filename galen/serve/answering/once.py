"""One slate for the command line: the same state and pipeline as the server's, without a server."""

import sqlite3
import uuid
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from galen.assembly.bundles.bundle import Bundle
from galen.data.did_you_mean import did_you_mean
from galen.data.shop import Shop
from galen.knowledge.pack import SurfaceName
from galen.serve.answering.recommender import Recommender
from galen.serve.answering.state import LOG, SNAPSHOT, ShopState
from galen.serve.answering.why import explain_item
from galen.serve.durable import tables
from galen.serve.durable.log import reading
from galen.serve.durable.snapshot import Snapshots
from galen.serve.messages import SURFACES, ItemExplained, Recommendation, RecommendRequest
from galen.serve.missing import NotFound
from galen.serve.moments import day_of, now_in_microseconds
from galen.serve.settings import Settings, SettingsError, folder_of_log
from galen.serve.trusted_pack import trusted_guard


@dataclass(frozen=True, slots=True)
class Told:
    """A recommendation for a person at a terminal."""

    reply: Recommendation
    known: bool  # is the user who was named known?

    def json(self) -> str:
        """The reply as the API gives it, indented."""
        return self.reply.model_dump_json(indent=1)

    @property
    def table(self) -> Table:
        """The slate, a row each place from 1, with why and by which channels it came."""
        table = Table("", "item", "title", "price", "why", "channels")
        for number, item in enumerate(self.reply.items, start=1):
            price = "" if item.price is None else f"{item.price:.2f}"
            channels = ", ".join(item.channels)
            table.add_row(str(number), item.id, item.title, price, item.reason, channels)
        return table

    @property
    def trace(self) -> str:
        """What it went without, the rows and milliseconds of each step, and what made the slate."""
        lines = [] if self.known else ["The user is not known; this is what anybody would see."]
        if self.reply.degraded:
            lines.append(f"Answered without: {', '.join(self.reply.degraded)}")
        steps = [] if self.reply.explanation is None else self.reply.explanation.steps
        lines += [f"{s.name:<28}{s.rows:>7} rows {s.milliseconds:>9.2f} ms" for s in steps]
        lines += self.reply.cards
        made_by = f"model {self.reply.model_version}, recipe {self.reply.recipe}"
        return "\n".join([*lines, f"{made_by}, rules {self.reply.rules_version}"])


def recommend_once(
    shop_folder: Path, bundle_folder: Path, asked: RecommendRequest, settings: Settings
) -> Told:
    """What a server of these settings would answer now; its log is read, and nothing is written.

    Raises:
        ShopError, BundleError, PackError, KnowledgeError, LogError: a folder or the pack cannot be
            used.
    """
    now = now_in_microseconds()
    recommender = _opened(shop_folder, bundle_folder, settings, now)
    answer = recommender.answer(asked, uuid.uuid4().hex, now)
    return Told(answer.reply, asked.user is None or recommender.state.people.row(asked.user) >= 0)


def explain_once(
    shop_folder: Path,
    bundle_folder: Path,
    asked: RecommendRequest,
    item_id: str,
    settings: Settings,
) -> ItemExplained:
    """Why an item is in that server's answer to a request, or is not; nothing is written.

    Raises:
        ShopError, BundleError, PackError, KnowledgeError, LogError: a folder or the pack cannot be
            used.
        SettingsError: there is no such item.
    """
    now = now_in_microseconds()
    recommender = _opened(shop_folder, bundle_folder, settings, now)
    try:
        return explain_item(recommender, asked, item_id, now)
    except NotFound as error:
        raise SettingsError(f"{error}; give an id as `galen recommend` prints it.") from error


def surface_named(name: str) -> SurfaceName:
    """A surface by its name.

    Raises:
        SettingsError: there is no such surface.
    """
    if name not in SURFACES:
        raise SettingsError(f"there is no surface {name!r}.{did_you_mean(name, SURFACES)}")
    return name


def _opened(shop_folder: Path, bundle_folder: Path, settings: Settings, now: int) -> Recommender:
    shop, bundle = Shop.open(shop_folder), Bundle.open(bundle_folder)
    folder = folder_of_log(settings, shop_folder)
    with reading(folder / LOG), closing(_log(folder / LOG)) as log:
        log.execute("BEGIN")  # one moment of the log, though a server writes to it
        state = ShopState.restore(shop, log, Snapshots(folder / SNAPSHOT))
    pipelines = bundle.pipelines(state.catalogue, state.store)
    guard = trusted_guard(settings, state.catalogue, state.withdrawals, day_of(now))
    return Recommender.over(state, pipelines, bundle.version, guard)


def _log(path: Path) -> sqlite3.Connection:
    """The server's log, or an empty one where nothing was served yet."""
    if path.exists():
        return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)
    empty = sqlite3.connect(":memory:", isolation_level=None)
    tables.prepare(empty)
    return empty
