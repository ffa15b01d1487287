"""How people judge what was written: one by one at the terminal, or in a file of their own."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import typer

from galen.enrich.review import reviewed, told, values
from galen.enrich.running.faults import EnrichError
from galen.enrich.running.journal import Review

YES, NO = ("yes", "y", "1", "true", "good"), ("no", "n", "0", "false", "bad")


def write_sample(rows: pa.Table, path: Path) -> None:
    """A file with the values of each row, and empty columns for what a person says."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["key", "values", "good", "note"])
        for row in rows.to_pylist():
            writer.writerow([row["key"], told(row), "", ""])


def judged_by_file(path: Path, rows: pa.Table, now: int) -> Iterator[Review]:
    """What stands in a file; rows without a verdict are left out.

    Of several rows with one key the values say which is meant.

    Raises:
        EnrichError: the file cannot be read, names no row or says neither yes nor no.
    """
    of_key: dict[str, list[dict[str, Any]]] = {}
    for row in rows.to_pylist():
        of_key.setdefault(row["key"], []).append(row)
    try:
        with path.open(newline="", encoding="utf-8") as file:
            lines = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise EnrichError(f"{path} cannot be read: {error}") from error
    for number, line in enumerate(lines, start=2):
        said = (line.get("good") or "").strip().lower()
        if not said:
            continue
        if said not in (*YES, *NO):
            raise EnrichError(f"{path}, line {number}: good is {said!r}; write yes or no.")
        meant = of_key.get(line.get("key") or "", [])
        if not meant:
            raise EnrichError(f"{path}, line {number}: the table has no key {line.get('key')!r}.")
        if len(meant) > 1:
            meant = [row for row in meant if told(row) == line.get("values")]
        if not meant:
            raise EnrichError(
                f"{path}, line {number}: no row of the key {line['key']!r} has these values; "
                "leave `values` as it was exported."
            )
        yield reviewed(meant[0], good=said in YES, note=line.get("note") or "", at=now)


def judged_by_person(rows: pa.Table, now: int) -> Iterator[Review]:
    """Shows one row after the other until the sample or the person is at an end."""
    for place, row in enumerate(rows.to_pylist(), start=1):
        typer.echo(f"\n{place} of {len(rows)}: {row['key']}")
        for name, value in values(row).items():
            typer.echo(f"  {name}: {value}")
        said = typer.prompt("good? yes, no, skip or end", default="skip").strip().lower()
        if said == "end":
            return
        if said in (*YES, *NO):
            yield reviewed(row, good=said in YES, note="", at=now)
