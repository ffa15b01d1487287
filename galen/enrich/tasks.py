"""Every enrichment that a language model writes, by the name of its table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from galen.data.dataset import Dataset
from galen.enrich.running.task import Task
from galen.enrich.running.vocabulary import Vocabulary
from galen.enrich.tables.item_rules import item_rules
from galen.enrich.tables.items import ItemsTask
from galen.enrich.tables.need_rules import need_rules
from galen.enrich.tables.needs import NeedsTask
from galen.enrich.tables.profiles import ProfilesTask, profile_rules
from galen.enrich.tables.relation_rules import relation_rules
from galen.enrich.tables.relations import RelationsTask
from galen.enrich.tables.sample_rules import sample_rules
from galen.enrich.tables.samples import SamplesTask
from galen.knowledge.graph import Graph
from galen.llm.rules import RulesModel

GOODS: Final = ("mail", "telephone", "order", "card", "national id")
"""What is looked for in questions about goods, whose labels may say an age or an address."""


@dataclass(frozen=True)
class Sources:
    """What tasks are made from."""

    data: Dataset  # nothing from after the split, where there is one
    graph: Graph
    vocabulary: Vocabulary


@dataclass(frozen=True)
class Opened:
    """A task of a shop, and what answers it without a model."""

    task: Task[Any]
    rules: RulesModel
    redacted: tuple[str, ...] | None = None  # patterns that are looked for; None is all


def open_items(sources: Sources) -> Opened:
    """Facts of items, from their texts."""
    task = ItemsTask.of(sources.data.catalogue, sources.graph, sources.vocabulary)
    rules = RulesModel("items", 1, item_rules(sources.graph, sources.vocabulary))
    return Opened(task, rules, GOODS)


def open_relations(sources: Sources) -> Opened:
    """How one product word relates to another."""
    task = RelationsTask.of(sources.data, sources.graph)
    return Opened(task, RulesModel("relations", 1, relation_rules(sources.graph)), GOODS)


def open_samples(sources: Sources) -> Opened:
    """Guesses of what people would take."""
    task = SamplesTask.of(sources.data, sources.graph)
    return Opened(task, RulesModel("samples", 1, sample_rules), GOODS)


def open_needs(sources: Sources) -> Opened:
    """Needs behind contexts, and what answers them."""
    task = NeedsTask.of(sources.data, sources.graph)
    return Opened(task, RulesModel("needs", 1, need_rules(task)))


def open_profiles(sources: Sources) -> Opened:
    """What users and cohorts are like."""
    task = ProfilesTask.of(sources.data, sources.graph)
    return Opened(task, RulesModel("profiles", 1, profile_rules(task)))


TASKS: Final[Mapping[str, Callable[[Sources], Opened]]] = {
    "items": open_items,
    "needs": open_needs,
    "profiles": open_profiles,
    "relations": open_relations,
    "samples": open_samples,
}
