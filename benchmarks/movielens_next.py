"""MovieLens-1M as the HSTU paper asks it: the last film of everybody, all 3,883 ids, as files.

    python -m benchmarks.movielens_next ../shared/data/movielens_1m FOLDER
    python -m benchmarks.sequences --interactions FOLDER/interactions.parquet \\
        --items FOLDER/items.parquet --protocol refit \\
        --models benchmarks/recipes/movielens_hstu.toml

Films that nobody rated are in the catalogue too. Ratings whose place is not known (`pos` is NULL:
films with fewer than 5 ratings) cannot be put in order and are left out; how many people lose some
by it is printed. The paper leaves out the films of a history from answers, as is done here. What
is said of films lies in `texts.parquet`, which `benchmarks.enrichment` takes as its items.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.running import run_in_words


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line and write the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args(arguments)
    dropped, people = write(options.source, options.folder)
    print(f"{dropped} ratings of {people} people have no place in the order and are left out")


def write(source: Path, folder: Path) -> tuple[int, int]:
    """Write the files; gives the ratings left out and the people who have them."""
    folder.mkdir(parents=True, exist_ok=True)
    ratings = pq.read_table(source / "ratings.parquet")
    placed = pc.is_valid(ratings["pos"])
    lost = ratings.filter(pc.invert(placed))
    ratings = ratings.filter(placed)
    columns = {"user_id": "user_id", "item_id": "movie_id", "pos": "pos"}
    interactions = {name: ratings[column].cast(pa.int64()) for name, column in columns.items()}
    pq.write_table(pa.table(interactions), folder / "interactions.parquet")
    films = pq.read_table(source / "movies.parquet")
    pq.write_table(pa.table({"item_id": films["movie_id"]}), folder / "items.parquet")
    said = [name for name in ("title", "genres", "plot") if name in films.column_names]
    told = films.select(["movie_id", *said]).rename_columns(["item_id", *said])
    pq.write_table(told, folder / "texts.parquet")
    return len(lost), len(pc.unique(lost["user_id"]))


if __name__ == "__main__":
    run_in_words(main)
