"""MovieLens: the original `::` files, the later CSV files, and a Parquet form with `pos`."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from galen.data.importing.converting import convert
from galen.data.importing.feeds import (
    OPEN_SALE,
    Dialect,
    Feed,
    ImportPlan,
    ImportRefused,
    ImportSource,
)
from galen.data.importing.reading import columns_of

_COLUMNS: Final = {
    "ratings": ("user_id", "movie_id", "rating", "timestamp"),
    "movies": ("movie_id", "title", "genres"),
    "users": ("user_id", "gender", "age", "occupation", "zip"),
}
_ENDINGS: Final = (".parquet", ".csv", ".dat")


def _plan(paths: Mapping[str, Path], options: Mapping[str, str]) -> ImportPlan:
    folder = paths["folder"]
    ratings, movies, users = (_file(folder, name) for name in _COLUMNS)
    if ratings is None:
        raise ImportRefused(f"{folder} has no ratings.parquet, ratings.csv or ratings.dat.")
    columns = columns_of(ratings, _dialect(ratings))
    mapping = {
        "user_id": _first(columns, "user_id", "userId"),
        "item_id": _first(columns, "movie_id", "movieId"),
        "value": "rating",
        "kind": "=rating",
    }
    if "pos" in columns:
        mapping["order"] = "pos"
    return ImportPlan(
        events=Feed(ratings, mapping, _dialect(ratings)),
        items=None if movies is None else _movies(movies),
        users=None if users is None else _people(users),
        assume=OPEN_SALE,
    )


def _movies(path: Path) -> Feed:
    columns = columns_of(path, _dialect(path))
    mapping = {"item_id": _first(columns, "movie_id", "movieId"), "attributes": "genres"}
    if "plot" in columns:
        mapping["description"] = "plot"
    return Feed(path, mapping, _dialect(path))


def _people(path: Path) -> Feed:
    feed = Feed(path, {"sex": "gender"}, _dialect(path))
    if "age" not in columns_of(path, feed.dialect):
        return feed
    mapping = {**feed.mapping, "age": "years"}
    return replace(feed, mapping=mapping, adapt=_aged, made=("years",), reads=("age",))


def _aged(rows: pa.Table) -> pa.Table:
    """The lowest age of each band; the youngest is coded 1 for "under 18", which is no age."""
    age, _ = convert(rows["age"], pa.field("age", pa.string()))
    return rows.append_column("years", pc.if_else(pc.equal(age, "1"), None, age))


def _file(folder: Path, name: str) -> Path | None:
    files = (folder / f"{name}{ending}" for ending in _ENDINGS)
    return next((file for file in files if file.exists()), None)


def _dialect(path: Path) -> Dialect:
    if path.suffix != ".dat":
        return Dialect()
    return Dialect(separator="::", encoding="latin-1", columns=_COLUMNS[path.stem], quoted=False)


def _first(columns: tuple[str, ...], *names: str) -> str:
    return next((name for name in names if name in columns), names[0])


MOVIELENS = ImportSource(
    name="movielens",
    what="a folder with ratings, and optionally movies and users: .dat, .csv or .parquet",
    paths={"folder": True},
    options=(),
    plan=_plan,
)
