"""How a person says that their files are written, alike for all sources that take own files."""

import codecs
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from galen.data.importing.feeds import Dialect, ImportRefused
from galen.data.importing.local import check_local

WRITTEN: Final = ("separator", "encoding", "decimal", "dates", "zone")
"""Options of such a source."""


def dialect_of(path: Path, options: Mapping[str, str]) -> Dialect:
    """How a file is written: as the options say, but UTF-8 where it marks itself as that.

    Files of one shop come from several tools, and the options are of all of them.

    Raises:
        ImportRefused: an option cannot be what it is given.
    """
    plain = Dialect()
    dialect = replace(
        plain,
        separator=options.get("separator"),
        encoding=_encoding(options),
        decimal=options.get("decimal", plain.decimal),
        dates=options.get("dates", plain.dates),
        zone=options.get("zone", plain.zone),
    )
    check_local(dialect)
    if path.is_file():
        with path.open("rb") as file:
            if file.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8:
                return replace(dialect, encoding="utf-8")
    return dialect


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
