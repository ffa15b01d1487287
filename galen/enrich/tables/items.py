"""What a catalogue leaves unsaid of its items: product word, needs, normal forms, plain words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

import pyarrow as pa
from pydantic import Field

from galen.data.catalogue import Catalogue
from galen.data.enriched import OTHER
from galen.enrich.running import meaning
from galen.enrich.running.faults import Fault, FaultCode
from galen.enrich.running.parsing import Said, chosen_from
from galen.enrich.running.prompt_file import PromptFile
from galen.enrich.running.task import AskedTask, Record
from galen.enrich.running.vocabulary import Vocabulary
from galen.features.item_claims import ItemClaims
from galen.features.item_facts import ItemFacts
from galen.knowledge.graph import Graph
from galen.knowledge.labels.contents import IngredientReader
from galen.knowledge.schema import ConceptKind, Relation
from galen.knowledge.texts.claims import rules_version
from galen.knowledge.texts.concept_words import ConceptWords

NAME: Final = "items"
JUDGED: Final = "items 1"
"""Goes up when `judge` changes: answers of before are then judged anew."""

GROUNDED: Final = 0.5
"""Share of the longer words of a description that its item's own text has to hold."""

Short = Annotated[str, Field(min_length=1, max_length=40)]
Point = Annotated[str, Field(min_length=3, max_length=100)]

COLUMNS: Final = pa.schema(
    [
        pa.field("product_word", pa.string()),
        pa.field("needs", pa.list_(pa.string())),
        pa.field("population", pa.string()),
        pa.field("form", pa.string()),
        pa.field("strength", pa.string()),
        pa.field("pack", pa.string()),
        pa.field("description", pa.string()),
        pa.field("selling_points", pa.list_(pa.string())),
        pa.field("synonyms", pa.list_(pa.string())),
        pa.field("quality", pa.float64()),
    ]
)


class ItemAnswer(Said):
    """What is said of one item."""

    product_word: str = Field(json_schema_extra=chosen_from("product_word"))
    needs: tuple[str, ...] = Field(max_length=5, json_schema_extra=chosen_from("need"))
    population: str = Field(json_schema_extra=chosen_from("population"))
    form: str | None = Field(json_schema_extra=chosen_from("form"))
    strength: Short | None
    pack: Short | None
    description: str = Field(min_length=15, max_length=240)
    selling_points: tuple[Point, ...] = Field(max_length=3)
    synonyms: tuple[Short, ...] = Field(max_length=8)
    quality: float = Field(ge=0, le=1)


@dataclass(frozen=True)
class ItemsTask:
    """The task of a shop's catalogue. The key is the item's id, which the model is not told."""

    asked: AskedTask[ItemAnswer]
    catalogue: Catalogue
    claims: ItemClaims
    served: Mapping[str, frozenset[str]]  # product word -> needs that the graph leads to it from

    @classmethod
    def of(
        cls, catalogue: Catalogue, graph: Graph, vocabulary: Vocabulary | None = None
    ) -> "ItemsTask":
        """With the vocabulary of a shop's tables, or one taken from the catalogue and the graph."""
        asked = AskedTask(
            NAME,
            PromptFile.shipped(NAME),
            ItemAnswer,
            vocabulary or Vocabulary.of(catalogue, graph),
            COLUMNS,
            graph.version,
            f"{graph.version} {rules_version()} {JUDGED}",
        )
        namer = ConceptWords.of(graph, ConceptKind.PRODUCT_WORD)
        facts = ItemFacts(catalogue, IngredientReader.of(graph), namer)
        return cls(asked, catalogue, ItemClaims(catalogue, facts, graph), needs_served(graph))

    def records(self) -> Iterator[Record]:
        names = ["item_id", "title", "brand", "category", "description", "attributes"]
        names += ["ingredients", "rx_class", "form", "pack_size", "pack_unit"]
        for batch in self.catalogue.table.select(names).to_batches(max_chunksize=4096):
            for row in batch.to_pylist():
                yield Record(row["item_id"], told_of(row))

    def judge(self, record: Record, answer: ItemAnswer) -> Sequence[Fault]:
        """Grounded in the item's own text, no copy, its script, no claim, no page or id."""
        content = record.content
        source = text_of(content)
        row = self.catalogue.row_of[record.key]
        faults: list[Fault] = []
        for field, text in _texts(answer):
            faults += meaning.numbers_told(field, text, source)
            faults += meaning.no_address(field, text, source)
            faults += meaning.claimed(field, text, self.claims.of_text(text, row))
        own = [str(content.get(name) or "") for name in ("title", "description")]
        faults += meaning.said_anew("description", answer.description, own)
        faults += meaning.same_script("description", answer.description, source)
        faults += meaning.words_told("description", answer.description, source, GROUNDED)
        for point in answer.selling_points:
            faults += meaning.words_told("selling_points", point, source, GROUNDED)
        return faults + self._served(answer, source)

    def rows(self, record: Record, answer: ItemAnswer) -> Sequence[Mapping[str, Any]]:
        said = answer.model_dump()
        return [
            {
                **said,
                "product_word": None if said["product_word"] == OTHER else said["product_word"],
            }
        ]

    def _served(self, answer: ItemAnswer, source: str) -> list[Fault]:
        """A need has to stand in the text, or lead to the product word in the graph."""
        known = self.served.get(answer.product_word, frozenset())
        lost = [
            need
            for need in answer.needs
            if need != OTHER and need not in known and need not in meaning.plain(source)
        ]
        if not lost:
            return []
        why = f"needs: nothing leads from {lost[0]!r} to {answer.product_word!r}"
        return [Fault(FaultCode.KNOWLEDGE, why)]


def needs_served(graph: Graph) -> dict[str, frozenset[str]]:
    """The needs from which the graph leads to each product word."""
    found: dict[str, set[str]] = {}
    for relation in (Relation.INDICATES, Relation.TREATS_SYMPTOM, Relation.PEAKS_IN):
        edges = graph.edges(relation)
        for head, tail in zip(edges.head.tolist(), edges.tail.tolist(), strict=True):
            found.setdefault(graph.names[head].lower(), set()).add(graph.names[tail].lower())
    return {word: frozenset(needs) for word, needs in found.items()}


def told_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """What a model is told of an item: what does not change with price, stock or people."""
    size, unit = row["pack_size"], row["pack_unit"]
    pack = None if size is None else f"{size:g} {unit or ''}".strip()
    names = ("title", "brand", "category", "description", "attributes", "ingredients")
    facts = {name: row[name] for name in (*names, "rx_class", "form")} | {"pack": pack}
    return {name: value for name, value in facts.items() if value not in (None, "", [])}


def text_of(content: Mapping[str, Any]) -> str:
    """All that was told of an item, as one text."""
    parts: list[str] = []
    for value in content.values():
        parts += value if isinstance(value, list) else [str(value)]
    return " · ".join(str(part) for part in parts)


def _texts(answer: ItemAnswer) -> Iterator[tuple[str, str]]:
    for field in ("strength", "pack", "description"):
        text = getattr(answer, field)
        if text is not None:
            yield field, text
    for field in ("selling_points", "synonyms"):
        yield from ((field, text) for text in getattr(answer, field))
