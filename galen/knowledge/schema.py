"""The typed tables of health knowledge: concepts, and what holds between them.

A relation holds rows of the concepts table, as events hold rows of users and items. Every relation
carries where it is from and under which licence, so that what may not be passed on is known.
"""

from enum import StrEnum
from typing import Final

import pyarrow as pa


class ConceptKind(StrEnum):
    """What a concept is."""

    SYMPTOM = "symptom"
    CONDITION = "condition"
    INGREDIENT = "ingredient"
    DRUG_CLASS = "drug_class"
    PRODUCT_WORD = "product_word"  # the generic noun of a product: "nasal spray"
    POPULATION = "population"  # pregnancy, lactation, children under 12 …
    LIFE_STAGE = "life_stage"
    SEASON = "season"


class Relation(StrEnum):
    """What holds between a head and a tail, read as a sentence: head, relation, tail."""

    INDICATES = "indicates"  # an ingredient or product word, for a condition or life stage
    TREATS_SYMPTOM = "treats_symptom"  # an ingredient or product word, for a symptom
    SYMPTOM_OF = "symptom_of"  # a symptom, of a condition
    COMPLICATION_OF = "complication_of"  # a condition, of a condition
    CONTRAINDICATED_FOR = "contraindicated_for"  # ingredient, class or word; condition, population
    INTERACTS_WITH = "interacts_with"  # of two ingredients or classes; either way
    SAME_INGREDIENT = "same_ingredient"  # of two ingredients (salt and base); either way
    IS_A = "is_a"  # an ingredient, of a class; a condition, of a wider one
    CONTAINS = "contains"  # a product word, an ingredient
    COMPLEMENTS = "complements"  # of two product words; either way
    SUBSTITUTES = "substitutes"  # of two product words; either way
    HAZARDOUS_WITH = "hazardous_with"  # of two ingredients, classes or words; either way
    PEAKS_IN = "peaks_in"  # a condition, symptom or product word; a season


EITHER_WAY: Final = (
    Relation.INTERACTS_WITH,
    Relation.SAME_INGREDIENT,
    Relation.COMPLEMENTS,
    Relation.SUBSTITUTES,
    Relation.HAZARDOUS_WITH,
)
"""Relations that hold from tail to head as well."""

SEVERITIES: Final = {1: "minor", 2: "moderate", 3: "major", 4: "contraindicated"}
"""How bad an interaction or contraindication is; a missing value is ungraded."""

_GOODS = (ConceptKind.INGREDIENT, ConceptKind.DRUG_CLASS, ConceptKind.PRODUCT_WORD)
_TAKEN_FOR = (ConceptKind.CONDITION, ConceptKind.LIFE_STAGE, ConceptKind.POPULATION)

ENDS: Final[dict[Relation, tuple[tuple[ConceptKind, ...], tuple[ConceptKind, ...]]]] = {
    Relation.INDICATES: (_GOODS, _TAKEN_FOR),
    Relation.TREATS_SYMPTOM: (_GOODS, (ConceptKind.SYMPTOM,)),
    Relation.SYMPTOM_OF: ((ConceptKind.SYMPTOM,), (ConceptKind.CONDITION,)),
    Relation.COMPLICATION_OF: ((ConceptKind.CONDITION,), (ConceptKind.CONDITION,)),
    Relation.CONTRAINDICATED_FOR: (_GOODS, (*_TAKEN_FOR, ConceptKind.SYMPTOM)),
    Relation.INTERACTS_WITH: (_GOODS, _GOODS),
    Relation.SAME_INGREDIENT: ((ConceptKind.INGREDIENT,), (ConceptKind.INGREDIENT,)),
    Relation.IS_A: (tuple(ConceptKind), tuple(ConceptKind)),
    Relation.CONTAINS: ((ConceptKind.PRODUCT_WORD,), (ConceptKind.INGREDIENT,)),
    Relation.COMPLEMENTS: ((ConceptKind.PRODUCT_WORD,), (ConceptKind.PRODUCT_WORD,)),
    Relation.SUBSTITUTES: ((ConceptKind.PRODUCT_WORD,), (ConceptKind.PRODUCT_WORD,)),
    Relation.HAZARDOUS_WITH: (_GOODS, _GOODS),
    Relation.PEAKS_IN: (
        (ConceptKind.CONDITION, ConceptKind.SYMPTOM, ConceptKind.PRODUCT_WORD),
        (ConceptKind.SEASON,),
    ),
}
"""Which kinds a relation may hold between: of its head, of its tail."""

CONCEPTS: Final = pa.schema(
    [
        pa.field("concept_id", pa.string(), nullable=False),  # "ingredient:paracetamol"
        pa.field("kind", pa.string(), nullable=False),  # ConceptKind
        pa.field("name", pa.string(), nullable=False),
        pa.field("synonyms", pa.list_(pa.string())),  # other names, in any language
        pa.field("codes", pa.list_(pa.string())),  # "drugbank:DB00316", "rxcui:161", "doid:1612" …
        pa.field("source", pa.string(), nullable=False),
        pa.field("licence", pa.string(), nullable=False),
    ]
)

_WORD = pa.dictionary(pa.int32(), pa.string())  # a few words, told of millions of rows

RELATIONS: Final = pa.schema(
    [
        pa.field("head", pa.int32(), nullable=False),  # row of concepts
        pa.field("relation", _WORD, nullable=False),  # Relation
        pa.field("tail", pa.int32(), nullable=False),  # row of concepts
        pa.field("severity", pa.int8()),  # of SEVERITIES
        pa.field("confidence", pa.float32()),  # 0 … 1
        pa.field("source", _WORD, nullable=False),
        pa.field("licence", _WORD, nullable=False),
        pa.field("citation", _WORD),
        pa.field("date", pa.date32()),  # of the statement
    ]
)


def concept_id(kind: ConceptKind, name: str) -> str:
    """The id that galen gives a concept: its kind and its name in small letters."""
    return f"{kind.value}:{' '.join(name.lower().split())}"
