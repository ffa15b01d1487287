"""A shop's own files, one a table: CSV, JSON Lines or Parquet with the schema's fields."""

import codecs
from collections.abc import Mapping
from pathlib import Path

from galen.data.importing.feeds import Dialect, Feed, ImportPlan, ImportRefused, ImportSource


def _plan(paths: Mapping[str, Path], options: Mapping[str, str]) -> ImportPlan:
    dialect = Dialect(separator=options.get("separator"), encoding=_encoding(options))
    feeds = {name: Feed(path, dialect=dialect) for name, path in paths.items()}
    return ImportPlan(events=feeds["events"], items=feeds.get("items"), users=feeds.get("users"))


def _encoding(options: Mapping[str, str]) -> str:
    """An encoding by the name that it was given, one whose lines end as lines of ASCII do.

    Raises:
        ImportRefused: there is none of this name, or files of it cannot be cut into lines.
    """
    name = options.get("encoding", "utf-8")
    try:
        if b",\n".decode(name) == ",\n":
            return "utf-8" if codecs.lookup(name).name == "utf-8" else name
        why = "its files cannot be cut into lines"
    except UnicodeDecodeError:
        why = "its files cannot be cut into lines"
    except (LookupError, ValueError):  # a name with a NUL is a ValueError
        why = "there is none of this name"
    raise ImportRefused(
        f"the option encoding cannot be {name!r}: {why}. Name the one of the file, such as cp1252 "
        "or gb18030, or save the file as UTF-8."
    )


TABLE = ImportSource(
    name="table",
    what="files of events and optionally of items and users, with the columns mapped to fields",
    paths={"events": True, "items": False, "users": False},
    options=("separator", "encoding"),
    plan=_plan,
)
