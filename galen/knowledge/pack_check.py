"""Refuses a rule pack that contradicts itself, or speaks of what nobody knows."""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from itertools import combinations

from galen.knowledge.graph import Graph
from galen.knowledge.pack import (
    AgeLimit,
    CrossReaction,
    Hazard,
    NotOnline,
    Pack,
    Precaution,
    QuantityLimit,
    Rule,
    Sensitive,
    Unlocked,
)


def check_pack(pack: Pack, graph: Graph, today: date) -> list[str]:
    """Every problem of a pack, each with the rule and what to do; nothing where it is sound."""
    return [*faults(pack, graph), *out_of_date(pack, today)]


def out_of_date(pack: Pack, today: date) -> list[str]:
    """Rules that somebody has to look at again, or whose date cannot be; they can be kept."""
    return [said for rule in pack.rules for said in _dates(rule, today)]


def faults(pack: Pack, graph: Graph) -> list[str]:
    """What makes a pack one that cannot be kept, on whichever day."""
    known = _named(graph)
    return [
        *_twice(pack),
        *(f"rule {r.id}: it has no citation" for r in pack.rules if not r.citation.strip()),
        *(
            f"rule {rule.id}: the graph knows no {concept}; mend the name, or build the graph from "
            "a source that has it"
            for rule in pack.rules
            for concept in concepts_of(rule)
            if concept not in known
        ),
        *(
            f"safe_pool: the graph knows no {concept}; mend the name, or take it out"
            for concept in (pack.safe_pool.concepts if pack.safe_pool else ())
            if concept not in known
        ),
        *_contradictions(pack),
        *_overlaps(pack),
    ]


def concepts_of(rule: Rule) -> tuple[str, ...]:
    """The concepts that a rule names."""
    if isinstance(rule, Precaution):
        return (*rule.concepts, *rule.states)
    if isinstance(rule, Hazard):
        return tuple(concept for words in rule.sets for concept in words)
    if isinstance(rule, QuantityLimit):
        return (rule.concept,)
    if isinstance(rule, (NotOnline, AgeLimit, Sensitive, Unlocked, CrossReaction)):
        return rule.concepts
    return ()


def _named(graph: Graph) -> set[str]:
    kinds = graph.concepts["kind"].to_pylist()
    synonyms = graph.concepts["synonyms"].to_pylist()
    others = {
        f"{kind}:{' '.join(other.lower().split())}"
        for kind, words in zip(kinds, synonyms, strict=True)
        for other in words or ()
    }
    return set(graph.ids) | others


def _twice(pack: Pack) -> Iterator[str]:
    for name, count in Counter(rule.id for rule in pack.rules).items():
        if count > 1:
            yield f"rule {name}: {count} rules have this id; each needs its own"


def _dates(rule: Rule, today: date) -> Iterator[str]:
    if rule.date > today:
        yield f"rule {rule.id}: its date {rule.date} is yet to come; it is when its source was read"
    if rule.until is not None and rule.until < today:
        yield f"rule {rule.id}: it expired on {rule.until}; look at its source again"


def _contradictions(pack: Pack) -> Iterator[str]:
    """One key that is both dropped everywhere and unlocked; classes that are told twice."""
    barred = {concept: rule.id for rule in pack.not_online for concept in rule.concepts}
    for rule in pack.unlocked:
        for concept in rule.concepts:
            if concept in barred:
                yield (
                    f"rule {rule.id} unlocks {concept}, which rule {barred[concept]} keeps off "
                    "sale; take it out of one"
                )
    for rx_class, count in Counter(rule.rx_class for rule in pack.offered).items():
        if count > 1:
            yield f"class {rx_class.value} is offered by {count} rules; one must say where"


def _overlaps(pack: Pack) -> Iterator[str]:
    for one, other in combinations(pack.quantity, 2):
        if one.concept == other.concept and one.days == other.days:
            yield (
                f"rules {one.id} and {other.id} limit {one.concept} in the same {one.days} days; "
                "keep the one that holds"
            )
