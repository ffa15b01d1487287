"""A researcher's file of histories as a shop, whole or some people of it, drawn by seed."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from galen.data.importing.feeds import Dialect
from galen.data.importing.importer import ImportReport, ImportSettings, import_shop
from galen.data.importing.reading import columns_of, read_blocks
from galen.data.mendable import MendableError
from galen.data.shop import Shop

_MOST: Final = ImportSettings().max_bad_share
_EVERY: Final = ImportSettings(max_bad_share=1.0)  # what is too many is told here, with its rows
_ORDERS: Final = ("pos", "timestamp", "order")


def shop_of(paths: Mapping[str, Path], folder: Path) -> Shop:
    """Histories as a shop in `folder`; rows that cannot be used are told, for figures lack them.

    Raises:
        MendableError: a column is missing, or too many rows cannot be used; nothing of what it
            names lies in `folder`, which a benchmark removes.
    """
    file = paths["interactions"]
    there = columns_of(file, Dialect())
    if not {"user_id", "item_id"} <= {*there} or not {*_ORDERS} & {*there}:
        raise MendableError(
            f"{file} has to have the columns user_id, item_id and pos, the place in a history, or "
            f"timestamp, parted by commas if it is CSV. Its columns: {', '.join(there)}."
        )
    report = import_shop("sequences", paths, folder, now=datetime.now(UTC), settings=_EVERY)
    shop = Shop.open(folder)
    if report.quarantined:
        told = _left_out(shop, report)
        for table, rows in report.rows.items():
            bad = sum(n for (name, _), n in report.quarantined.items() if name == table)
            if bad > _MOST * (bad + rows):
                raise MendableError(f"{told} More than {_MOST:.0%} of {table}: mend the file.")
        print(told)
    return shop


def _left_out(shop: Shop, report: ImportReport) -> str:
    lines: dict[tuple[str, str], tuple[str, int | None]] = {}
    for row in shop.read("quarantine").to_pylist():
        lines.setdefault((row["table"], row["reason"]), (row["file"], row["line"]))
    parts = [
        f"{count:,} of {table}: {reason} (first in {lines[table, reason][0]}, "
        f"line {lines[table, reason][1]})"
        for (table, reason), count in report.quarantined.items()
    ]
    return f"rows that cannot be used: {'; '.join(parts)}."


def cut(
    interactions: Path, items: Path | None, people: int, seed: int, folder: Path
) -> dict[str, Path]:
    """Paths of an import of `people` drawn from a file of interactions; all where it is 0.

    Raises:
        MendableError: people are drawn, and a line of the files cannot be read.
    """
    paths = {"interactions": interactions} | ({"items": items} if items else {})
    if not people:
        return paths
    table = _table(interactions, "user_id")
    everyone = np.unique(table["user_id"].to_numpy())
    random = np.random.default_rng(seed)
    drawn = random.choice(everyone, min(people, len(everyone)), replace=False)
    kept = table.filter(pc.is_in(table["user_id"], pa.array(drawn)))
    found = {"interactions": folder / "interactions.parquet"}
    pq.write_table(kept, found["interactions"])
    if items:
        known = _table(items, "item_id")
        found["items"] = folder / "items.parquet"
        pq.write_table(known.filter(pc.is_in(known["item_id"], kept["item_id"])), found["items"])
    return found


def _table(path: Path, key: str) -> pa.Table:
    columns = columns_of(path, Dialect())
    if key not in columns:
        raise MendableError(f"{path} has no column {key}. Its columns: {', '.join(columns)}.")

    def refuse(line: int | None, reason: str, content: str) -> None:
        raise MendableError(f"{path}, line {line}: {reason}; mend it to draw people: {content}")

    blocks = read_blocks(path, Dialect(), columns, refuse, lambda size: None)
    return pa.concat_tables([block.table for block in blocks], promote_options="permissive")
