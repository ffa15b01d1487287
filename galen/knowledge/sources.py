"""Which sources of knowledge a user has, by name and path, in the order in which they are joined.

[sources]                             # a file of sources; paths are relative to it
drugbank = "copies/vocabulary.parquet"
own = ["pharmacy.toml", "shop.toml"]
"""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from galen.knowledge.graph import KnowledgeError
from galen.knowledge.loading.chinese_graph import load_chinese_graph
from galen.knowledge.loading.drugbank import load_drugbank
from galen.knowledge.loading.hsdn import load_hsdn
from galen.knowledge.loading.interactions import load_evidence, load_pairs
from galen.knowledge.loading.labeledin import load_labeledin
from galen.knowledge.loading.loaded import Loaded
from galen.knowledge.loading.openfda import Names, load_openfda
from galen.knowledge.loading.own import load_own
from galen.knowledge.loading.pharmacotherapydb import load_pharmacotherapydb
from galen.knowledge.loading.rxnorm import load_rxnorm

SEED: Final = Path(__file__).parent / "seed"
BRANDS: Final = Path(__file__).parent / "names" / "brands.toml"
SHIPPED: Final = Path(__file__).parent / "shipped"

SOURCES: Final[dict[str, Callable[[Path], Loaded]]] = {
    "own": load_own,
    "drugbank": load_drugbank,
    "rxnorm": load_rxnorm,
    "pharmacotherapydb": load_pharmacotherapydb,
    "labeledin": load_labeledin,
    "interactions": load_evidence,
    "interaction_pairs": load_pairs,
    "hsdn": load_hsdn,
    "chinese_graph": load_chinese_graph,
}
"""How each is read, in the order of joining: vocabularies go before what refers to them."""

LABELS: Final = "openfda"  # read last, with the names of all others


def shipped_sources() -> list[Loaded]:
    """What galen ships, in the order of joining."""
    return [
        load_own(SEED),
        load_own(BRANDS),
        load_drugbank(SHIPPED / "drugs.parquet"),
        load_pharmacotherapydb(SHIPPED / "indications.parquet"),
        load_evidence(SHIPPED / "interactions.parquet"),
    ]


def load_sources(
    given: Mapping[str, Sequence[Path]],
    shipped: bool = True,
    say: Callable[[str], None] = lambda what: None,
) -> list[Loaded]:
    """Read a user's sources after galen's own.

    Raises:
        KnowledgeError: a name is unknown, or a file cannot be read as its source.
    """
    unknown = set(given) - set(SOURCES) - {LABELS}
    if unknown:
        raise KnowledgeError(
            f"{', '.join(sorted(unknown))}: no such source; there are "
            f"{', '.join([*SOURCES, LABELS])}."
        )
    say("reading what galen ships")
    sources = shipped_sources() if shipped else []
    for name, load in SOURCES.items():
        for path in given.get(name, ()):
            say(f"reading {name}")
            sources.append(load(path))
    for path in given.get(LABELS, ()):
        say(f"reading {LABELS}")
        sources.append(load_openfda(path, Names.of(sources)))
    return sources


def read_sources(path: Path) -> dict[str, list[Path]]:
    """The names and paths of a file of sources.

    Raises:
        KnowledgeError: it is missing, cut short, or has no table [sources].
    """
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise KnowledgeError(f"{path} is not there; give the path of a TOML file.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise KnowledgeError(f"{path} is cut short or no TOML ({error}); mend it.") from error
    told = tree.get("sources")
    if not isinstance(told, dict):
        raise KnowledgeError(f"{path} has no table [sources]; write one, as name = 'path'.")
    given = {}
    for name, paths in told.items():
        listed = paths if isinstance(paths, list) else [paths]
        if not all(isinstance(each, str) for each in listed):
            raise KnowledgeError(f"{path}: sources.{name} must be a path or a list of paths.")
        given[name] = [path.parent / each for each in listed]
    return given
