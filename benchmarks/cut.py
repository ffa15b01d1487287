"""A part of a set, for a try that ends soon: people drawn by seed, and the items they took."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq


def cut(
    interactions: Path, items: Path | None, people: int, seed: int, folder: Path
) -> dict[str, Path]:
    """Paths of an import of `people` drawn from a file of interactions; all where it is 0."""
    paths = {"interactions": interactions} | ({"items": items} if items else {})
    if not people:
        return paths
    table = pq.read_table(interactions)
    everyone = np.unique(table["user_id"].to_numpy())
    random = np.random.default_rng(seed)
    drawn = random.choice(everyone, min(people, len(everyone)), replace=False)
    kept = table.filter(pc.is_in(table["user_id"], pa.array(drawn)))
    found = {"interactions": folder / "interactions.parquet"}
    pq.write_table(kept, found["interactions"])
    if items:
        known = pq.read_table(items)
        found["items"] = folder / "items.parquet"
        pq.write_table(known.filter(pc.is_in(known["item_id"], kept["item_id"])), found["items"])
    return found
