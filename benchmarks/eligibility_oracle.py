"""What must never be shown, told anew: plain sets and loops, sharing nothing with the rules.

It reads the relations and the pack, and the items as the world drew them, so that a mistake in
the tables, masks or facts of `galen.eligibility` is not repeated here.
"""

import math
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from galen.data.schema import Surface
from galen.knowledge.graph import Graph
from galen.knowledge.pack import Grades, Pack, Sensitive

AGES = {
    "population:infants": (0, 1),
    "population:children under 2": (0, 2),
    "population:children under 6": (0, 6),
    "population:children under 12": (0, 12),
    "population:children under 16": (0, 16),
    "population:children under 18": (0, 18),
    "population:elderly": (65, 200),
}


@dataclass(frozen=True)
class Goods:
    """An item as it was drawn."""

    concepts: tuple[str, ...]  # ids of ingredients, of classes that it names, of the product word
    milligrams: tuple[float, ...]  # a pack, by concept
    rx_class: str | None
    recognised: bool
    category: tuple[str, ...]
    sellable: bool  # in stock, not hidden, sold here, without a limit of the shop's own
    spu: str
    title: str = ""  # beside the product word
    withdrawn: bool = False


@dataclass(frozen=True)
class Person:
    """A request as it was drawn; concepts are ids, goods are numbers of items."""

    surface: Surface
    age: float | None
    states: tuple[str, ...] = ()
    medicines: tuple[str, ...] = ()
    allergies: tuple[str, ...] = ()
    prescribed: tuple[str, ...] = ()
    cart: tuple[int, ...] = ()
    bought: tuple[tuple[int, int, float], ...] = ()  # item, days ago, packs
    unrecognised: bool = False
    shared: bool = False


@dataclass
class Oracle:
    """One graph, one pack, one shelf."""

    graph: Graph
    pack: Pack
    goods: Sequence[Goods]
    _wider: dict[str, set[str]] = field(default_factory=dict)
    _same: dict[str, set[str]] = field(default_factory=dict)
    _kinds: dict[str, set[str]] = field(default_factory=dict)
    _below: dict[str, set[str]] = field(default_factory=dict)
    _of: dict[tuple[int, tuple[str, ...]], bool] = field(default_factory=dict)
    _together: dict[tuple[str, str], bool] = field(default_factory=dict)
    _bad: dict[tuple[str, str], bool] = field(default_factory=dict)

    @cached_property
    def _said(self) -> dict[str, list[tuple[str, str, int]]]:
        """By relation: (head, tail, severity or 0)."""
        found = defaultdict(list)
        ids = self.graph.ids
        for row in self.graph.relations.select(
            ["head", "relation", "tail", "severity"]
        ).to_pylist():
            pair = ids[row["head"]], ids[row["tail"]], row["severity"] or 0
            found[row["relation"]].append(pair)
        return found

    @cached_property
    def _steps(self) -> dict[str, set[str]]:
        steps = defaultdict(set, {one: set(salts) for one, salts in self._salts.items()})
        for head, tail, _ in self._said["is_a"]:
            steps[head].add(tail)
        return steps

    @cached_property
    def _salts(self) -> dict[str, set[str]]:
        steps = defaultdict(set)
        for head, tail, _ in self._said["same_ingredient"]:
            steps[head].add(tail)
            steps[tail].add(head)
        return steps

    def up(self, concept: str) -> set[str]:
        """The concept and all that it is a kind of."""
        if concept not in self._wider:
            self._wider[concept] = _reached(concept, self._steps)
        return self._wider[concept]

    def molecule(self, concept: str) -> set[str]:
        """The concept and its salts."""
        if concept not in self._same:
            self._same[concept] = _reached(concept, self._salts)
        return self._same[concept]

    def below(self, concept: str) -> set[str]:
        """The concept and all that is a kind of it."""
        if concept not in self._below:
            self._below[concept] = {one for one in self.graph.ids if concept in self.up(one)}
        return self._below[concept]

    def kinds(self, concept: str) -> set[str]:
        """What may be meant: a class is some kind of it, whichever, taken or on a label."""
        if concept not in self._kinds:
            of_class = concept.startswith("drug_class:") and concept != "drug_class:foodstuff"
            self._kinds[concept] = {concept} | (self.below(concept) if of_class else set())
        return self._kinds[concept]

    def held(self, item: int) -> list[tuple[str, float]]:
        """What it may hold, and how much: a class beside a kind of it is that kind."""
        goods = self.goods[item]
        return [
            (one, amount)
            for one, amount in zip(goods.concepts, goods.milligrams, strict=True)
            if not one.startswith("drug_class:")
            or not any(other != one and one in self.up(other) for other in goods.concepts)
        ]

    @cached_property
    def _clashes(self) -> set[tuple[str, str]]:
        return {
            pair
            for head, tail, severity in self._said["interacts_with"]
            if _drops(severity, self.pack.interactions)
            for pair in ((head, tail), (tail, head))
        }

    @cached_property
    def _wrong(self) -> set[tuple[str, str]]:
        """(goods, state)"""
        found = {
            (head, tail)
            for head, tail, severity in self._said["contraindicated_for"]
            if _drops(severity, self.pack.contraindications)
        }
        for rule in self.pack.precaution:
            if rule.action == "drop":
                found |= {
                    (self.named(good), self.named(state))
                    for good in rule.concepts
                    for state in rule.states
                }
        return found

    @cached_property
    def _other_names(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for row in self.graph.concepts.select(["concept_id", "kind", "synonyms"]).to_pylist():
            for other in row["synonyms"] or ():
                name = f"{row['kind']}:{' '.join(other.lower().split())}"
                found.setdefault(name, row["concept_id"])
        return found

    def named(self, concept: str) -> str:
        return concept if concept in self.graph.row_of else self._other_names[concept]

    def clash(self, one: str, other: str) -> bool:
        """Do two ingredients act on each other so that one is not to be shown?"""
        key = one, other
        if key not in self._together:
            pairs = ((a, b) for a in self._meant(one) for b in self._meant(other))
            self._together[key] = any(pair in self._clashes for pair in pairs)
        return self._together[key]

    def untolerated(self, concept: str, allergy: str) -> bool:
        """May it be what is not tolerated, or cross-react with it?"""
        rules = (rule for rule in self.pack.cross_reaction if rule.action == "drop")
        crossed = [{self.named(concept) for concept in rule.concepts} for rule in rules]
        return bool(self.below(allergy) & self.below(concept)) or any(
            self.up(allergy) & among and self.up(concept) & among for among in crossed
        )

    def _meant(self, concept: str) -> set[str]:
        return set().union(*map(self.up, self.kinds(concept)))

    def twice(self, one: str, other: str) -> bool:
        """May two be one molecule that is no food?"""
        molecules = {
            salt
            for kind in self.kinds(one)
            if kind.startswith("ingredient:") and "drug_class:foodstuff" not in self.up(kind)
            for salt in self.molecule(kind)
        }
        return bool(self.kinds(other) & molecules)

    def wrong(self, good: str, state: str) -> bool:
        key = good, state
        if key not in self._bad:
            pairs = ((a, b) for a in self._meant(good) for b in self.up(state))
            self._bad[key] = any(pair in self._wrong for pair in pairs)
        return self._bad[key]

    def of(self, item: int, concepts: Sequence[str]) -> bool:
        """Is the item, or something in it, of one of the concepts?"""
        key = item, tuple(concepts)
        if key not in self._of:
            wanted = {self.named(concept) for concept in concepts}
            self._of[key] = any(self._meant(c) & wanted for c, _ in self.held(item))
        return self._of[key]

    def forbidden(self, person: Person, slate: Sequence[int]) -> list[tuple[str, int]]:
        """(rule, item) of everything in a slate that should not be there."""
        found = []
        for place, item in enumerate(slate):
            basket = [*person.cart, *slate[:place]]
            found += [(rule, item) for rule in self._against(person, item, basket)]
        return found

    def _against(self, person: Person, item: int, basket: Sequence[int]) -> list[str]:
        goods, pack = self.goods[item], self.pack
        medicine = goods.rx_class != "none"
        states = [*person.states, *(name for name, within in AGES.items() if _in(person, within))]
        holds = [concept for concept, _ in self.held(item)]
        in_basket = [concept for b in basket for concept, _ in self.held(b)]
        taken = [
            *person.medicines,
            *(() if goods.rx_class == "prescription" else person.prescribed),
        ]
        told = bool(states or person.medicines or person.prescribed)
        told |= bool(person.allergies or person.unrecognised)
        checks = {
            "withdrawn": goods.withdrawn,
            "shop": not goods.sellable,
            "prescription": not self._offered(person, item, holds),
            "not_online": any(self.of(item, rule.concepts) for rule in pack.not_online),
            "age": any(
                (person.age is None or person.age < rule.years) and self.of(item, rule.concepts)
                for rule in pack.age
            ),
            "sensitive": self._tells(person, item),
            "same_for_all": person.shared
            and (medicine or not goods.recognised or self._could_tell(item)),
            "allergy": any(self.untolerated(c, a) for a in person.allergies for c in holds),
            "contraindication": any(self.wrong(c, s) for c in holds for s in states),
            "interaction": any(self.clash(c, m) for c in holds for m in (*taken, *in_basket)),
            "duplicate": pack.duplicates == "drop"
            and medicine
            and any(self.twice(c, m) for c in holds for m in (*taken, *in_basket)),
            "quantity": self._too_much(person, item, basket),
            "hazard": self._hazard(person, item, basket),
            "unknown": (
                medicine and not goods.recognised and told and pack.unknown.ingredients == "drop"
            )
            or (
                (medicine or not goods.recognised)
                and person.unrecognised
                and pack.unknown.medicines == "drop"
            ),
        }
        return [rule for rule, broken in checks.items() if broken]

    def _offered(self, person: Person, item: int, holds: Sequence[str]) -> bool:
        goods, name = self.goods[item], person.surface.name.lower()
        if goods.rx_class is None:
            return False
        for rule in self.pack.offered:
            if rule.rx_class.value == goods.rx_class and name in rule.surfaces:
                return True
        drugs = [c for c in holds if c.startswith("ingredient:")]
        vague = any(c.startswith("drug_class:") for c in holds)
        if goods.rx_class != "prescription" or not drugs or vague or not goods.recognised:
            return False
        return any(name in rule.surfaces for rule in self.pack.unlocked) and all(
            any(p in self.molecule(drug) for p in person.prescribed) for drug in drugs
        )

    def _could_tell(self, item: int) -> bool:
        """Could a rule about anybody's health or cupboard speak of it: an ingredient or a class, or
        goods in its way?
        """
        concepts = self.goods[item].concepts
        if any(concept.startswith(("ingredient:", "drug_class:")) for concept in concepts):
            return True
        return any(self.up(concept) & self._spoken_of for concept in concepts)

    @cached_property
    def _spoken_of(self) -> set[str]:
        """Goods of any statement that drops or warns."""
        found = set()
        for relation, grades in (
            ("contraindicated_for", self.pack.contraindications),
            ("interacts_with", self.pack.interactions),
        ):
            for head, tail, severity in self._said[relation]:
                if severity >= grades.warn or (not severity and grades.ungraded != "ignore"):
                    found |= {head, tail} if relation == "interacts_with" else {head}
        for rule in self.pack.precaution:
            found |= {self.named(concept) for concept in rule.concepts}
        for sets, _ in self._hazards:
            found |= {self.named(concept) for concepts in sets for concept in concepts}
        return found

    def _tells(self, person: Person, item: int) -> bool:
        for rule, about in self._sensitive:
            if person.shared or person.surface.name.lower() in rule.surfaces:
                words = {word.lower() for word in rule.categories}
                names = {c.partition(":")[2] for c in self.goods[item].concepts if "word:" in c}
                if words & ({word.lower() for word in self.goods[item].category} | names):
                    return True
                if about & set(self.goods[item].concepts):
                    return True
                title = self.goods[item].title.lower()
                for phrase in rule.harmless:
                    title = title.replace(phrase, "")
                if any(_says(title, word) for word in words):
                    return True
        return False

    @cached_property
    def _sensitive(self) -> list[tuple[Sensitive, set[str]]]:
        """Each rule with the goods that it names, and those for what it names."""
        found = []
        for rule in self.pack.sensitive:
            named = {self.named(concept) for concept in rule.concepts}
            uses = self._said["indicates"] + self._said["treats_symptom"]
            about = {head for head, tail, _ in uses if self.up(tail) & named}
            about |= {concept for concept in self.graph.ids if self.up(concept) & named}
            found.append((rule, about))
        return found

    def _too_much(self, person: Person, item: int, basket: Sequence[int]) -> bool:
        for rule in self.pack.quantity:
            amount = self._amount(item, rule.concept, rule.milligrams)
            if amount:
                had = sum(self._amount(b, rule.concept, rule.milligrams) for b in basket)
                had += sum(
                    self._amount(b, rule.concept, rule.milligrams) * packs
                    for b, days, packs in person.bought
                    if days < rule.days
                )
                if had + amount > rule.milligrams * (1 + 1e-6):
                    return True
        return False

    def _amount(self, item: int, concept: str, most: float) -> float:
        wanted, amounts = self.named(concept), []
        for held, milligrams in self.held(item):
            if wanted in self._meant(held):
                amounts.append(milligrams)
        known = sum(amount for amount in amounts if not math.isnan(amount))
        return max(most, known) if any(map(math.isnan, amounts)) else known

    @cached_property
    def _hazards(self) -> list[tuple[tuple[tuple[str, ...], ...], int]]:
        pairs = [((head,), (tail,)) for head, tail, _ in self._said["hazardous_with"]]
        return [*((r.sets, r.days) for r in self.pack.hazard), *((pair, 30) for pair in pairs)]

    def _hazard(self, person: Person, item: int, basket: Sequence[int]) -> bool:
        for sets, days in self._hazards:
            mine = [self.of(item, concepts) for concepts in sets]
            if any(mine):
                near = [*basket, *(b for b, ago, _ in person.bought if ago < days)]
                met = [any(self.of(b, concepts) for b in near) for concepts in sets]
                if any(met) and all(a or b for a, b in zip(mine, met, strict=True)):
                    return True
        return False


def _says(title: str, word: str) -> bool:
    """Is the word in a title, and no part of a longer one where words are parted by blanks?"""
    return re.search(f"(?<![a-z]){re.escape(word)}(?![a-z])", title) is not None


def _reached(start: str, steps: dict[str, set[str]]) -> set[str]:
    found, waiting = {start}, [start]
    while waiting:
        for other in steps.get(waiting.pop(), ()):
            if other not in found:
                found.add(other)
                waiting.append(other)
    return found


def _drops(severity: int, grades: Grades) -> bool:
    return severity >= grades.drop if severity else grades.ungraded == "drop"


def _in(person: Person, within: tuple[int, int]) -> bool:
    return person.age is not None and within[0] <= person.age < within[1]
