"""What goods without told ingredients are likely to hold, so that rules can go by it."""

from collections.abc import Mapping
from dataclasses import dataclass

from galen.knowledge.graph import Graph
from galen.knowledge.labels.told_names import ToldNames
from galen.knowledge.schema import Relation


@dataclass(frozen=True, slots=True)
class LikelyContents:
    """Ingredients that a title names, and those that goods of its product word hold as a rule.

    A guess on the side of care: it takes goods out and never shows more of them.
    """

    told: ToldNames
    usual: Mapping[int, tuple[int, ...]]  # by product word

    @classmethod
    def of(cls, graph: Graph, told: ToldNames) -> "LikelyContents":
        """By the names of ingredients, and by what product words of a graph contain."""
        edges = graph.edges(Relation.CONTAINS)
        usual: dict[int, tuple[int, ...]] = {}
        for word, ingredient in zip(edges.head.tolist(), edges.tail.tolist(), strict=True):
            usual[word] = (*usual.get(word, ()), ingredient)
        return cls(told, usual)

    def find(self, title: str | None, word: int) -> tuple[int, ...]:
        """Rows of ingredients and classes, each once; `word` is that of the title, or -1."""
        named = self.told.within(title) if title else ()
        return tuple(dict.fromkeys((*named, *self.usual.get(word, ()))))
