"""The words that an answer may choose from: the shop's own taxonomy and galen's knowledge.

The vocabulary that a shop's tables are written with is kept beside them. It stands in every schema,
so it is taken anew only when that is asked for: else one new category would ask everything anew.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from galen.data.catalogue import Catalogue
from galen.data.enriched import OTHER
from galen.data.replacing import replacing
from galen.enrich.running.faults import EnrichError
from galen.knowledge.graph import Graph
from galen.knowledge.schema import ConceptKind

FILE: Final = "vocabulary.json"


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Lists of words by the name that a field of an answer gives."""

    words: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, catalogue: Catalogue, graph: Graph) -> "Vocabulary":
        """`product_word`: generic products, of the graph and the shop's narrowest categories.

        `need`: symptoms, life stages and seasons. `form`: how the shop's goods come.
        """
        narrowest = {path[-1].lower() for path in catalogue.path_words if path}
        forms = {form.lower() for form in catalogue.table["form"].unique().to_pylist() if form}
        return cls(
            {
                "product_word": _listed([*_named(graph, ConceptKind.PRODUCT_WORD), *narrowest]),
                "need": _listed(
                    _named(graph, ConceptKind.SYMPTOM, ConceptKind.LIFE_STAGE, ConceptKind.SEASON)
                ),
                "form": _listed(forms),
                "population": (
                    *("everyone", "adults", "children", "infants", "elderly"),
                    *("pregnancy", OTHER),
                ),
            }
        )

    @classmethod
    def open(cls, folder: Path) -> "Vocabulary | None":
        """The vocabulary that a folder of tables is written with; None where there is none yet.

        Raises:
            EnrichError: its file cannot be read.
        """
        path = folder / FILE
        try:
            saved = json.loads(path.read_text("utf-8"))
            return cls({name: tuple(words) for name, words in saved.items()})
        except FileNotFoundError:
            return None
        except (OSError, ValueError, AttributeError, TypeError) as error:
            raise EnrichError(
                f"{path} cannot be read: {error}. Put it back, or delete it to begin a new "
                "vocabulary: then every record is asked anew."
            ) from error

    def save(self, folder: Path) -> None:
        """Put it in the place of the one before, whole or not at all."""
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(self.words, ensure_ascii=False, indent=1)
        with replacing(folder / FILE) as file:
            file.write(f"{text}\n".encode())

    def lacks(self, other: "Vocabulary") -> list[str]:
        """The words of another that this one does not have."""
        return [
            word
            for name, words in other.words.items()
            for word in words
            if word not in self.words.get(name, ())
        ]

    @property
    def version(self) -> str:
        """Twelve hexadecimal digits that change with any word."""
        text = json.dumps({name: list(words) for name, words in sorted(self.words.items())})
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def _named(graph: Graph, *kinds: ConceptKind) -> list[str]:
    return [graph.names[row].lower() for row in graph.of_kind(*kinds).tolist()]


def _listed(words: Iterable[str]) -> tuple[str, ...]:
    return (*sorted({word for word in words if word and word != OTHER}), OTHER)
