"""A small pharmacy over galen's own knowledge, and requests of people who declare things."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from worlds import NOW, items_table

from galen.data.catalogue import Catalogue
from galen.data.schema import DAY, Surface
from galen.eligibility.gate import Gate
from galen.features.item_facts import ItemFacts
from galen.knowledge.build import built_in
from galen.knowledge.graph import Graph
from galen.knowledge.labels.contents import IngredientReader
from galen.knowledge.pack import Pack, read_pack
from galen.knowledge.schema import ConceptKind
from galen.knowledge.texts.concept_words import ConceptWords
from galen.pipeline.candidates import Candidates, Histories, Requests, no_histories
from galen.pipeline.circumstances import Bought, Circumstances, Packed


def medicine(name: str, ingredients: list[str], **more: Any) -> dict[str, Any]:
    record = {"item_id": name, "title": name, "ingredients": ingredients, "rx_class": "otc"}
    return record | {"pack_size": 20.0, "pack_unit": "tablets"} | more


SHELF = [
    medicine("paracetamol A", ["paracetamol 500 mg"]),
    medicine("cold sachets", ["Acetaminophen 500mg", "phenylephrine hydrochloride 10 mg"]),
    medicine("ibuprofen", ["ibuprofen 200 mg"]),
    medicine("aspirin", ["acetylsalicylic acid 500 mg"]),
    medicine("nose opener", ["pseudoephedrine 30 mg"], pack_size=12.0),
    medicine("warfarin", ["warfarin 5 mg"], rx_class="prescription"),
    medicine("codeine drops", ["codeine 20 mg"], rx_class="prescription"),
    medicine("blood pressure tablets", ["amlodipine 5 mg"], rx_class="prescription"),
    medicine("mystery pills", ["powder of dragon's tooth"]),
    medicine("of unknown class", ["ibuprofen 200 mg"], rx_class=None),
    {"item_id": "bleach", "title": "Bleach 1 l"},
    {"item_id": "acid", "title": "Acidic cleaner"},
    {"item_id": "test", "title": "Pregnancy test", "category": ["devices", "tests"]},
    {"item_id": "plasters", "title": "Plasters 20 pieces"},
    medicine("paracetamol B", ["paracetamol 500 mg"], spu_id="other brand"),
]


@dataclass(frozen=True)
class Pharmacy:
    """A gate over a shelf, asked by names."""

    gate: Gate
    catalogue: Catalogue

    def row(self, name: str) -> int:
        return self.catalogue.row_of[name]

    def concepts(self, *names: str) -> list[int]:
        rows = [self.gate.premises.row(name) for name in names]
        assert min(rows, default=0) >= 0, names
        return rows

    def asked(
        self,
        *,
        surface: Surface = Surface.HOME,
        age: float = 40.0,
        states: Sequence[str] = (),
        medicines: Sequence[str] = (),
        allergies: Sequence[str] = (),
        prescribed: Sequence[str] = (),
        cart: Sequence[str] = (),
        bought: Sequence[tuple[str, int, float]] = (),  # item, days ago, packs
        history: Histories | None = None,
        unrecognised: bool = False,
        shared: bool = False,
        refill: bool = False,
    ) -> Requests:
        """One request; names of concepts are ids such as condition:hypertension."""
        circumstances = Circumstances(
            states=Packed.of([self.concepts(*states)]),
            medicines=Packed.of([self.concepts(*medicines)]),
            allergies=Packed.of([self.concepts(*allergies)]),
            prescribed=Packed.of([self.concepts(*prescribed)]),
            cart=Packed.of([[self.row(item) for item in cart]]),
            bought=Bought(
                Packed.of([[self.row(item) for item, _, _ in bought]]),
                np.array([days * DAY for _, days, _ in bought], np.int64),
                np.array([packs for _, _, packs in bought], np.float64),
            ),
            unrecognised=np.array([unrecognised]),
            intolerant=np.array([bool(allergies)]),
            shared=np.array([shared]),
            refill=np.array([refill]),
        )
        return Requests(
            user=np.array([-1]),
            at=np.array([NOW]),
            history=no_histories(1) if history is None else history,
            surface=np.array([int(surface)]),
            age=np.array([age]),
            region=["east"],
            seed=np.array([0]),
            circumstances=circumstances,
        )

    def shown(self, requests: Requests) -> set[str]:
        """Names of all items that every family lets pass."""
        rows = np.arange(len(self.catalogue))
        candidates = Candidates(np.zeros(len(rows), np.int64), rows)
        kept = np.ones(len(rows), bool)
        for rule in self.gate.filters:
            kept &= rule.keep(requests, candidates)
        return {self.catalogue.ids[row] for row in rows[kept]}

    def dropped_by(self, requests: Requests, name: str) -> list[str]:
        """The rules that drop an item, in their order."""
        found = self.gate.findings(requests, 0, self.row(name))
        return [finding.rule for finding in found if finding.action == 2]

    def slate(self, requests: Requests, names: Sequence[str], n: int = 20) -> list[str]:
        """What stays of a slate in this order when looked at side by side."""
        rows = np.array([self.row(name) for name in names])
        candidates = Candidates(np.zeros(len(rows), np.int64), rows)
        kept = self.gate.together.keep(requests, candidates, n)
        return [name for name, keep in zip(names, kept, strict=True) if keep]


@pytest.fixture(scope="session")
def knowledge() -> Graph:
    return built_in()


@pytest.fixture(scope="session")
def reader(knowledge: Graph) -> IngredientReader:
    return IngredientReader.of(knowledge)


@pytest.fixture(scope="session")
def open_pharmacy(knowledge: Graph, reader: IngredientReader) -> Callable[..., Pharmacy]:
    """Opens a pharmacy with another shelf, or under another pack."""

    def opened(
        shelf: Sequence[dict[str, Any]] = SHELF, pack: str | Pack = "general", **changes: Any
    ) -> Pharmacy:
        catalogue = Catalogue(items_table(list(shelf)))
        facts = ItemFacts(catalogue, reader, ConceptWords.of(knowledge, ConceptKind.PRODUCT_WORD))
        rules = read_pack(pack) if isinstance(pack, str) else pack
        return Pharmacy(Gate.of(catalogue, facts, knowledge, rules, **changes), catalogue)

    return opened


@pytest.fixture(scope="session")
def pharmacy(open_pharmacy: Callable[..., Pharmacy]) -> Pharmacy:
    return open_pharmacy()
