"""Tables of samples as files: which of their columns are what."""

import hashlib
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from galen.data.did_you_mean import did_you_mean
from galen.data.manifest import sha256
from galen.data.mendable import MendableError
from galen.features.encoding.fields import stored_name
from galen.features.encoding.schema import Adaptor, NumberEncoding

NAME: Final = "samples.toml"
ROWS: Final = 131_072  # of a piece that is read at once
USUAL: Final = {
    "user": ("user", "user_id"),
    "item": ("item", "item_id"),
    "scene": ("scene",),
    "position": ("position",),
}
"""What a column is, by the names that tables of samples give it; the first that is there."""


class TableError(MendableError):
    """A table of samples cannot be used; the message names the file and the column."""


class TableColumns(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the columns of a table are. What is not named is told by its type:

    integers, text and booleans are categories, floats are numbers, lists are bags.
    """

    labels: dict[str, str] = msgspec.field(default_factory=lambda: {"click": "label"})
    truth: str = ""  # the probability of the first label, where a generator knows it
    weight: str = ""  # of a row in the loss
    group: str = ""  # rows that compete; the user where it is not named
    user: str = ""
    item: str = ""
    scene: str = ""
    position: str = ""
    skip: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()  # floats, moments and keys that are categories after all
    numbers: tuple[str, ...] = ()  # integers that are numbers after all
    history: tuple[str, ...] = ()  # lists in step with each other, oldest first
    targets: dict[str, str] = msgspec.field(default_factory=dict)  # history -> category
    vectors: tuple[str, ...] = ()  # lists of a fixed length
    adaptors: dict[str, Adaptor] = msgspec.field(default_factory=dict)  # of vectors
    encodings: dict[str, NumberEncoding] = msgspec.field(default_factory=dict)
    shared: dict[str, str] = msgspec.field(default_factory=dict)  # category or bag -> table
    hashed: dict[str, int] = msgspec.field(default_factory=dict)  # category -> buckets
    least: int = 1  # times that a value must be seen to have an id
    bag_weights: dict[str, str] = msgspec.field(default_factory=dict)  # bag -> lists of weights
    width: int = 20  # values of a bag that are read
    length: int = 50  # events of a history that are read
    kept_negatives: Annotated[float, msgspec.Meta(gt=0, le=1)] = 1.0
    """Share of negatives that the table still has, which weigh the more."""


def columns_of(folder: Path, names: list[str]) -> TableColumns:
    """What `samples.toml` in the folder says; what it does not say goes by the usual names.

    Raises:
        TableError: the file cannot be read, or a column that is named is not in the table.
    """
    path = folder / NAME
    try:
        said = tomllib.loads(path.read_text()) if path.exists() else {}
        found = msgspec.convert(said, type=TableColumns)
        found = msgspec.convert(_usual(found, names) | said, type=TableColumns)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise TableError(f"{path}: {error}") from error
    named = [
        found.truth,
        found.weight,
        found.group,
        *(found.user, found.item, found.scene, found.position),
        *(*found.categories, *found.numbers),
        *(*found.history, *found.vectors, *found.adaptors, *found.hashed),
        *(*found.targets, *found.targets.values()),
        *(*found.bag_weights, *found.bag_weights.values()),
        *(*found.skip, *found.encodings),
        *(stored_name(name, names) for name in found.shared),
    ]
    for name in named:
        if name and name not in names:
            hint = did_you_mean(name, names)
            raise TableError(
                f"{path}: there is no column {name!r}; there are {', '.join(names)}.{hint}"
            )
    for label in found.labels.values():
        if label not in names:
            raise TableError(
                f"{folder} has no column {label!r}; it has {', '.join(names)}. Say in {path} "
                'which one is to be predicted: labels = {click = "COLUMN"}.'
            )
    return found


def _usual(said: TableColumns, names: list[str]) -> dict[str, str]:
    """Roles of columns by their usual names, but for those that are said to be something else."""
    other = {*said.labels.values(), said.truth, said.weight, *said.skip, *said.numbers}
    other |= {*said.history, *said.vectors, *said.bag_weights, *said.bag_weights.values()}
    free = {
        role: [n for n in known if n in names and n not in other] for role, known in USUAL.items()
    }
    return {role: found[0] for role, found in free.items() if found}


def part(folder: Path, name: str) -> pq.ParquetFile:
    """One part of a folder of samples: train, valid or test.

    Raises:
        TableError: it is missing, cut short, or empty.
    """
    path = folder / f"{name}.parquet"
    if not path.exists():
        raise TableError(f"{path} is missing; a folder of samples has train, valid and test.")
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise TableError(f"{path} cannot be read ({error}); write it again.") from error
    if not file.metadata.num_rows:
        raise TableError(f"{path} has no rows.")
    return file


def digest_of(folder: Path, parts: Sequence[str] = ("train", "valid", "test")) -> str:
    """What tells a folder of samples from another, also from one of as many rows.

    It is of the rows of some parts and of what describes them, wherever the folder lies.

    Raises:
        TableError: the rows to learn from are missing, cut short, or none.
    """
    part(folder, "train")
    paths = (folder / name for name in (NAME, *(f"{part}.parquet" for part in parts)))
    digests = "".join(f"{path.name} {sha256(path)}\n" for path in paths if path.exists())
    return hashlib.sha256(digests.encode()).hexdigest()


def pieces(file: pq.ParquetFile) -> Iterator[pa.RecordBatch]:
    """The rows in pieces, so that a file of any size is read in bounded memory."""
    for group in range(file.metadata.num_row_groups):
        yield from file.iter_batches(ROWS, row_groups=[group])


def types_of(file: pq.ParquetFile) -> Mapping[str, pa.DataType]:
    """The columns with their types."""
    return {field.name: field.type for field in file.schema_arrow}
