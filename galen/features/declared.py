"""The features that galen computes: the one list that both executors follow."""

from collections.abc import Iterable
from typing import Final, Literal

from galen.data.manifest import Clock
from galen.data.schema import TAKEN, Kind, Surface
from galen.features.feature import (
    Count,
    Feature,
    Key,
    Kinds,
    Last,
    MeanPrice,
    OfItem,
    OfProfile,
    OfRequest,
    PairKey,
    PurchaseInterval,
    Ratio,
    SameAsLast,
    Scope,
)

SHOWN: Final = (Kind.IMPRESSION,)
CLICKED: Final = (Kind.CLICK,)
CARTED: Final = (Kind.CART,)
BOUGHT: Final = (Kind.PURCHASE,)
HIDDEN: Final = (Kind.HIDE,)
RETURNED: Final = (Kind.RETURN,)
ACTED: Final = tuple(kind for kind in Kind if kind is not Kind.IMPRESSION)


def _count(
    name: str, kinds: Kinds, key: Key, days: int | None = None, *, sensitive: bool = False
) -> Feature:
    name = name if days is None else f"{name}_{days}d"
    return Feature(
        name,
        _scope(key),
        "number",
        Count(kinds, key, days),
        sensitive=sensitive,
        needs_clock=days is not None,
    )


def _last(
    name: str, kinds: Kinds, key: Literal[PairKey, "user"], *, sensitive: bool = False
) -> Feature:
    source = Last(kinds, key)
    return Feature(name, _scope(key), "number", source, sensitive=sensitive, needs_clock=True)


def _scope(key: Key) -> Scope:
    if key == "user":
        return "user"
    return "pair" if key.startswith("user_") else "item"


def _ratio(
    name: str, scope: Scope, ratio: Ratio, *, sensitive: bool = False, needs_clock: bool = False
) -> Feature:
    return Feature(name, scope, "number", ratio, sensitive=sensitive, needs_clock=needs_clock)


_ITEM: Final = (
    Feature("item_price", "item", "number", OfItem("price")),
    Feature("item_price_to_category", "item", "number", OfItem("price_to_category")),
    Feature("item_age_days", "item", "number", OfItem("age_days"), needs_clock=True),
    _count("item_impressions", SHOWN, "item"),
    _count("item_impressions", SHOWN, "item", 30),
    _count("item_clicks", CLICKED, "item"),
    _count("item_clicks", CLICKED, "item", 7),
    _count("item_clicks", CLICKED, "item", 30),
    _count("item_carts", CARTED, "item", 30),
    _count("item_purchases", BOUGHT, "item"),
    _count("item_purchases", BOUGHT, "item", 7),
    _count("item_purchases", BOUGHT, "item", 30),
    _count("item_taken", TAKEN, "item"),
    _count("item_returns", RETURNED, "item"),
    _count("category_taken", TAKEN, "category"),
    _count("category_purchases", BOUGHT, "category", 30),
    _ratio("item_click_rate", "item", Ratio("item_clicks", "item_impressions", 0.05, 20)),
    _ratio(
        "item_click_rate_30d",
        "item",
        Ratio("item_clicks_30d", "item_impressions_30d", 0.05, 20),
        needs_clock=True,
    ),
    _ratio("item_purchase_rate", "item", Ratio("item_purchases", "item_clicks", 0.2, 10)),
    _ratio("item_return_rate", "item", Ratio("item_returns", "item_purchases", 0.02, 20)),
    _ratio("item_share_of_category", "item", Ratio("item_taken", "category_taken")),
    _ratio(
        "item_trend",
        "item",
        Ratio("item_clicks_7d", "item_clicks_30d", 7 / 30, 5),
        needs_clock=True,
    ),
    Feature("spu_repurchase_days", "item", "number", PurchaseInterval(), needs_clock=True),
)

_USER: Final = (
    _count("user_impressions", SHOWN, "user", 7),
    _count("user_clicks", CLICKED, "user"),
    _count("user_clicks", CLICKED, "user", 7),
    _count("user_carts", CARTED, "user", 30),
    _count("user_purchases", BOUGHT, "user"),
    _count("user_purchases", BOUGHT, "user", 30),
    _count("user_taken", TAKEN, "user"),
    _count("user_hides", HIDDEN, "user"),
    _last("user_days_since_event", ACTED, "user"),
    _last("user_days_since_purchase", BOUGHT, "user"),
    Feature("user_mean_price", "user", "number", MeanPrice(BOUGHT)),
)

_REQUEST: Final = (
    Feature("hour", "request", "category", OfRequest("hour"), size=24, needs_clock=True),
    Feature("weekday", "request", "category", OfRequest("weekday"), size=7, needs_clock=True),
    Feature("year_sine", "request", "number", OfRequest("year_sine"), needs_clock=True),
    Feature("year_cosine", "request", "number", OfRequest("year_cosine"), needs_clock=True),
    Feature("surface", "request", "category", OfRequest("surface"), size=len(Surface)),
    Feature("age", "request", "number", OfRequest("age"), sensitive=True),
)

_PAIR: Final = (
    _count("user_item_impressions", SHOWN, "user_item", 7),
    _count("user_item_clicks", CLICKED, "user_item"),
    _count("user_item_carts", CARTED, "user_item", 30),
    _count("user_item_purchases", BOUGHT, "user_item", sensitive=True),
    _last("days_since_item_taken", TAKEN, "user_item"),
    _count("user_spu_purchases", BOUGHT, "user_spu", sensitive=True),
    _last("days_since_spu_purchase", BOUGHT, "user_spu", sensitive=True),
    _ratio(
        "spu_due",
        "pair",
        Ratio("days_since_spu_purchase", "spu_repurchase_days"),
        sensitive=True,
        needs_clock=True,
    ),
    _count("user_category_taken", TAKEN, "user_category"),
    _count("user_category_clicks", CLICKED, "user_category", 7),
    _count("user_category_purchases", BOUGHT, "user_category", sensitive=True),
    _last("days_since_category_taken", TAKEN, "user_category"),
    _ratio("user_share_of_category", "pair", Ratio("user_category_taken", "user_taken")),
    _count("user_brand_taken", TAKEN, "user_brand"),
    _count("user_brand_purchases", BOUGHT, "user_brand", sensitive=True),
    _ratio("price_to_user_mean", "pair", Ratio("item_price", "user_mean_price")),
    Feature("same_spu_as_last", "pair", "number", SameAsLast("spu")),
    Feature("same_category_as_last", "pair", "number", SameAsLast("category")),
    Feature("same_brand_as_last", "pair", "number", SameAsLast("brand")),
)

DECLARED: Final = (
    *_ITEM,
    *_USER,
    *_REQUEST,
    *_PAIR,
)  # a ratio stands after what it divides, which is no ratio

PROFILED: Final = (
    Feature("profile_weight", "pair", "number", OfProfile("weight"), sensitive=True),
    Feature("profile_lift", "pair", "number", OfProfile("lift"), sensitive=True),
    Feature("profile_known", "pair", "number", OfProfile("known")),
)
"""Features that a recipe asks for with `[[rank.features]]`; candidates bring them."""


def declared(clock: Clock) -> tuple[Feature, ...]:
    """The features that a shop with this clock can have."""
    return tuple(f for f in DECLARED if clock == "time" or not f.needs_clock)


def brought(columns: Iterable[str]) -> tuple[Feature, ...]:
    """The features that candidates with these columns bring."""
    names = set(columns)
    return tuple(f for f in PROFILED if f.name in names)


def passed_on(column: str) -> bool:
    """Is a column of candidates itself a feature, under its own name?"""
    return column == "recall_score" or column.endswith(("_standing", "_rank"))
