"""Who asks, when, and coming from where, in words of which there are few: the keys of a context.

The same reader makes the keys of past visits, which tables are made from, and those of requests,
which look them up.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from galen.data.arrays import Floats, Ints
from galen.data.catalogue import Catalogue
from galen.data.dataset import Dataset
from galen.data.schema import DAY, Surface
from galen.features.words.item_words import ItemWords, spoken
from galen.knowledge.graph import Graph
from galen.knowledge.texts.concept_words import ConceptWords
from galen.pipeline.candidates import Histories, Requests

Field = Literal[
    "sex", "region", "surface", "age", "life_stage", "season", "landing", "category", "interest"
]
FIELDS: Final[tuple[Field, ...]] = (
    "sex",
    "region",
    "surface",
    "age",
    "life_stage",
    "season",
    "landing",
    "category",
    "interest",
)
"""All fields, in the order in which they are dropped where too little is known of a key.

`landing` is the product word that is asked for or was taken last, `category` the category around
it, `interest` the widest category that a person took most of.
"""

AGES: Final = np.array([18.0, 30.0, 45.0, 60.0, 75.0])  # years at which bands begin
BANDS: Final = ("under 18", "18 to 29", "30 to 44", "45 to 59", "60 to 74", "75 and over")
SEASONS: Final = ("winter", "spring", "summer", "autumn")  # of the northern half of the earth
SURFACES: Final = tuple(surface.name.lower().replace("_", " ") for surface in Surface)
VISIT: Final = DAY // 2
"""Events of a person that lie closer together are of one visit."""

YEAR: Final = 365.25  # days


@dataclass(frozen=True)
class ContextReader:
    """Reads contexts as codes, -1 where a field is not known; what it has not met is not known.

    An age counts only where no life stage is known, which tells more.
    """

    fields: tuple[Field, ...]  # in the order in which they are dropped
    words: Mapping[str, tuple[str, ...]]  # of each field, by code
    of_item: Mapping[str, Ints]  # landing, category, interest: (items,) codes
    asked_for: ConceptWords  # what a query may name -> code of `landing`
    clocked: bool

    @classmethod
    def of(cls, data: Dataset, graph: Graph, fields: Sequence[Field]) -> "ContextReader":
        """The words that a shop's people and catalogue have."""
        words = ItemWords.of(data.catalogue, graph, data.enriched, data.extent)
        around, category = _around(data.catalogue)
        department = [name.lower() for name in data.catalogue.department_words]
        known: dict[str, tuple[str, ...]] = {
            "sex": _met(data.sex),
            "region": _met(data.region),
            "surface": SURFACES,
            "age": BANDS,
            "life_stage": _met(data.life_stage),
            "season": SEASONS,
            "landing": words.names,
            "category": around,
            "interest": tuple(department),
        }
        of_item = {
            "landing": words.of_item,
            "category": category,
            "interest": np.asarray(data.catalogue.department, np.int64).copy(),
        }
        chosen = tuple(field for field in FIELDS if field in fields)
        asked_for = ConceptWords(spoken(words, graph))
        return cls(chosen, known, of_item, asked_for, data.clock == "time")

    def past(self, data: Dataset) -> Ints:
        """(E, fields): the context in which the visit of each taken event of `data` began.

        `data` holds nothing but events that were taken.
        """
        visit = _visits(data, self.clocked)
        before = np.where(data.place[visit] > 0, visit - 1, -1)
        age = np.full(data.users, np.nan) if data.age is None else data.age
        columns: dict[str, Ints] = {
            "sex": _codes(data.sex, self.words["sex"], data.user),
            "region": _codes(data.region, self.words["region"], data.user),
            "surface": _of_surface(data, visit),
            "age": bands_of(age)[data.user],
            "life_stage": _codes(data.life_stage, self.words["life_stage"], data.user),
            "season": self._season(data.at[visit]),
        }
        item = np.where(before >= 0, data.item[before], -1).astype(np.int64)
        for field in ("landing", "category"):
            columns[field] = self._of(field, item)
        if "interest" in self.fields:
            columns["interest"] = _most_before(
                data, self._of("interest", data.item.astype(np.int64)), visit
            )
        return self._stacked(columns, len(data))

    def asked(self, requests: Requests) -> Ints:
        """(R, fields): the context of each request. A request does not tell a sex."""
        size = len(requests)
        nobody = np.full(size, -1)
        taken = requests.taken
        newest = nobody.copy()
        some = taken.length > 0
        newest[some] = taken.item[taken.offsets[1:][some] - 1]
        landing, category = self._of("landing", newest), self._of("category", newest)
        wanted = self._wanted(requests)
        landing = np.where(wanted >= 0, wanted, landing)
        category = np.where(wanted >= 0, self._around_word[wanted], category)
        everybody = np.arange(size)
        columns = {
            "sex": nobody,
            "region": _codes(requests.region, self.words["region"], everybody),
            "surface": np.where(requests.surface < len(SURFACES), requests.surface, -1),
            "age": bands_of(requests.taste_age),
            "life_stage": _codes(requests.life_stage, self.words["life_stage"], everybody),
            "season": self._season(requests.at),
            "landing": landing,
            "category": category,
        }
        if "interest" in self.fields:
            columns["interest"] = _most_of(taken, self._of("interest", taken.item))
        return self._stacked(columns, size)

    def word_of(self, item: Ints) -> Ints:
        """(N,): the product word of items (N,), as a code of `landing`; -1 where none is known."""
        return self._of("landing", item)

    def key(self, codes: Sequence[int]) -> str:
        """A context in words, as it stands in tables: JSON of its known fields."""
        named = {
            field: self.words[field][code]
            for field, code in zip(self.fields, codes, strict=True)
            if code >= 0
        }
        return json.dumps(named, ensure_ascii=False)

    def codes(self, key: str) -> list[int] | None:
        """The codes of a key; None where it has a field or a word that is not known here."""
        words: dict[str, Any] = json.loads(key)
        found = dict.fromkeys(self.fields, -1)
        for field, word in words.items():
            if field not in found or word not in self.words[field]:
                return None
            found[field] = self.words[field].index(word)
        return list(found.values())

    def _of(self, field: str, item: Ints) -> Ints:
        code = self.of_item[field]
        known = (item >= 0) & (item < len(code))
        if not known.any():
            return np.full(len(item), -1)
        return np.asarray(np.where(known, code[np.where(known, item, 0)], -1))

    def _wanted(self, requests: Requests) -> Ints:
        """(R,): the product word that each query names; -1 where it names none."""
        if requests.query is None:
            return np.full(len(requests), -1)
        found = (
            next(self.asked_for.all_in(query), -1) if query else -1 for query in requests.query
        )
        return np.fromiter(found, np.int64, len(requests))

    @cached_property
    def _around_word(self) -> Ints:
        """(words + 1,): the category around the first item of each product word; -1 of no word."""
        names, first = np.unique(self.of_item["landing"], return_index=True)
        category = np.full(len(self.words["landing"]) + 1, -1)
        category[names] = self.of_item["category"][first]
        category[-1] = -1
        return category

    def _season(self, at: Ints) -> Ints:
        if not self.clocked:
            return np.full(len(at), -1)
        month = ((at / DAY) % YEAR / YEAR * 12).astype(np.int64)
        return np.asarray((month + 1) // 3 % 4)

    def _stacked(self, columns: Mapping[str, Ints], rows: int) -> Ints:
        if {"age", "life_stage"} <= set(self.fields):
            known = columns["life_stage"] >= 0
            columns = {**columns, "age": np.where(known, -1, columns["age"])}
        if not self.fields:
            return np.empty((rows, 0), np.int64)
        return np.stack([columns[field] for field in self.fields], axis=1).astype(np.int64)


def _visits(data: Dataset, clocked: bool) -> Ints:
    """(E,): the row of the first event of each event's visit."""
    rows = np.arange(len(data))
    begins = data.place == 0
    if clocked:
        begins[1:] |= np.diff(data.at) > VISIT
    else:
        begins[:] = True
    return np.asarray(np.maximum.accumulate(np.where(begins, rows, 0)))


def _around(catalogue: Catalogue) -> tuple[tuple[str, ...], Ints]:
    """The category paths without their narrowest part, and the code of each item's."""
    paths = [" / ".join(path[:-1] or path).lower() for path in catalogue.path_words]
    names = tuple(sorted({path for path in paths if path}))
    place = {name: code for code, name in enumerate(names)}
    of_path = np.array([*(place.get(path, -1) for path in paths), -1], np.int64)
    return names, np.asarray(of_path[catalogue.path])


def _met(words: Sequence[str | None] | None) -> tuple[str, ...]:
    return tuple(sorted({word for word in words or () if word}))


def _codes(
    words: Sequence[str | None] | None, known: Sequence[str], rows: npt.NDArray[Any]
) -> Ints:
    """The codes of the words of these rows."""
    if words is None:
        return np.full(len(rows), -1)
    place = {word: code for code, word in enumerate(known)}
    every = np.fromiter((place.get(word or "", -1) for word in words), np.int64, len(words))
    return np.asarray(every[rows])


def bands_of(age: Floats) -> Ints:
    """The place in `BANDS` of each age; -1 where it is not known."""
    band = np.searchsorted(AGES, age, side="right")
    return np.asarray(np.where(np.isnan(age), -1, band))


def _of_surface(data: Dataset, visit: Ints) -> Ints:
    if data.surface is None:
        return np.full(len(data), -1)
    return data.surface[visit].astype(np.int64)


def _most_before(data: Dataset, code: Ints, visit: Ints) -> Ints:
    """(E,): the code that most of a person's events before each visit have; the first of equals."""
    best, count = np.full(len(data), -1), np.zeros(len(data))
    start = data.offsets[data.user]
    for value in range(int(code.max(initial=-1)) + 1):
        up_to = np.concatenate([[0], np.cumsum(code == value)])
        here = up_to[visit] - up_to[start]
        more = here > count
        best[more], count[more] = value, here[more]
    return best


def _most_of(taken: Histories, code: Ints) -> Ints:
    """(R,): the code that most of each history's events have; the first of equals."""
    width = int(code.max(initial=-1)) + 1
    if not width:
        return np.full(len(taken), -1)
    known = code >= 0
    cell = taken.request[known] * width + code[known]
    count = np.bincount(cell, minlength=len(taken) * width).reshape(len(taken), width)
    return np.asarray(np.where(count.any(axis=1), count.argmax(axis=1), -1))
