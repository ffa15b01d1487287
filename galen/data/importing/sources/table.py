"""A shop's own files, one a table: CSV, JSON Lines or Parquet with the schema's fields."""

from collections.abc import Mapping
from pathlib import Path

from galen.data.importing.dialects import WRITTEN, dialect_of
from galen.data.importing.feeds import Feed, ImportPlan, ImportSource


def _plan(paths: Mapping[str, Path], options: Mapping[str, str]) -> ImportPlan:
    feeds = {name: Feed(path, dialect=dialect_of(path, options)) for name, path in paths.items()}
    return ImportPlan(events=feeds["events"], items=feeds.get("items"), users=feeds.get("users"))


TABLE = ImportSource(
    name="table",
    what="files of events and optionally of items and users, with the columns mapped to fields",
    paths={"events": True, "items": False, "users": False},
    options=WRITTEN,
    plan=_plan,
)
