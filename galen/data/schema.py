"""The typed schema of every table of a shop, in one place.

Timestamps are UTC without a zone, in microseconds. `user` and `item` are row numbers of the
tables `users` and `items`; the strings that people know are kept once, in those tables.
"""

from enum import IntEnum, StrEnum
from typing import Final

import pyarrow as pa

DAY: Final = 86_400_000_000
"""Microseconds."""


class Kind(IntEnum):
    """What a person did, or was shown."""

    IMPRESSION = 0
    CLICK = 1
    CART = 2
    PURCHASE = 3
    RATING = 4
    HIDE = 5
    RETURN = 6


TAKEN: Final = (Kind.CLICK, Kind.CART, Kind.PURCHASE, Kind.RATING)
"""Kinds that say that a person wanted the item."""


class Surface(IntEnum):
    """Where a slate is shown."""

    HOME = 0
    SEARCH = 1
    CART = 2
    DETAIL = 3
    PUSH = 4
    POST_PRESCRIPTION = 5
    PAID = 6


class RxClass(StrEnum):
    """Prescription class; a missing value is unknown, and unknown is never shown."""

    NONE = "none"  # not a medicine
    OTC = "otc"  # general sale
    PHARMACIST = "pharmacist"  # sold over the counter by a pharmacist
    PRESCRIPTION = "prescription"


ITEMS: Final = pa.schema(
    [
        pa.field("item_id", pa.string(), nullable=False),  # the SKU
        pa.field("spu_id", pa.string()),  # the standard product behind it
        pa.field("title", pa.string()),
        pa.field("brand", pa.string()),
        pa.field("category", pa.list_(pa.string())),  # a path, widest first
        pa.field("price", pa.float64()),
        pa.field("description", pa.string()),
        pa.field("attributes", pa.list_(pa.string())),
        pa.field("ingredients", pa.list_(pa.string())),
        pa.field("rx_class", pa.string()),  # RxClass
        pa.field("form", pa.string()),
        pa.field("pack_size", pa.float64()),
        pa.field("pack_unit", pa.string()),
        pa.field("daily_dose", pa.float64()),  # of pack_unit, that one person takes a day
        pa.field("batch", pa.string()),  # that is sold now
        pa.field("stock", pa.int64()),
        pa.field("delivery_days", pa.float64()),  # from an order to the customer
        pa.field("regions", pa.list_(pa.string())),  # where it may be sold; "*" is everywhere
        pa.field("min_age", pa.int64()),  # years; 0 is everyone
        pa.field("hidden", pa.bool_()),
        pa.field("created_at", pa.timestamp("us")),
    ]
)

USERS: Final = pa.schema(
    [
        pa.field("user_id", pa.string(), nullable=False),
        pa.field("age", pa.int64()),  # years
        pa.field("sex", pa.string()),
        pa.field("region", pa.string()),
        pa.field("household_id", pa.string()),
        pa.field("household_size", pa.int64()),  # people who live there
        pa.field("life_stage", pa.string()),
        pa.field("conditions", pa.list_(pa.string())),  # and states such as pregnancy
        pa.field("medicines", pa.list_(pa.string())),  # ingredients that are taken now
        pa.field("allergies", pa.list_(pa.string())),  # ingredients and classes of them
        pa.field("consents", pa.list_(pa.string())),  # purposes for which history may be read
        pa.field("created_at", pa.timestamp("us")),
    ]
)

EVENTS: Final = pa.schema(
    [
        pa.field("event_id", pa.string(), nullable=False),
        pa.field("user", pa.int32(), nullable=False),
        pa.field("item", pa.int32(), nullable=False),
        pa.field("kind", pa.int8(), nullable=False),  # Kind
        pa.field("timestamp", pa.timestamp("us")),  # one of timestamp and order is present
        pa.field("order", pa.int64()),  # place in the user's history, where no clock is known
        pa.field("session", pa.string()),
        pa.field("request", pa.string()),  # ties an impression to what came of it
        pa.field("position", pa.int32()),  # place in the slate, 0 first
        pa.field("surface", pa.int8()),  # Surface
        pa.field("quantity", pa.float64()),
        pa.field("value", pa.float64()),  # money paid, or stars given
        pa.field("propensity", pa.float64()),  # probability with which the slate showed the item
    ]
)

QUARANTINE: Final = pa.schema(
    [
        pa.field("table", pa.string(), nullable=False),
        pa.field("file", pa.string(), nullable=False),
        pa.field("line", pa.int64()),  # 1 is the first line of the file; a row number in Parquet
        pa.field("reason", pa.string(), nullable=False),
        pa.field("content", pa.string()),
    ]
)

TABLES: Final = {"items": ITEMS, "users": USERS, "events": EVENTS, "quarantine": QUARANTINE}
