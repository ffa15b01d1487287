"""What a feature is: declared once, computed by the online store and by the offline executor."""

from dataclasses import dataclass
from typing import Literal

from galen.data.schema import Kind

Scope = Literal["user", "item", "request", "pair"]
FeatureKind = Literal["category", "number", "sequence", "vector"]
AttributeKey = Literal["item", "spu", "category", "brand"]
ItemKey = Literal["item", "category"]
PairKey = Literal["user_item", "user_spu", "user_category", "user_brand"]
Key = Literal[ItemKey, PairKey, "user"]
Kinds = tuple[Kind, ...]


@dataclass(frozen=True, slots=True)
class Count:
    """Events of these kinds per key strictly before a moment.

    With `days`, those of the moment's own UTC day and of the days - 1 days before it.
    """

    kinds: Kinds
    key: Key
    days: int | None = None


@dataclass(frozen=True, slots=True)
class Last:
    """Days since the last event of these kinds per key strictly before a moment."""

    kinds: Kinds
    key: Literal[PairKey, "user"]


@dataclass(frozen=True, slots=True)
class PurchaseInterval:
    """Mean days between one person's purchases of a standard product, over all people.

    Purchases of one UTC day count as one.
    """


@dataclass(frozen=True, slots=True)
class MeanPrice:
    """Mean of today's prices of what the user's events of these kinds were about."""

    kinds: Kinds


@dataclass(frozen=True, slots=True)
class Ratio:
    """(numerator + strength · prior) / (denominator + strength) of two other features.

    Unknown where the divisor is 0.
    """

    numerator: str
    denominator: str
    prior: float = 0.0
    strength: float = 0.0


@dataclass(frozen=True, slots=True)
class SameAsLast:
    """1 where the item shares an attribute with the item that the user took last, else 0.

    Of several taken at the same moment the one with the highest row is the last.
    """

    attribute: AttributeKey


@dataclass(frozen=True, slots=True)
class OfItem:
    """A property of the item: its price, log price above its category's mean, age in days."""

    column: Literal["price", "price_to_category", "age_days"]


@dataclass(frozen=True, slots=True)
class OfRequest:
    """A property of the request: who asks, where, and when in UTC.

    `year_sine` and `year_cosine` are the phase of a year of 365.25 days since the epoch.
    """

    column: Literal["hour", "weekday", "year_sine", "year_cosine", "surface", "age"]


@dataclass(frozen=True, slots=True)
class OfProfile:
    """What the profile of the user's cohort says of the item's product word.

    `weight` is 0 for a word that the profile does not name, `lift` is the weight over that of the
    whole shop's profile, and `known` is 1 where there are a profile and a word, else 0.
    """

    column: Literal["weight", "lift", "known"]


Source = (
    Count
    | Last
    | PurchaseInterval
    | MeanPrice
    | Ratio
    | SameAsLast
    | OfItem
    | OfRequest
    | OfProfile
)


@dataclass(frozen=True, slots=True)
class Feature:
    """One number that a ranker sees; NaN where it is unknown."""

    name: str
    scope: Scope
    kind: FeatureKind
    source: Source
    size: int = 1  # of a category: how many values; of a vector: its length
    sensitive: bool = False  # tells of a person's health, body or age
    needs_clock: bool = False  # has no meaning where a shop knows only the order of events
