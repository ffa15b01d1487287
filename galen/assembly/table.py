"""A ranking model learned from tables of samples alone: no shop, no recall, no slate."""

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec
from torch import nn

from galen.assembly.bundles import versions
from galen.assembly.bundles.bundle_manifest import BundleError
from galen.assembly.check import check_for_samples
from galen.assembly.parts import model_spec, seeded
from galen.assembly.recipes.recipe import Recipe, RecipeError
from galen.data.arrays import Ints
from galen.data.manifest import NAME, sha256
from galen.features.encoding.encoder import Encoder, fit_encoder
from galen.features.encoding.samples import Samples
from galen.features.encoding.schema import Schema
from galen.features.encoding.tables import (
    TableError,
    columns_of,
    digest_of,
    part,
    pieces,
    types_of,
)
from galen.nn.learning.course import Epoch
from galen.nn.learning.training import Source, Training, Watch
from galen.rank.lessons import InMemory
from galen.rank.model import Model
from galen.rank.network import Network, NetworkModel
from galen.rank.streaming import Streamed

FORMAT: Final = 1
KIND: Final = "table"

LEARNED_FROM: Final = ("train", "valid")
"""Parts that a run has seen, so that another test part of the same table may still be asked."""

MEMORY: Final = 1 << 29
"""Bytes of encoded rows above which a network reads them from the file as it learns."""

Progress = Callable[[str], None]


class TableManifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a run over a table is made of, and from what."""

    kind: str = KIND
    format: int = FORMAT
    version: str
    recipe: dict[str, Any]
    table: str  # name of the folder of samples
    learned_from: str = ""  # digest of what was learned from; empty in runs of before it was kept
    rows: dict[str, int]  # of each part
    seed: int
    trained_at: str  # ISO 8601, UTC
    files: dict[str, str]  # path -> SHA-256


@dataclass(frozen=True)
class TableRun:
    """An encoder and a model that have learned from a folder of samples."""

    recipe: Recipe
    encoder: Encoder
    model: Model
    table: str
    rows: Mapping[str, int]
    seed: int
    learned_from: str = ""  # digest of these rows; empty in runs of before it was kept


def is_table(folder: Path) -> bool:
    """Is this a folder of samples?"""
    return (folder / "train.parquet").exists()


def read_parts(folder: Path, encoder: Encoder, names: tuple[str, ...]) -> dict[str, Samples]:
    """Parts of a folder of samples, encoded, in memory.

    Raises:
        TableError: a part is missing or cut short.
        SchemaError: a column is missing, or holds what no model can learn from.
    """
    return {name: encoder.encode_all(pieces(part(folder, name))) for name in names}


def learn_encoder(folder: Path) -> Encoder:
    """Vocabularies and scales of a folder's train part.

    Raises:
        TableError: the part, or the file that describes it, cannot be read.
        SchemaError: a column holds what no model can learn from.
    """
    train = part(folder, "train")
    types = dict(types_of(train))
    return fit_encoder(columns_of(folder, list(types)), types, pieces(train))


def train_table(
    recipe: Recipe,
    folder: Path,
    *,
    seed: int = 0,
    progress: Progress,
    checkpoints: Path | None = None,
    watch: Watch | None = None,
    memory: int = MEMORY,
    after: TableRun | None = None,
) -> TableRun:
    """Learn a recipe's ranking model from `train`, stopping and calibrating on `valid`.

    With `checkpoints`, a network's training that was broken off goes on from there; `watch` is
    told of each epoch of a network. Rows that take more than `memory` bytes are streamed to a
    network, other models take them whole. With `after`, a network goes on from that run: ids keep
    their meaning and new values get new ones.

    Raises:
        RecipeError: the recipe has no ranking model, or names what galen does not know.
        TableError: a part is missing or cut short.
        SchemaError: a column is missing, or holds what no model can learn from.
    """
    check_for_samples(recipe)
    assert recipe.rank is not None
    progress("reading the table")
    changed: dict[str, Ints] = {}
    if after is None:
        encoder = learn_encoder(folder)
    else:
        encoder, changed = after.encoder.grown(pieces(part(folder, "train")))
    valid = read_parts(folder, encoder, ("valid",))["valid"]
    train_rows = part(folder, "train").metadata.num_rows

    def tell(epoch: Epoch, network: nn.Module) -> None:
        valid = "  ".join(f"{name} {value:.5f}" for name, value in epoch.valid.items())
        progress(f"epoch {epoch.epoch + 1}: loss {epoch.loss:.5f}, validation {valid}")
        if watch is not None:
            watch(epoch, network)

    rows = {"train": train_rows, "valid": len(valid)}
    progress(f"learning {recipe.rank.model} from {rows['train']:,} rows")
    spec = model_spec(seeded(recipe.rank, seed), checkpoints=checkpoints, watch=tell)
    if isinstance(spec, Network):
        source = _source(folder, encoder, spec.training, train_rows, memory)
        known = None if after is None else after.model
        if known is not None and not isinstance(known, NetworkModel):
            raise RecipeError("only a network goes on from a model; train without --warm.")
        objectives = tuple(encoder.columns.labels)
        model: Model = spec.learn(
            encoder.schema, objectives, source, valid, after=known, changed=changed
        )
    elif after is not None:
        raise RecipeError(f"{recipe.rank.model!r} cannot go on from a model; train without --warm.")
    else:
        _check_memory(folder, encoder, train_rows)
        train = read_parts(folder, encoder, ("train",))["train"]
        model = spec.fit(encoder.schema, train, valid)
    learned_from = digest_of(folder, LEARNED_FROM)
    return TableRun(recipe, encoder, model, folder.name, rows, seed, learned_from)


def _check_memory(folder: Path, encoder: Encoder, rows: int) -> None:
    """See that a model that reads all rows at once has room for them and for its own copy."""
    needed = 2 * rows * row_bytes(encoder.schema)
    there = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if needed > there:
        raise TableError(
            f"{folder / 'train.parquet'} takes about {needed / 2**30:.0f} GiB when it is read at "
            f"once, this machine has {there / 2**30:.0f}; thin it, or choose a network, which "
            "streams."
        )


def _source(folder: Path, encoder: Encoder, training: Training, rows: int, memory: int) -> Source:
    """The rows to learn from: in memory where they fit, else streamed."""
    objectives = tuple(encoder.columns.labels)
    if rows * row_bytes(encoder.schema) > memory:
        path = folder / "train.parquet"
        return Streamed(path, encoder, objectives, training.batch, training.seed)
    train = read_parts(folder, encoder, ("train",))["train"]
    return InMemory(train, objectives, training.batch, training.seed)


def checkpoint_folder(
    root: Path, recipe: Recipe, table: Path, seed: int, *, begun_from: str = ""
) -> Path:
    """Where a training is kept that may be broken off: another recipe or table has another.

    So has one that goes on from a version of a bundle, `begun_from`; empty begins from nothing.
    """
    facts = [recipe.to_tree(), digest_of(table), seed, begun_from]
    digest = hashlib.sha256(msgspec.json.encode(facts)).hexdigest()[:12]
    return root / ".training" / digest


def row_bytes(schema: Schema) -> int:
    """Bytes of one encoded row."""
    bags, vectors = (sum(f.width for f in schema.bags), sum(f.size for f in schema.vectors))
    history = schema.history * len(schema.sequences)
    return 8 * (len(schema.categories) + bags + history + 4) + 4 * (len(schema.numbers) + vectors)


def save_run(root: Path, run: TableRun, *, now: datetime) -> "TableBundle":
    """Write what has learned as the new current version of a folder, whole or not at all."""

    def describe(version: str, files: Mapping[str, str]) -> bytes:
        return msgspec.json.encode(
            TableManifest(
                version=version,
                recipe=run.recipe.to_tree(),
                table=run.table,
                learned_from=run.learned_from,
                rows=dict(run.rows),
                seed=run.seed,
                trained_at=now.astimezone(UTC).isoformat(timespec="seconds"),
                files=dict(files),
            )
        )

    with versions.new_version(root, describe, made_from=run.recipe.to_tree()) as folder:
        run.encoder.save(folder)
        (folder / "rank").mkdir()
        run.model.save(folder / "rank")
    return TableBundle.open(root)


@dataclass(frozen=True)
class TableBundle:
    """A run over a table that was opened and whose every file is the one written."""

    folder: Path
    manifest: TableManifest
    recipe: Recipe

    @classmethod
    def open(cls, folder: Path) -> "TableBundle":
        """Open one version, or the current version of a folder of versions.

        Raises:
            BundleError: it is not a run over a table, or a file is missing or not the one written.
        """
        current = versions.read(folder)
        if current is not None:
            folder = folder / current.version
        path = folder / NAME
        try:
            manifest = msgspec.json.decode(path.read_bytes(), type=TableManifest)
        except (OSError, msgspec.DecodeError) as error:
            raise BundleError(
                f"{path} is not that of a run over a table of samples ({error}); make one with "
                "`galen train TABLE BUNDLE --recipe ctr/deepfm`."
            ) from error
        for name, digest in manifest.files.items():
            if not (folder / name).exists() or sha256(folder / name) != digest:
                raise BundleError(
                    f"{folder / name} is missing or not the file written; train again, or go back "
                    f"with `galen rollback {folder.parent}`."
                )
        return cls(folder, manifest, Recipe.from_tree(manifest.recipe, where=str(path)))

    def check_learned_from(self, folder: Path, digest: str) -> None:
        """See that it learned from this folder of samples, wherever that lay then.

        `digest` is that of the folder's `LEARNED_FROM`; runs that keep none go by its name.

        Raises:
            BundleError: it learned from other rows.
        """
        kept, name = self.manifest.learned_from, self.manifest.table
        if (digest != kept) if kept else (folder.name != name):
            raise BundleError(
                f"{self.folder} learned from another table, {name!r}, than {folder}, whose test "
                "part may be what it has seen; give the table that it learned from, or train it "
                "on this one."
            )

    def run(self) -> TableRun:
        """The encoder and the model, read from the folder."""
        assert self.recipe.rank is not None
        model = model_spec(self.recipe.rank).load(self.folder / "rank")
        return TableRun(
            self.recipe,
            Encoder.load(self.folder),
            model,
            self.manifest.table,
            self.manifest.rows,
            self.manifest.seed,
            self.manifest.learned_from,
        )
