"""The claims of a whole shop's copy, as a report."""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec

from galen.data.catalogue import Catalogue
from galen.data.shop import Shop
from galen.features.item_claims import BAN, CopyBreach, ItemClaims
from galen.features.item_facts import ItemFacts
from galen.knowledge.graph import Graph
from galen.knowledge.labels.contents import IngredientReader
from galen.knowledge.schema import ConceptKind
from galen.knowledge.texts.concept_words import ConceptWords


@dataclass(frozen=True, slots=True)
class ClaimReport:
    """Every breach, in the order of the catalogue."""

    items: int
    breaches: tuple[CopyBreach, ...]

    @property
    def items_in_breach(self) -> int:
        """How many items have a breach; one item may have several."""
        return len({breach.item for breach in self.breaches})

    @property
    def banned(self) -> bool:
        """Is there a breach that must not stay, rather than one to look at?"""
        return any(breach.severity == BAN for breach in self.breaches)

    @property
    def by_rule(self) -> dict[str, int]:
        """Breaches of each rule, the most frequent first."""
        return dict(Counter(breach.rule for breach in self.breaches).most_common())

    def json(self) -> str:
        """The counts and each breach under its fields' names, for a script."""
        report = {
            "items": self.items,
            "items_in_breach": self.items_in_breach,
            "by_rule": self.by_rule,
            "breaches": [asdict(breach) for breach in self.breaches],
        }
        return msgspec.json.format(msgspec.json.encode(report), indent=1).decode()


def claims_of_shop(folder: Path, graph: Graph, say: Callable[[str], None]) -> ClaimReport:
    """Check the titles and descriptions of a shop against the facts of a graph.

    Raises:
        ShopError: the shop cannot be read.
    """
    say("reading the shop")
    catalogue = Catalogue.read(Shop.open(folder))
    namer = ConceptWords.of(graph, ConceptKind.PRODUCT_WORD)
    facts = ItemFacts(catalogue, IngredientReader.of(graph), namer)
    say(f"checking what {len(catalogue):,} items claim")
    claims = ItemClaims(catalogue, facts, graph)
    return ClaimReport(len(catalogue), tuple(claims.breaches))
