"""Reads a source's table, and says what is wrong where it cannot be read."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import csv

from galen.knowledge.graph import KnowledgeError


def read_table(path: Path, columns: Sequence[str], *, typed: Sequence[str] = ()) -> pa.Table:
    """The columns of a Parquet file, or of a CSV or TSV file with a header, as text.

    Ids that look like numbers stay as they are written; those `typed` are numbers, or yes or no.

    Raises:
        KnowledgeError: the file is missing, cut short, no table, or lacks a column.
    """
    try:
        if path.suffix in {".csv", ".tsv"}:
            parse = csv.ParseOptions(delimiter="\t" if path.suffix == ".tsv" else ",")
            kinds = {name: pa.string() for name in columns if name not in typed}
            convert = csv.ConvertOptions(column_types=kinds, strings_can_be_null=True)
            table = csv.read_csv(path, parse_options=parse, convert_options=convert)
        else:
            table = pq.read_table(path)
    except FileNotFoundError:
        raise KnowledgeError(f"{path} is not there; give the path of your own copy.") from None
    except (pa.ArrowInvalid, OSError) as error:
        raise KnowledgeError(
            f"{path} cannot be read: it is cut short or no table ({error}); fetch it again."
        ) from error
    missing = [name for name in columns if name not in table.column_names]
    if missing:
        raise KnowledgeError(
            f"{path} has no column {', '.join(missing)}; it has {', '.join(table.column_names)}. "
            "Is it a file of another source?"
        )
    found = {name: table[name] for name in columns}
    try:
        return pa.table({n: c if n in typed else _text(c) for n, c in found.items()})
    except pa.ArrowException as error:
        raise KnowledgeError(f"{path} holds no text where it should: {error}.") from error


def _text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    is_text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
    return column if is_text else pc.cast(column, pa.string())


def words(text: str | None, separator: str) -> list[str]:
    """The parts of a text that lists several words; none where the text is missing."""
    return [part.strip() for part in (text or "").split(separator) if part.strip()]


def turned(name: str) -> list[str]:
    """A MeSH heading in the order of speech: "Arthritis, Rheumatoid" is rheumatoid arthritis."""
    first, comma, rest = name.partition(", ")
    return [f"{rest} {first}".lower()] if comma and "," not in rest else []
