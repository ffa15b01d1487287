"""galen's own form of knowledge: TOML files of concepts and relations, for its seed and for yours.

    [source]
    name = "my pharmacy"
    licence = "own"
    date = 2026-01-31

    [ingredient]
    paracetamol = ["acetaminophen", "对乙酰氨基酚"]        # synonyms

    [[contraindicated_for]]                              # any name of a relation
    head = ["nsaid"]                                     # all of these
    tail = ["peptic ulcer", "condition:heart failure"]   # with all of those
    severity = 3
    citation = "…"

A name stands for the one concept that has it; `kind:name` says which where several do.
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from galen.knowledge.graph import KnowledgeError
from galen.knowledge.loading.loaded import Loaded, SourceDraft
from galen.knowledge.schema import ENDS, ConceptKind, Relation

_KINDS: Final = {kind.value: kind for kind in ConceptKind}
_RELATIONS: Final = {relation.value: relation for relation in Relation}
_FORMS: Final = "severity: a whole number, confidence: a number, citation: text, date: a day"
_SAID: Final = {"head", "tail", "severity", "confidence", "citation", "date"}


@dataclass(frozen=True, slots=True)
class _Book:
    """What is read of all files of one source."""

    draft: SourceDraft
    rows: dict[str, dict[ConceptKind, int]] = field(default_factory=dict)  # name -> kind -> row

    def find(self, word: str, kinds: Sequence[ConceptKind], at: str) -> int | None:
        """The row of a concept by its name or id; None, and a problem noted, where there is none.

        An id that no file of this source defines refers to another source's concept.
        """
        kind, colon, name = word.partition(":")
        if colon and kind in _KINDS:
            found = self.rows.get(name, {}).get(_KINDS[kind])
            if found is not None:
                return found
            return self.draft.concept(_KINDS[kind], name, at, refers=True)
        known = self.rows.get(word, {})
        fitting = [row for of, row in known.items() if of in kinds] or list(known.values())
        if len(fitting) == 1:
            return fitting[0]
        if known:
            one = " or ".join(f"{of.value}:{word}" for of in known)
            self.draft.refuse(at, f"{word!r} may be several concepts; write {one}")
        else:
            self.draft.refuse(at, f"{word!r} is no known concept; define it or write kind:name")
        return None


def load_own(path: Path, name: str | None = None) -> Loaded:
    """Read one TOML file, or all of a folder as one source.

    Raises:
        KnowledgeError: a file is missing, cut short, or has no [source].
    """
    files = sorted(path.glob("*.toml")) if path.is_dir() else [path]
    if not files:
        raise KnowledgeError(f"{path} holds no TOML file; write one, or give another folder.")
    trees = {file: _read(file) for file in files}
    told = next((tree["source"] for tree in trees.values() if "source" in tree), None)
    if (
        not isinstance(told, Mapping)
        or not {"name", "licence", "date"} <= set(told)
        or not all(_fits(key, told[key]) for key in ("name", "licence", "date"))
    ):
        raise KnowledgeError(
            f"{path} does not say where it is from; write [source] with name, licence and date."
        )
    draft = SourceDraft(name or told["name"], str(path), told["licence"], strict=True)
    book = _Book(draft)
    for file, tree in trees.items():
        _concepts(book, file, tree)
    read = sum(_relations(book, file, tree, told["date"]) for file, tree in trees.items())
    return draft.done(read + sum(map(len, book.rows.values())))


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise KnowledgeError(f"{file} is not there; give the path of a TOML file.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise KnowledgeError(
            f"{file} cannot be read: it is cut short or no TOML ({error}); mend it."
        ) from error


def _concepts(book: _Book, file: Path, tree: Mapping[str, Any]) -> None:
    for table, rows in tree.items():
        kind = _KINDS.get(table)
        if kind is None:
            if table not in _RELATIONS and table != "source":
                names = ", ".join([*_KINDS, *_RELATIONS])
                book.draft.refuse(f"{file.name}: [{table}]", f"no such kind; there are {names}")
            continue
        if not isinstance(rows, dict):
            book.draft.refuse(f"{file.name}: {table}", f"must be a table; write [{table}]")
            continue
        for name, synonyms in rows.items():
            at = f"{file.name}: {table}.{name!r}"
            if kind in book.rows.get(name, {}):
                book.draft.refuse(at, "is defined twice")
                continue
            if not isinstance(synonyms, list) or not all(isinstance(s, str) for s in synonyms):
                book.draft.refuse(at, "must be a list of synonyms in quotes")
                continue
            row = book.draft.concept(kind, name, at, synonyms=synonyms)
            book.rows.setdefault(name, {})[kind] = row


def _relations(book: _Book, file: Path, tree: Mapping[str, Any], told: date) -> int:
    count = 0
    for table, rows in tree.items():
        relation = _RELATIONS.get(table)
        if relation is None:
            continue
        if not isinstance(rows, list) or not all(isinstance(said, dict) for said in rows):
            book.draft.refuse(f"{file.name}: {table}", f"must be tables; write [[{table}]]")
            continue
        for number, said in enumerate(rows, 1):
            at = f"{file.name}: {table}[{number}]"
            unknown = set(said) - _SAID
            if unknown or not {"head", "tail"} <= set(said):
                wrong = f"has {', '.join(sorted(unknown))}" if unknown else "lacks head or tail"
                book.draft.refuse(at, f"{wrong}; it takes {', '.join(sorted(_SAID))}")
                continue
            if not all(_fits(name, said[name]) for name in set(said) - {"head", "tail"}):
                book.draft.refuse(at, f"is not of the right form; it takes {_FORMS}")
                continue
            for head, tail in _pairs(book, said, relation, at):
                book.draft.relate(
                    head,
                    relation,
                    tail,
                    at,
                    severity=said.get("severity"),
                    confidence=said.get("confidence"),
                    citation=said.get("citation"),
                    on=said.get("date", told),
                )
                count += 1
    return count


def _fits(name: str, value: object) -> bool:
    """Whether a value is of the form that its key takes; its range is checked with all others."""
    if name == "severity":
        return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 100
    if name == "confidence":
        return isinstance(value, int | float) and not isinstance(value, bool)
    if name == "date":
        return isinstance(value, date) and not isinstance(value, datetime)
    return isinstance(value, str)


def _pairs(
    book: _Book, said: Mapping[str, Any], relation: Relation, at: str
) -> Iterator[tuple[int, int]]:
    """Every head with every tail."""
    ends = []
    for end, kinds in zip(("head", "tail"), ENDS[relation], strict=True):
        given = said[end] if isinstance(said[end], list) else [said[end]]
        if not all(isinstance(word, str) for word in given):
            book.draft.refuse(f"{at}.{end}", "must be a name or a list of names in quotes")
            return
        found = [book.find(word, kinds, f"{at}.{end}") for word in given]
        ends.append([row for row in found if row is not None])
    for head in ends[0]:
        for tail in ends[1]:
            if head != tail:
                yield head, tail
