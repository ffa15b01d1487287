"""The synthetic shop's impressions as a folder of samples, with the probability behind each label.

    python -m benchmarks.synthetic_table FOLDER --rows 1000000

The mean entropy of those probabilities on `test` is a loss that no model can be below.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.running import run_in_words
from galen.data.arrays import Bools, Ints
from galen.data.schema import Kind
from galen.data.synthetic.shop import SyntheticSettings, UserBlock, blocks, item_table

HISTORY = 20  # clicked items of a person before an impression
ITEM_COLUMNS = ("brand", "rx_class", "form", "price")
USER_COLUMNS = ("age", "sex", "region", "life_stage")
DAY = 86_400_000_000
DESCRIPTION = """\
user = "user"
item = "item"
scene = "surface"
truth = "probability"
labels = {click = "label"}
numbers = ["age"]
history = ["clicked_items"]
targets = {clicked_items = "item"}
length = 20
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line and write the folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of train")
    parser.add_argument("--items", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    write(options.folder, options.rows, items=options.items, seed=options.seed)


def write(folder: Path, rows: int, *, items: int, seed: int) -> None:
    """Write train with so many rows, and valid and test with a tenth of them, at most 200,000."""
    folder.mkdir(parents=True, exist_ok=True)
    people = max(2000, rows // 20)  # more than enough: blocks end when there are rows enough
    settings = SyntheticSettings(users=2 * people, items=items, seed=seed)
    stock, draw = item_table(settings), np.random.default_rng(seed)
    held = min(rows // 10, 200_000)
    wanted = {"train": rows, "valid": held, "test": held}
    writers: dict[str, pq.ParquetWriter] = {}
    share = np.array([rows, held, held]) / (rows + 2 * held)
    for block in blocks(settings):
        table = impressions(block, stock)
        part = draw.choice(3, size=len(table), p=share)
        for number, name in enumerate(wanted):
            mine = table.filter(pa.array(part == number)).slice(0, wanted[name])
            wanted[name] -= len(mine)
            if name not in writers:
                writers[name] = pq.ParquetWriter(folder / f"{name}.parquet", table.schema)
            if len(mine):
                writers[name].write_table(mine)
        if not any(wanted.values()):
            break
    for writer in writers.values():
        writer.close()
    (folder / "samples.toml").write_text(DESCRIPTION)


def impressions(block: UserBlock, stock: pa.Table) -> pa.Table:
    """A block's impressions with what was known before each, and whether it was clicked."""
    events = block.events
    kind = np.asarray(events["kind"])
    shown, clicked = kind == Kind.IMPRESSION, kind == Kind.CLICK
    user, item = (np.asarray(events[name], dtype=np.int64) for name in ("user", "item"))
    at = np.asarray(events["timestamp"].cast(pa.int64()), dtype=np.int64)
    request = np.asarray(
        events["request"].combine_chunks().dictionary_encode().indices.fill_null(-1)
    )
    key = request.astype(np.int64) * (1 + int(item.max())) + item
    label = np.isin(key[shown], key[clicked])
    rows = events.filter(pa.array(shown))
    who = user[shown] - block.first
    columns = {
        "label": pa.array(label.astype(np.int8)),
        "probability": pa.array(block.click_probability[shown]),
        **{name: rows[name] for name in ("user", "item", "surface", "position")},
        "hour": pa.array(at[shown] % DAY // (DAY // 24)),
        "weekday": pa.array((at[shown] // DAY + 3) % 7),
        **{name: stock[name].take(pa.array(item[shown])) for name in ITEM_COLUMNS},
        "category": pa.array(
            [path[-1] if path else None for path in stock["category"].to_pylist()]
        ).take(pa.array(item[shown])),
        **{name: block.users[name].take(pa.array(who)) for name in USER_COLUMNS},
        "clicked_items": _history(user, item, at, clicked, shown),
    }
    return pa.table(columns)


def _history(user: Ints, item: Ints, at: Ints, clicked: Bools, shown: Bools) -> pa.Array:
    """Of each impression, what its person clicked strictly before it, the newest kept."""
    order = np.lexsort((at[clicked], user[clicked]))
    users, items = user[clicked][order], item[clicked][order]
    span = 1 + int(at.max()) - int(at.min())
    moment = users * span + at[clicked][order] - at.min()
    asked = user[shown] * span + at[shown] - at.min()
    stop = np.searchsorted(moment, asked, side="left")
    start = np.maximum(np.searchsorted(users, user[shown], side="left"), stop - HISTORY)
    length = stop - start
    offsets = np.concatenate([[0], np.cumsum(length)])
    places = np.arange(offsets[-1]) - np.repeat(offsets[:-1] - start, length)
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(items[places]))


if __name__ == "__main__":
    run_in_words(main)
