"""A set in which many people came seldom: histories of a drawn share, cut to their last few events.

    python -m benchmarks.short_histories FROM TO --share 0.5 --seed 0
    galen import sequences SHOP --path interactions=TO --path items=FILE
    galen enrich vectors SHOP
    python -m benchmarks.sparse_users SHOP --protocol strict --folder FOLDER --json FILE

Of a drawn person the last event stays, to be held out, and one, two or three before it. The others
keep all of theirs, so models learn from them as a shop learns from those who come often. FROM is
any file with user_id, item_id and pos; whose order is unknown (pos missing) stays as it is.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.running import run_in_words

KEPT: Final = 3  # events before the last one, at most


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line and write the file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", type=Path, metavar="FROM")
    parser.add_argument("file", type=Path, metavar="TO")
    parser.add_argument("--share", type=float, default=0.5, help="of people, from 0 to 1")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    if not 0 <= options.share <= 1:
        parser.error(f"--share is {options.share}: it must lie between 0 and 1.")
    before = pq.read_table(options.source)
    after = shorten(before, options.share, options.seed)
    pq.write_table(after, options.file, compression="zstd")
    print(f"{len(before):,} events, of which {len(after):,} stay")


def shorten(events: pa.Table, share: float, seed: int) -> pa.Table:
    """The events without the older ones of a `share` of people; rows keep their order."""
    random = np.random.default_rng(seed)
    people, person = np.unique(events["user_id"].to_numpy(), return_inverse=True)
    drawn = random.random(len(people)) < share
    kept = 1 + random.integers(1, KEPT + 1, len(people))
    place = events["pos"].cast(pa.float64()).to_numpy()  # missing places are not numbers
    order = np.lexsort((-place, person))
    counts = np.bincount(person, minlength=len(people))
    from_end = np.empty(len(place), np.int64)
    from_end[order] = np.arange(len(place)) - np.repeat(np.cumsum(counts) - counts, counts)
    unordered = np.zeros(len(people), bool)
    unordered[person[np.isnan(place)]] = True
    shortened = (drawn & ~unordered)[person]
    return events.filter(pa.array(~shortened | (from_end < kept[person])))


if __name__ == "__main__":
    run_in_words(main)
