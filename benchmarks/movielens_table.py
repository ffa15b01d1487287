"""MovieLens-1M as a folder of samples: a click is a rating of 4 or more, in each user's own order.

    python -m benchmarks.movielens_table ../shared/data/movielens_1m FOLDER
    python -m benchmarks.ctr --data FOLDER --models gbdt,deepfm_wide,din,bst,hstu --seeds 5

Of each user the last tenth of the ratings is `test`, the tenth before it `valid`. Every model gets
the same numbers made from the history; models of sequences get the history itself besides.
Ratings without a place in the order (`pos`) are left out.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.running import run_in_words
from galen.data.arrays import Floats, Ints, Singles

HISTORY = 50  # ratings before the one that is asked
LIKED = 4
DESCRIPTION = """\
user = "user"
item = "item"
labels = {click = "label"}
history = ["rated", "was_liked"]
targets = {rated = "item"}
length = 50
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line and write the folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--newest", type=int, default=0, help="rows of a user's train; 0 is all")
    options = parser.parse_args(arguments)
    write(options.source, options.folder, newest=options.newest)


def write(source: Path, folder: Path, *, newest: int = 0) -> None:
    """Write train, valid and test."""
    folder.mkdir(parents=True, exist_ok=True)
    ratings = pq.read_table(source / "ratings.parquet")
    ratings = ratings.filter(pc.is_valid(ratings["pos"]))
    ratings = ratings.sort_by([("user_id", "ascending"), ("pos", "ascending")])
    table, user = _samples(source, ratings)
    start = np.searchsorted(user, user)
    length = np.searchsorted(user, user, side="right") - start
    back = length - (np.arange(len(user)) - start)  # 1 is a user's last rating
    tenth = np.maximum(1, length // 10)
    test, valid = back <= tenth, (back > tenth) & (back <= 2 * tenth)
    train = back > 2 * tenth
    if newest:
        train &= back <= 2 * tenth + newest
    for name, rows in (("train", train), ("valid", valid), ("test", test)):
        pq.write_table(table.filter(pa.array(rows)), folder / f"{name}.parquet")
    (folder / "samples.toml").write_text(DESCRIPTION)


def _samples(source: Path, ratings: pa.Table) -> tuple[pa.Table, Ints]:
    user, item = (np.asarray(ratings[name], dtype=np.int64) for name in ("user_id", "movie_id"))
    liked = (np.asarray(ratings["rating"]) >= LIKED).astype(np.int64)
    movies, people = (pq.read_table(source / f"{name}.parquet") for name in ("movies", "users"))
    film = pc.index_in(ratings["movie_id"], value_set=movies["movie_id"].combine_chunks())
    person = pc.index_in(ratings["user_id"], value_set=people["user_id"].combine_chunks())
    names = pc.split_pattern(movies["genres"], "|")
    columns = {
        "label": pa.array(liked.astype(np.int8)),
        "user": pa.array(user),
        "item": pa.array(item),
        "genres": names.take(film).combine_chunks(),
        "decade": pc.utf8_slice_codeunits(movies["year"], 0, 3).take(film),
        **{name: people[name].take(person) for name in ("gender", "age", "occupation")},
        **_numbers(user, liked, _genre_matrix(names)[np.asarray(film, dtype=np.int64)]),
        **_histories(user, item, liked),
    }
    return pa.table(columns), user


def _genre_matrix(names: pa.ChunkedArray) -> Floats:
    """(films, genres)."""
    lists = names.to_pylist()
    known = sorted({genre for genres in lists for genre in genres})
    return np.array([[genre in genres for genre in known] for genres in lists], np.float64)


def _numbers(user: Ints, liked: Ints, genres: Floats) -> dict[str, Singles]:
    """What a history says in numbers, of the rows before each row."""
    rows, likes = np.ones((len(user), 1)), liked[:, None].astype(np.float64)
    count, good = _before(user, rows)[:, 0], _before(user, likes)[:, 0]
    of_genre = (genres * _before(user, genres)).sum(1)
    good_of_genre = (genres * _before(user, genres * likes)).sum(1)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = {
            "rated_before": count,
            "liked_before": np.where(count > 0, good / count, np.nan),
            "genre_before": np.where(count > 0, of_genre / count, np.nan),
            "genre_liked": np.where(of_genre > 0, good_of_genre / of_genre, np.nan),
        }
    return {name: values.astype(np.float32) for name, values in found.items()}


def _before(user: Ints, values: Floats) -> Floats:
    """Sums over a user's rows before each row."""
    summed = np.cumsum(values, axis=0) - values
    found: Floats = summed - summed[np.searchsorted(user, user)]
    return found


def _histories(user: Ints, item: Ints, liked: Ints) -> dict[str, pa.Array]:
    place = np.arange(len(user))
    start = np.maximum(np.searchsorted(user, user), place - HISTORY)
    length = place - start
    offsets = np.concatenate([[0], np.cumsum(length)])
    rows = np.arange(offsets[-1]) - np.repeat(offsets[:-1] - start, length)
    ends = pa.array(offsets, pa.int32())
    return {
        "rated": pa.ListArray.from_arrays(ends, pa.array(item[rows])),
        "was_liked": pa.ListArray.from_arrays(ends, pa.array(liked[rows])),
    }


if __name__ == "__main__":
    run_in_words(main)
