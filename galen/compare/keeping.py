"""Finished steps in a folder, each file whole or not there, under a digest of what it answers."""

import hashlib
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from galen.assembly.bundles.versions import CURRENT
from galen.compare.figures import METRICS, Latency, Learned, LeftOut
from galen.compare.task import ContestantTask
from galen.data.enriched import enriched_folder
from galen.data.manifest import NAME, sha256
from galen.data.replacing import replacing
from galen.knowledge.pack import read_pack

BY_PERSON: Final = "by_person.parquet"
RANKED: Final = "ranked.parquet"
"""Of each person whose impressions a ranker ordered, what its gAUC is of."""

PLACES: Final = ("folder", "knowledge", "words", "begin")
"""Settings that name a file or a folder: what stands there is learned from, too."""

Figures = TypeVar("Figures", Learned, Latency, LeftOut)


def digest_of(task: ContestantTask, version: str, tables: Collection[str]) -> str:
    """Of all that the figures of a recipe follow from; latency has its rate and length besides.

    `version` is galen's own. A shop is what its manifest says and, of what was written beside it,
    the `tables` that the recipe reads; a recipe its text and what stands where its settings lead:
    knowledge, or a bundle to begin from.

    Raises:
        PackError: the pack cannot be read.
    """
    shop = Path(task.shop)
    written = sorted(enriched_folder(shop).glob("*.parquet"))
    of = {
        "recipe": task.recipe,
        "shop": sha256(shop / NAME),
        "tables": {path.name: sha256(path) for path in written if path.stem in tables},
        "protocol": task.protocol,
        "seed": task.seed,
        "pack": read_pack(task.pack).version,
        "galen": version,
    }
    if places := _places(task.recipe):
        of["named"] = {place: _content(Path(place)) for place in places}
    return hashlib.sha256(msgspec.json.encode(of, order="deterministic")).hexdigest()[:16]


def _places(tree: Any) -> set[str]:
    """Texts of a recipe that are the paths of files or folders.

    A bare word is one only where its setting is: any folder here may be called "classic".
    """
    if isinstance(tree, Mapping):
        named = {text for key in PLACES if isinstance(text := tree.get(key), str) and text}
        inside = (_places(one) for one in tree.values())
        return {text for text in named if Path(text).exists()}.union(*inside)
    if isinstance(tree, list | tuple):
        return set().union(*map(_places, tree))
    return {tree} if isinstance(tree, str) and os.sep in tree and Path(tree).exists() else set()


def _content(place: Path) -> str:
    """A digest of a file, or of a folder by its manifests, which have those of all else."""
    if place.is_file():
        return sha256(place)
    files = sorted([*place.rglob(NAME), *place.rglob(CURRENT)]) or sorted(place.rglob("*"))
    digests = {str(path.relative_to(place)): sha256(path) for path in files if path.is_file()}
    return hashlib.sha256(msgspec.json.encode(digests, order="sorted")).hexdigest()


def file_of(task: ContestantTask) -> Path:
    """Where the figures of a task's step lie."""
    name: str = task.step
    if task.step == "latency":
        name = f"latency-{task.rate:g}-{task.requests}"
    return task.place / f"{name}.json"


def keep(task: ContestantTask, figures: Learned | Latency | LeftOut) -> None:
    """Write the figures of a step, whole or not at all; what lies beside them is there before."""
    with replacing(file_of(task)) as file:
        file.write(msgspec.json.format(msgspec.json.encode(figures)))


def keep_table(task: ContestantTask, name: str, table: pa.Table) -> None:
    """Write a table that lies beside the figures, whole or not at all."""
    with replacing(task.place / name) as file:
        pq.write_table(table, file, compression="zstd")


def kept(task: ContestantTask, kind: type[Figures]) -> Figures | None:
    """The figures of a finished step; None where it is not finished."""
    path = file_of(task)
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


class KeptLearned(NamedTuple):
    """The figures of a recipe that learned, with the tables that lie beside them."""

    learned: Learned
    by_person: pa.Table  # a row a request
    ranked: pa.Table | None  # a row a person; none without impressions, or of before it was kept


def kept_learned(task: ContestantTask) -> KeptLearned | None:
    """What a recipe that learned left; none of it stands without the others.

    None where one is missing, cut, or not of the others.
    """
    learned = kept(task, Learned)
    if learned is None:
        return None
    by_person, ranked = _table(task, BY_PERSON, learned.people), None
    if by_person is None or not set(METRICS) <= set(by_person.column_names):
        return None
    if learned.ranked_people:
        ranked = _table(task, RANKED, learned.ranked_people)
        if ranked is None:
            return None
    return KeptLearned(learned, by_person, ranked)


def _table(task: ContestantTask, name: str, rows: int) -> pa.Table | None:
    try:
        table = pq.read_table(task.place / name)
    except (OSError, pa.ArrowException):
        return None
    return table if len(table) == rows else None


def is_kept(task: ContestantTask) -> bool:
    """Has the step finished, in this run or an earlier one?"""
    if task.step == "learned":
        return kept_learned(task) is not None
    if task.step == "latency":
        return kept(task, Latency) is not None
    return kept(task, LeftOut) is not None
