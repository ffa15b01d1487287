"""Builds one graph of health knowledge from galen's own seed and a user's own sources."""

from pathlib import Path
from typing import Final

from galen.knowledge.graph import Graph
from galen.knowledge.joining import join
from galen.knowledge.loading.drugbank import load_drugbank
from galen.knowledge.loading.interactions import load_evidence
from galen.knowledge.loading.loaded import Loaded
from galen.knowledge.loading.own import load_own
from galen.knowledge.loading.pharmacotherapydb import load_pharmacotherapydb

SEED: Final = Path(__file__).parent / "seed"
SHIPPED: Final = Path(__file__).parent / "shipped"


def built_in() -> Graph:
    """The graph of what galen ships: its seed and the tables that may be passed on."""
    whole = join(shipped_sources())
    return Graph(whole.concepts, whole.relations)


def shipped_sources() -> list[Loaded]:
    """What galen ships, in the order of joining."""
    return [
        load_own(SEED),
        load_drugbank(SHIPPED / "drugs.parquet"),
        load_pharmacotherapydb(SHIPPED / "indications.parquet"),
        load_evidence(SHIPPED / "interactions.parquet"),
    ]
