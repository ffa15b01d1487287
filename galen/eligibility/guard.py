"""A gate with what turns people's words into what it asks about."""

import math
from collections.abc import Collection
from dataclasses import dataclass, replace

from galen.data.catalogue import Catalogue
from galen.eligibility.declarations import PREGNANCY, Declarations
from galen.eligibility.gate import Gate
from galen.eligibility.rules.withdrawn import Withdrawals
from galen.features.item_claims import ItemClaims
from galen.features.item_facts import ItemFacts
from galen.knowledge.build import graph_of
from galen.knowledge.graph import Graph
from galen.knowledge.labels.contents import IngredientReader
from galen.knowledge.labels.likely_contents import LikelyContents
from galen.knowledge.pack import Pack, read_pack
from galen.knowledge.schema import ConceptKind
from galen.knowledge.texts.concept_words import ConceptWords
from galen.knowledge.texts.red_flags import RedFlags


@dataclass(frozen=True, slots=True)
class Guard:
    """One pack over one graph; a reply is decided by one of these and names it."""

    gate: Gate
    declarations: Declarations
    flags: RedFlags
    claims: ItemClaims

    def advice(self, text: str, age: float, states: Collection[int]) -> str | None:
        """What to say instead of showing products, where a query tells of danger; None else.

        `age` in years, NaN where unknown; `states` are concepts of what is known of the person.
        """
        years = None if math.isnan(age) else age
        pregnant = self.gate.premises.row(PREGNANCY) in states
        flag = self.flags.found(text, years, pregnant)
        return None if flag is None else flag.advice

    def with_pack(self, pack: Pack) -> "Guard":
        """The same facts under another pack; what is withdrawn stays withdrawn.

        Raises:
            PackError: a rule names a concept that the graph does not know.
        """
        old = self.gate.premises
        listed = self.gate.withdrawals
        gate = Gate.of(old.catalogue, old.facts, old.graph, pack, listed, self.claims)
        declarations = replace(self.declarations, premises=gate.premises)
        return replace(self, gate=gate, declarations=declarations)

    @classmethod
    def of(
        cls,
        catalogue: Catalogue,
        *,
        pack: str | Pack = "general",
        knowledge: str = "",
        withdrawals: Withdrawals | None = None,
    ) -> "Guard":
        """A pack (a shipped one by name, one's own by path) over a folder's graph or galen's own.

        Raises:
            PackError, KnowledgeError: the pack or the folder cannot be used; nothing has changed.
        """
        graph = graph_of(knowledge)
        reader = IngredientReader.of(graph)
        rules = pack if isinstance(pack, Pack) else read_pack(pack)
        return cls.over(catalogue, graph, reader, rules, withdrawals)

    @classmethod
    def over(
        cls,
        catalogue: Catalogue,
        graph: Graph,
        reader: IngredientReader,
        pack: Pack,
        withdrawals: Withdrawals | None = None,
    ) -> "Guard":
        """From parts that were read before.

        Raises:
            PackError: a rule names a concept that the graph does not know.
        """
        words = ConceptWords.of(graph, ConceptKind.PRODUCT_WORD)
        facts = ItemFacts(catalogue, reader, words, LikelyContents.of(graph, reader.told))
        claims = ItemClaims(catalogue, facts, graph)
        gate = Gate.of(catalogue, facts, graph, pack, withdrawals, claims)
        declarations = Declarations.over(gate.premises, reader.names)
        return cls(gate, declarations, RedFlags.read(), claims)
