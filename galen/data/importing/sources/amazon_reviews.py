"""Amazon reviews as JSON Lines, plain or gzip: the editions of 2014, 2018 and 2023."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from galen.data.importing.feeds import (
    OPEN_SALE,
    Dialect,
    Feed,
    ImportPlan,
    ImportRefused,
    ImportSource,
)
from galen.data.importing.reading import columns_of

_REVIEW: Final = {  # field → its names, the newest edition first
    "user_id": ("user_id", "reviewerID"),
    "item_id": ("parent_asin", "asin"),
    "timestamp": ("timestamp", "unixReviewTime"),
    "value": ("rating", "overall"),
}
_ITEM: Final = {
    "item_id": ("parent_asin", "asin"),
    "brand": ("brand", "store"),
    "category": ("categories", "category"),
    "attributes": ("features", "feature"),
}


def _plan(paths: Mapping[str, Path], options: Mapping[str, str]) -> ImportPlan:
    reviews = paths["reviews"]
    mapping = _named(reviews, columns_of(reviews, Dialect()), _REVIEW)
    items = None
    if "items" in paths:
        described = _named(paths["items"], columns_of(paths["items"], Dialect()), _ITEM)
        # prices stand there as words such as "$5.99 - $7.99", and descriptions as lists
        items = Feed(paths["items"], {**described, "price": "", "description": ""})
    return ImportPlan(
        events=Feed(reviews, {**mapping, "kind": "=rating"}), items=items, assume=OPEN_SALE
    )


def _named(
    path: Path, columns: Sequence[str], names: Mapping[str, Sequence[str]]
) -> dict[str, str]:
    mapping = {}
    for field, known in names.items():
        found = [name for name in known if name in columns]
        if found:
            mapping[field] = found[0]
        elif field.endswith("_id") or field == "timestamp":
            raise ImportRefused(f"{path} has none of the columns {', '.join(known)} for {field}.")
    return mapping


AMAZON_REVIEWS = ImportSource(
    name="amazon-reviews",
    what="reviews as JSON Lines, and optionally the items' metadata",
    paths={"reviews": True, "items": False},
    options=(),
    plan=_plan,
)
