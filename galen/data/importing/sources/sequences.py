"""Histories as published sets have them: user_id, item_id, and pos or timestamp."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from galen.data.importing.dialects import WRITTEN, dialect_of
from galen.data.importing.feeds import OPEN_SALE, Feed, ImportPlan, ImportSource
from galen.data.importing.reading import columns_of

_BEGINNINGS = {"brand": "brand", "category": "categor", "title": "text"}


def _plan(paths: Mapping[str, Path], options: Mapping[str, str]) -> ImportPlan:
    file = paths["interactions"]
    dialect = dialect_of(file, options)
    fields = {"kind": f"={options.get('kind', 'rating')}"}
    if "pos" in columns_of(file, dialect):
        fields["order"] = "pos"
    events = Feed(file, fields, dialect)
    items = None
    if "items" in paths:
        dialect = dialect_of(paths["items"], options)
        items = Feed(paths["items"], described(columns_of(paths["items"], dialect)), dialect)
    return ImportPlan(events=events, items=items, assume=OPEN_SALE)


def described(columns: Sequence[str]) -> dict[str, str]:
    """Fields of items whose columns carry the field's name with something after it."""
    found = {}
    for name, beginning in _BEGINNINGS.items():
        begins = [column for column in columns if column.startswith(beginning)]
        if name not in columns and begins:
            found[name] = begins[0]
    return found


SEQUENCES = ImportSource(
    name="sequences",
    what="user_id, item_id and pos, the place in the user's history, or timestamp; "
    "optionally a file of items",
    paths={"interactions": True, "items": False},
    options=("kind", *WRITTEN),
    plan=_plan,
)
