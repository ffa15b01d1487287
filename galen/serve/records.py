"""Goods and users as the service takes them in and tells them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal, Self

from pydantic import Field

from galen.serve.fields import Amount, Count, Id, Message, Moment, Purpose, Text, Word, Years


class StoredRecord(Message):
    """What a table holds of one thing."""

    @classmethod
    def of_row(cls, columns: Mapping[str, Any]) -> Self:
        """A row of a table; the shop's own data was checked when it was imported."""
        created = columns.get("created_at")
        moment = None if created is None else created.replace(tzinfo=UTC)
        return cls.model_construct(**{**columns, "created_at": moment})


class ItemRecord(StoredRecord):
    """All that is said of an item; what is absent is unknown, and the unknown is not shown."""

    spu_id: Id | None = None
    title: Text | None = None
    brand: Word | None = None
    category: list[Word] | None = Field(
        default=None, max_length=20, description="A path, widest first."
    )
    price: Amount | None = None
    description: Text | None = None
    attributes: list[Text] | None = Field(default=None, max_length=200)
    ingredients: list[Text] | None = Field(default=None, max_length=200)
    rx_class: Literal["none", "otc", "pharmacist", "prescription"] | None = None
    form: Word | None = None
    pack_size: Amount | None = None
    pack_unit: Word | None = None
    daily_dose: Amount | None = Field(
        default=None, description="Of `pack_unit`, that one person takes a day."
    )
    batch: Word | None = Field(default=None, description="That is sold now.")
    stock: Count | None = None
    delivery_days: Amount | None = Field(default=None, description="From an order to the customer.")
    regions: list[Word] | None = Field(
        default=None, max_length=300, description='"*" is everywhere.'
    )
    min_age: Years | None = Field(default=None, description="Years; 0 is everyone.")
    hidden: bool | None = None
    created_at: Moment | None = None

    def columns(self, item_id: str) -> dict[str, Any]:
        """The record as the catalogue takes it."""
        return {"item_id": item_id, **self.model_dump(), "created_at": _naive(self.created_at)}


class Item(ItemRecord):
    """An item with its id."""

    item_id: str


class UserRecord(StoredRecord):
    """All that is said of a user; what is absent is unknown."""

    age: Years | None = Field(default=None, description="Years.")
    sex: Word | None = None
    region: Word | None = None
    household_id: Id | None = None
    household_size: Count | None = Field(default=None, description="People who live there.")
    life_stage: Word | None = None
    conditions: list[Word] | None = Field(default=None, max_length=100)
    medicines: list[Word] | None = Field(default=None, max_length=100)
    allergies: list[Word] | None = Field(default=None, max_length=100)
    consents: list[Purpose] | None = Field(
        default=None,
        max_length=10,
        description="For what their history may be read; absent where the shop asks elsewhere.",
    )
    created_at: Moment | None = None

    def columns(self, user_id: str) -> dict[str, Any]:
        """The record as `KnownPeople` takes it."""
        return {"user_id": user_id, **self.model_dump(), "created_at": _naive(self.created_at)}


class User(UserRecord):
    """A user with their id."""

    user_id: str


def _naive(moment: datetime | None) -> datetime | None:
    """Tables keep UTC without a zone; moments came in as UTC."""
    return None if moment is None else moment.replace(tzinfo=None)
