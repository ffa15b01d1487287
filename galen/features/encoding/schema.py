"""What a ranking model reads: fields of ids, numbers, bags, a history and vectors, with sizes.

A schema is made from data, kept in the bundle, and is all that a network is told of a shop.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

from galen.data.mendable import MendableError

NumberEncoding = Literal["linear", "log_bucket", "periodic", "auto_dis"]
Adaptor = Literal["linear", "experts"]


class SchemaError(MendableError):
    """Columns do not fit the schema; the message names the field and what to do."""


class Category(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One id a row; 0 stands for a value that is not known."""

    name: str
    size: int  # ids are 0 … size - 1
    table: str = ""  # fields of one table share their embeddings; a field's own where empty


class Number(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One number a row; NaN stands for a missing one.

    A model that wants like sizes takes (bent - mean) / spread of the signed logarithm.
    """

    name: str
    encoding: NumberEncoding = "linear"
    mean: float = 0.0  # of the signed logarithm over the rows learned from
    spread: float = 1.0


class Bag(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Several ids a row in no order, with weights; an empty place has weight 0."""

    name: str
    size: int
    width: int  # places a row
    table: str = ""


class Sequence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One id for each event of the history, in step with its other sequences."""

    name: str
    size: int
    table: str = ""
    target: str = ""  # the category of the candidate that it is compared with


class Vector(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Numbers that another model made and that stay as they are; all 0 where nothing is known."""

    name: str
    size: int
    adaptor: Adaptor = "linear"  # what makes them an embedding


class Schema(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Every field of a row, in the order in which samples hold them.

    Raises:
        SchemaError: two fields share a name, a shared table has two sizes, a named field is none.
    """

    categories: tuple[Category, ...] = ()
    numbers: tuple[Number, ...] = ()
    bags: tuple[Bag, ...] = ()
    sequences: tuple[Sequence, ...] = ()
    vectors: tuple[Vector, ...] = ()
    history: int = 0  # events a row at most
    scene: str = ""  # the category that says where a row was shown
    position: str = ""  # the category that says at which place it was shown
    user: str = ""  # the category that says to whom
    item: str = ""  # the category that says what

    def __post_init__(self) -> None:
        fields: list[Category | Number | Bag | Sequence | Vector] = list(self.tabled)
        fields += [*self.numbers, *self.vectors]
        names = [field.name for field in fields]
        for name in names:
            if names.count(name) > 1:
                raise SchemaError(f"two fields are called {name!r}; rename one.")
        categories = {field.name for field in self.categories}
        named = (self.scene, self.position, self.user, self.item)
        for name in (*named, *(sequence.target for sequence in self.sequences)):
            if name and name not in categories:
                raise SchemaError(f"{name!r} is named by the schema but is none of its categories.")
        sizes: dict[str, int] = {}
        for field in self.tabled:
            table = table_of(field)
            if sizes.setdefault(table, field.size) != field.size:
                raise SchemaError(
                    f"field {field.name!r} has {field.size} ids, its table {table!r} has "
                    f"{sizes[table]}; fields that share a table need one vocabulary."
                )

    @property
    def tabled(self) -> tuple[Category | Bag | Sequence, ...]:
        """Fields whose ids are rows of a table."""
        return (*self.categories, *self.bags, *self.sequences)

    @property
    def tables(self) -> dict[str, int]:
        """Each table with its number of rows, in the order in which fields first name them."""
        return {table_of(field): field.size for field in self.tabled}

    def place(self, name: str) -> int:
        """Which of the categories is called so.

        Raises:
            SchemaError: none is.
        """
        for place, field in enumerate(self.categories):
            if field.name == name:
                return place
        raise SchemaError(f"the schema has no category {name!r}.")


def table_of(field: Category | Bag | Sequence) -> str:
    """The name of the table that holds a field's embeddings."""
    return field.table or field.name


def encoded(schema: Schema) -> bytes:
    """The schema as JSON."""
    return msgspec.json.encode(schema)


def decoded(text: bytes) -> Schema:
    """The schema that `encoded` wrote.

    Raises:
        SchemaError: the text is no schema.
    """
    try:
        return msgspec.json.decode(text, type=Schema)
    except msgspec.DecodeError as error:
        raise SchemaError(f"the schema cannot be read ({error}); train again.") from error


def resized(schema: Schema, sizes: Mapping[str, int]) -> Schema:
    """The schema with tables of other sizes."""
    grown = {
        kind: tuple(msgspec.structs.replace(f, size=sizes[table_of(f)]) for f in fields)
        for kind, fields in (
            ("categories", schema.categories),
            ("bags", schema.bags),
            ("sequences", schema.sequences),
        )
    }
    return msgspec.structs.replace(schema, **grown)
