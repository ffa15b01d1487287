"""What people declare, in words, as rows of the graph in use."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np

from galen.eligibility.premises import Premises
from galen.knowledge.graph import KnowledgeError
from galen.knowledge.labels.composition import parse_composition
from galen.knowledge.labels.ingredient_names import IngredientNames
from galen.knowledge.labels.told_names import ToldNames
from galen.knowledge.schema import ConceptKind
from galen.pipeline.circumstances import Bought, Circumstances, Packed

STATE_KINDS: Final = (
    ConceptKind.CONDITION,
    ConceptKind.POPULATION,
    ConceptKind.LIFE_STAGE,
    ConceptKind.SYMPTOM,
)
MEDICINE_KINDS: Final = (ConceptKind.INGREDIENT, ConceptKind.DRUG_CLASS)
GOODS: Final = (*MEDICINE_KINDS, ConceptKind.PRODUCT_WORD)
"""What may be taken or not be tolerated, where it is told by its id."""

PREGNANCY: Final = "population:pregnancy"
ALSO: Final = {"life_stage:expecting a baby": PREGNANCY}
"""Life stages that are a state by another name: rules and red flags speak of the state alone."""

ALLERGY: Final = (" allergy", "过敏", "アレルギー")
"""What makes the name of a condition of what is not tolerated: "penicillin allergy"."""


NAMES: Final = 20
"""In one word, looked up one by one; a longer list is read as a text, and as one not known whole.
"""


class Meaning(NamedTuple):
    """Rows of the graph that a word may mean, and whether that is all that it says."""

    rows: tuple[int, ...]
    whole: bool  # False: of the rest nobody knows, as of a word that means nothing known


@dataclass(frozen=True, slots=True)
class RequestWords:
    """What is said of one request, beside the record of its person."""

    cart: Sequence[str] = ()  # item_ids
    conditions: Sequence[str] = ()
    medicines: Sequence[str] = ()
    allergies: Sequence[str] = ()
    prescriptions: Sequence[str] = ()
    discreet: bool = False
    refill: bool = False


@dataclass(frozen=True, slots=True)
class Declarations:
    """Words become concepts; a word that the graph does not know is remembered as such."""

    premises: Premises
    names: IngredientNames
    states: ToldNames
    goods: ToldNames

    @classmethod
    def over(cls, premises: Premises, names: IngredientNames) -> "Declarations":
        """By all names of the graph that the premises stand on."""
        graph = premises.graph
        states, goods = ToldNames.of(graph, *STATE_KINDS), ToldNames.of(graph, *MEDICINE_KINDS)
        return cls(premises, names, states, goods)

    def of(
        self, asked: Sequence[RequestWords], records: Sequence[Mapping[str, Any]], bought: Bought
    ) -> Circumstances:
        """The circumstances of requests, each of a person with a record of schema USERS."""
        said = [self._said(w, r) for w, r in zip(asked, records, strict=True)]
        return Circumstances(
            states=Packed.of([list(one.states) for one in said]),
            medicines=Packed.of([list(one.medicines) for one in said]),
            allergies=Packed.of([list(one.allergies) for one in said]),
            prescribed=Packed.of([list(one.prescribed) for one in said]),
            cart=Packed.of([one.cart for one in said]),
            bought=bought,
            unrecognised=np.array([one.unrecognised for one in said], bool),
            intolerant=np.array([one.intolerant for one in said], bool),
            shared=np.array([words.discreet for words in asked], bool),
            refill=np.array([words.refill for words in asked], bool),
        )

    def _said(self, words: RequestWords, record: Mapping[str, Any]) -> "_Said":
        states = [self._state(w) for w in (*words.conditions, *_told(record, "conditions"))]
        medicines = [self._good(w) for w in (*words.medicines, *_told(record, "medicines"))]
        allergies = (*words.allergies, *_told(record, "allergies"))
        prescribed = [self._prescribed(word) for word in words.prescriptions]
        stages = [self._state(stage)] if (stage := record.get("life_stage")) else []
        # What is not tolerated is a good, a condition of its own name, or both.
        goods = [self._good(_without_allergy(word)) for word in allergies]
        ills = [self._allergy(word) for word in allergies]
        cart = [self.premises.catalogue.row_of.get(item, -1) for item in words.cart]
        doubtful = [meaning for meaning in prescribed if not meaning.whole]
        # A condition is about the goods that it is known to be about: there may be others.
        every = (*states, *medicines, *goods, *prescribed, *_lost(stages))
        return _Said(
            states=self._and_also(_rows(*states, *ills, *stages)),
            medicines=_rows(*medicines, *doubtful),
            allergies=_rows(*goods),
            prescribed=_rows(*(meaning for meaning in prescribed if meaning.whole)),
            cart=[row for row in cart if row >= 0],
            unrecognised=self._unread(cart) or not all(meaning.whole for meaning in every),
            intolerant=bool(allergies),
        )

    def _unread(self, cart: Sequence[int]) -> bool:
        """Is there something in the cart that nobody knows, or a medicine of unknown contents?"""
        items = self.premises.items
        return any(row < 0 or (items.medicine[row] and not items.recognised[row]) for row in cart)

    def _state(self, word: str) -> Meaning:
        return self._by_id(word, STATE_KINDS) or _read(self.states, word)

    def _allergy(self, word: str) -> Meaning:
        names = self.states
        rows = [row for end in ("", *ALLERGY) for row in names.whole(f"{word}{end}")]
        return Meaning(tuple(rows), True) if rows else _read(names, word)

    def _good(self, word: str) -> Meaning:
        """Ingredients and classes, with the amounts that people write behind them or without.

        A near spelling is a guess: rules go by it, and by that it may be wrong.
        """
        parts = [self._named(name) for name in _names_in(word)]
        if parts and all(part.rows for part in parts):
            return Meaning(_rows(*parts), True)
        found = self.names.find([word]).concept
        within = self.goods.within(word)
        return Meaning((*within, *(row for row in found.tolist() if row >= 0)), False)

    def _named(self, word: str) -> Meaning:
        """All that may be meant: a class may have the name of an ingredient, and so may another."""
        named = self._by_id(word, GOODS)
        if named is not None:
            return named
        sure = self._molecule(word)
        names = (word, *(self.premises.graph.names[row] for row in sure))
        every = (*sure, *(row for name in names for row in self.goods.whole(name)))
        return Meaning(tuple(dict.fromkeys(every)), bool(every))

    def _molecule(self, word: str) -> tuple[int, ...]:
        """The one ingredient that a word is a name, or a salt, of; none where that is a guess."""
        found = int(self.names.known([word]).concept[0])
        return (found,) if found >= 0 else ()

    def _prescribed(self, word: str) -> Meaning:
        """Molecules, which it unlocks, and classes: what else bears its name it is not for.

        What cannot be told for sure unlocks nothing; rules go by all that it may be.
        """
        said = [self._sure(name) for name in _names_in(word)]
        if said and all(part.rows for part in said):
            return Meaning(_rows(*said), True)
        return Meaning(self._good(word).rows, False)

    def _sure(self, word: str) -> Meaning:
        named = self._by_id(word, GOODS)
        if named is not None:
            return named
        ingredient, every = self.premises.ingredient, self._named(word).rows
        classes = [row for row in every if not ingredient[row]]
        return Meaning((*self._molecule(word), *classes), True)

    def _by_id(self, word: str, kinds: Sequence[ConceptKind]) -> Meaning | None:
        """What is told as `kind:name`; of another kind than is asked for it says nothing."""
        kind, colon, name = " ".join(word.lower().split()).partition(":")
        row = self.premises.row(f"{kind}:{name.strip()}") if colon else -1
        return Meaning((row,), True) if row >= 0 and kind in kinds else None

    def _and_also(self, rows: tuple[int, ...]) -> tuple[int, ...]:
        row = self.premises.row
        also = (row(state) for stage, state in ALSO.items() if row(stage) in rows)
        return tuple(dict.fromkeys((*rows, *(state for state in also if state >= 0))))


class _Said(NamedTuple):
    """What one request and its person's record say."""

    states: tuple[int, ...]
    medicines: tuple[int, ...]
    allergies: tuple[int, ...]
    prescribed: tuple[int, ...]
    cart: list[int]
    unrecognised: bool
    intolerant: bool


def _lost(stages: Sequence[Meaning]) -> list[Meaning]:
    """Those of which nothing is known: a shop has words of its own around what they say."""
    return [stage for stage in stages if not stage.rows]


def _read(names: ToldNames, word: str) -> Meaning:
    whole = names.whole(word)
    return Meaning(whole, True) if whole else Meaning(names.within(word), False)


def _rows(*meanings: Meaning) -> tuple[int, ...]:
    return tuple(dict.fromkeys(row for meaning in meanings for row in meaning.rows))


def _without_allergy(word: str) -> str:
    """The good that an allergy is named by: "penicillin" of "penicillin allergy"."""
    text = " ".join(word.split())
    for end in ALLERGY:
        if text.lower().endswith(end) and text.lower() != end:
            return text[: -len(end)]
    return text


def _names_in(word: str) -> list[str]:
    """The names of "ibuprofen 200 mg, codeine"; the word itself where it is not to be parted."""
    try:
        parts = parse_composition(word)
    except KnowledgeError:
        return [word]
    names = [name for part in parts for name in (part.name, *part.other_names)]
    return names if len(names) <= NAMES else [word]


def _told(record: Mapping[str, Any], field: str) -> Sequence[str]:
    return record.get(field) or ()
