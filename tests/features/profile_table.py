"""A table of profiles with known numbers, written beside a shop."""

import json
from pathlib import Path

import pyarrow as pa

from galen.data.enriched import PROVENANCE, Extent, write_enriched


def write_profiles(folder: Path, profiles: dict[tuple, dict[str, float]], made_from=None) -> None:
    """Profiles by key, a tuple of (field, word) pairs."""
    rows = [
        {"key": json.dumps(dict(key)), "need": "other", "product_word": word, "weight": weight}
        for key, words in profiles.items()
        for word, weight in words.items()
    ]
    table = pa.Table.from_pylist(rows)
    origin = {"model": "rules:profiles@1", "prompt": "profiles@1", "knowledge": "", "at": 0}
    for field in PROVENANCE:
        values = pa.array([origin.get(field.name, 0.0)] * len(rows), field.type)
        table = table.append_column(field, values)
    write_enriched(folder, "profiles", table, made_from or Extent())
