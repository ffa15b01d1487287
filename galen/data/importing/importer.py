"""Files of a shop → a shop: the good rows land, the others go to quarantine with a reason."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import msgspec
import pyarrow as pa
from rich.markup import escape
from rich.table import Table as RichTable

from galen.data import manifest as manifests
from galen.data.did_you_mean import did_you_mean
from galen.data.importing.feeds import FIELDS, ImportPlan, ImportRefused, ImportSource
from galen.data.importing.landing import Landing, Progress
from galen.data.importing.local import SAID_BY
from galen.data.importing.mapping import Mapped, map_columns
from galen.data.importing.quarantine import Quarantine
from galen.data.importing.reading import columns_of
from galen.data.importing.sources.named import SOURCES
from galen.data.importing.validation import constant
from galen.data.importing.words import WORDS, Meanings, check_words, what_to_say
from galen.data.never_shown import NeverShown
from galen.data.shop import new_shop

__all__ = ["SOURCES", "ImportRefused", "ImportReport", "ImportSettings", "import_shop"]


@dataclass(frozen=True)
class ImportSettings:
    """What a person decides about an import."""

    max_bad_share: float = 0.05  # of a table's rows; above it nothing is changed
    assume: Mapping[str, str] = field(default_factory=dict)  # item field → value; "": nothing
    mapping: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)  # of the source
    words: Mapping[str, Meanings] = field(default_factory=dict)  # field → what words of files mean


@dataclass(frozen=True)
class ImportReport:
    """What an import did."""

    rows: Mapping[str, int]  # by table
    quarantined: Mapping[tuple[str, str], int]  # by table and reason
    ignored: Mapping[str, tuple[str, ...]]  # by table: columns that are no field
    assumed: Mapping[str, str]
    left_out: Mapping[tuple[str, str], int]  # by table and word
    never_shown: NeverShown

    def table(self) -> RichTable:
        """For a terminal."""
        table = RichTable("table", "what", "rows")
        for name, rows in self.rows.items():
            table.add_row(name, "landed", f"{rows:,}")
        for (name, reason), rows in self.quarantined.items():
            table.add_row(name, f"quarantined: {reason}", f"{rows:,}", style="yellow")
        for (name, word), rows in self.left_out.items():
            table.add_row(name, escape(f"left out, as asked: {word}"), f"{rows:,}")
        for name, columns in self.ignored.items():
            table.add_row(name, escape(f"ignored columns: {', '.join(columns)}"), "")
        for name, value in self.assumed.items():
            table.add_row("items", escape(f"assumed where unknown: {name} = {value}"), "")
        return table

    def json(self) -> str:
        """The same counts for a script; rows set aside are grouped by table, then by reason."""
        told = {
            "rows": self.rows,
            "quarantined": _by_table(self.quarantined),
            "left_out": _by_table(self.left_out),
            "ignored": self.ignored,
            "assumed": self.assumed,
            "never_shown": self.never_shown,
        }
        return msgspec.json.format(msgspec.json.encode(told), indent=2).decode()


def _by_table(counts: Mapping[tuple[str, str], int]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for (table, what), rows in counts.items():
        found.setdefault(table, {})[what] = rows
    return found


def import_shop(
    source: str,
    paths: Mapping[str, Path],
    folder: Path,
    *,
    now: datetime,
    settings: ImportSettings = ImportSettings(),
    progress: Progress | None = None,
) -> ImportReport:
    """Read a source's files into a new shop in `folder`, which replaces the one there.

    Memory is bounded by the ids of users and items, 8 bytes per event id, and a block of rows.

    Raises:
        ImportRefused: too many rows are bad, or the files cannot be understood; then the folder
            is as it was, and rejected rows lie beside it.
        ShopError: the folder holds something else than a shop.
    """
    folder = folder.resolve()
    plan = _plan(source, paths, settings)
    values, assumed = _assumptions({**plan.assume, **settings.assume})
    mapped = {
        name: map_columns(
            name,
            feed,
            columns_of(feed.path, feed.dialect),
            settings.mapping.get(name, {}),
            settings.words,
        )
        for name, feed in plan.feeds().items()
    }
    check_words(settings.words, {name for one in mapped.values() for name in one.columns})
    clock: manifests.Clock = "time" if _given("timestamp", mapped["events"]) else "order"
    quarantine = Quarantine(folder)
    try:
        with new_shop(
            folder, name=folder.name, source=source, clock=clock, assumed=assumed
        ) as writer:
            landing = Landing(plan, mapped, values, now, writer, quarantine, progress)
            landing.read()
            known = SOURCES[source].options
            _refuse_above(settings.max_bad_share, landing.read_of, quarantine, folder, known)
            for batch in quarantine.batches():
                writer.write("quarantine", batch)
    finally:
        quarantine.discard()
    return ImportReport(
        rows=landing.landed,
        quarantined=dict(quarantine.counts.most_common()),
        ignored={name: one.ignored for name, one in mapped.items() if one.ignored},
        assumed=assumed,
        left_out=dict(landing.left_out.most_common()),
        never_shown=landing.never_shown,
    )


def _given(name: str, mapped: Mapped) -> bool:
    return name in mapped.columns or name in mapped.constants


def _plan(name: str, paths: Mapping[str, Path], settings: ImportSettings) -> ImportPlan:
    source = SOURCES.get(name)
    if source is None:
        raise ImportRefused(f"no source {name!r}; there are: {', '.join(sorted(SOURCES))}.")
    _only_known("path", paths, tuple(source.paths), source)
    _only_known("option", settings.options, source.options, source)
    missing = [path for path, required in source.paths.items() if required and path not in paths]
    if missing:
        flag = f"--{missing[0]} FILE" if missing[0] in FIELDS else f"--path {missing[0]}=FILE"
        raise ImportRefused(f"source {name!r} needs the path {missing[0]!r}: {flag}.")
    plan = source.plan(paths, settings.options)
    tables = list(plan.feeds())
    for table in settings.mapping:
        if table not in tables:
            raise ImportRefused(
                f"a mapping is given for {table!r}, but there is no file for it; files are given "
                f"for: {', '.join(tables)}."
            )
    return plan


def _only_known(
    what: str, given: Mapping[str, object], known: tuple[str, ...], source: ImportSource
) -> None:
    for name in given:
        if name not in known:
            hint = did_you_mean(name, known, least=0.6)
            raise ImportRefused(
                f"source {source.name!r} has no {what} {name!r}.{hint} "
                f"It has: {', '.join(known) or 'none'}."
            )


def _assumptions(given: Mapping[str, str]) -> tuple[dict[str, pa.Scalar], dict[str, str]]:
    """Values of item fields where nothing is known, and as they were written.

    An empty word takes back what the source assumes: the field stays unknown.
    """
    names = [field for field in FIELDS["items"].names if field != "item_id"]
    for name in given:
        if name not in names:
            hint = did_you_mean(name, names, least=0.6)
            raise ImportRefused(f"{name!r} cannot be assumed: it is no field of items.{hint}")
    written = {name: text for name, text in given.items() if text}
    return {name: constant("items", name, text) for name, text in written.items()}, written


def _refuse_above(
    share: float,
    landed: Mapping[str, int],
    quarantine: Quarantine,
    folder: Path,
    known: Collection[str],
) -> None:
    """Refuse when more than a share of a table's rows are bad; `known` are the source's options.

    Raises:
        ImportRefused: they are; the rejected rows are left beside the folder.
    """
    for name, good in landed.items():
        bad = quarantine.count(name)
        whole = bad + good
        if bad and bad > share * whole:
            raise ImportRefused(
                _refusal(
                    f"{bad:,} of {whole:,} rows of {name} are bad "
                    f"({bad / whole:.1%}; at most {share:.1%} may be)",
                    folder,
                    quarantine,
                    known,
                )
            )


def _refusal(what: str, folder: Path, quarantine: Quarantine, known: Collection[str]) -> str:
    kept = quarantine.keep()
    reasons = [
        f"  {rows:,} of {why[0]}: {why[1]}\n    such as {quarantine.examples[why]}"
        for why, rows in quarantine.counts.most_common(5)
    ]
    return "\n".join(
        [
            f"{what}. Nothing was changed in {folder}.",
            *reasons,
            *(what_to_say(field) for field in WORDS if _speaks_of(field, quarantine)),
            *(said for option, said in _may_mend(quarantine) if option in known),
            f"All rejected rows are in {kept}. Mend the files or the mapping, or accept more with "
            "--max-bad-share.",
        ]
    )


def _may_mend(quarantine: Quarantine) -> Iterator[tuple[str, str]]:
    """Options of a source that reasons speak for, and what to say of each."""
    for option, (ending, said) in SAID_BY.items():
        if any(reason.endswith(ending) for _, reason in quarantine.counts):
            yield option, said


def _speaks_of(field: str, quarantine: Quarantine) -> bool:
    return any(reason.startswith(f"{field} is not one of") for _, reason in quarantine.counts)
