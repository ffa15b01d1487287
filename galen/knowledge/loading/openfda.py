"""Drug labels as openFDA gives them: what a medicine is for, and who should not take it.

Conditions, symptoms and groups of people are found in the label's text by the names that other
sources give them, so all is a hint of low confidence. https://open.fda.gov/apis/drug/label
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from galen.knowledge.graph import KnowledgeError
from galen.knowledge.loading.loaded import Loaded, SourceDraft
from galen.knowledge.schema import ConceptKind, Relation

FOR: Final = ("indications_and_usage", "purpose")
AGAINST: Final = {
    "contraindications": 4,
    "do_not_use": 4,
    "ask_doctor": 3,
    "warnings": 2,
    "pregnancy_or_breast_feeding": 2,
}
"""How severe it is that a section of a label names a condition or a group of people."""

CONFIDENCE: Final = 0.5
SALTS: Final = frozenset(
    {"hydrochloride", "hcl", "hydrobromide", "maleate", "sulfate", "phosphate", "citrate"}
    | {"tartrate", "bitartrate", "succinate", "fumarate", "acetate", "mesylate", "besylate"}
    | {"sodium", "potassium", "calcium", "magnesium"}
)
_TAIL_KINDS: Final = (ConceptKind.CONDITION, ConceptKind.SYMPTOM, ConceptKind.POPULATION)
_LONGEST: Final = 6  # words of a name


@dataclass(frozen=True, slots=True)
class Names:
    """The names that may stand in a label: of what it is for or against, and of ingredients."""

    tails: Mapping[tuple[str, ...], tuple[ConceptKind, str]]  # words -> kind and name
    ingredients: frozenset[str]  # in small letters

    @classmethod
    def of(cls, sources: Iterable[Loaded]) -> "Names":
        """All names in Latin letters that other sources know; the first source's meaning counts."""
        tails: dict[tuple[str, ...], tuple[ConceptKind, str]] = {}
        ingredients = set()
        for loaded in sources:
            for row in loaded.concepts.to_pylist():
                kind, names = ConceptKind(row["kind"]), [row["name"], *(row["synonyms"] or ())]
                if kind is ConceptKind.INGREDIENT:
                    ingredients |= {name.lower() for name in names}
                elif kind in _TAIL_KINDS:
                    for name in names:
                        said = _words(name)
                        if len(name) > 3 and 0 < len(said) <= _LONGEST and name.isascii():
                            tails.setdefault(said, (kind, row["name"]))
        return cls(tails, frozenset(ingredients))

    def found(self, text: str) -> dict[tuple[ConceptKind, str], None]:
        """What a text names, the longest name at each place, in order."""
        said = _words(text)
        found: dict[tuple[ConceptKind, str], None] = {}
        at = 0
        while at < len(said):
            for length in range(min(_LONGEST, len(said) - at), 0, -1):
                known = self.tails.get(said[at : at + length])
                if known is not None:
                    found[known] = None
                    at += length - 1
                    break
            at += 1
        return found


def load_openfda(path: Path, names: Names, name: str = "openFDA drug labels") -> Loaded:
    """Relations of medicines with one active ingredient; labels of several are set aside.

    Raises:
        KnowledgeError: the file is missing, cut short, or not in openFDA's form.
    """
    labels = _labels(path)
    draft = SourceDraft(name, str(path), "CC0-1.0 (openFDA)")
    for at, label in enumerate(labels, 1):
        substances = _substances(label)
        if len(substances) != 1:
            draft.set_aside("several active ingredients" if substances else "no active ingredient")
            continue
        _relate(draft, names, label, _ingredient(draft, names, substances[0], label, at), at)
    return draft.done(len(labels))


def _labels(path: Path) -> list[dict[str, Any]]:
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
        results = tree["results"]
    except FileNotFoundError:
        raise KnowledgeError(f"{path} is not there; give the path of your own copy.") from None
    except (ValueError, KeyError, TypeError) as error:
        raise KnowledgeError(
            f"{path} is cut short or not in openFDA's form ({error!r}); it needs a list `results`."
        ) from error
    if not isinstance(results, list) or not all(isinstance(label, dict) for label in results):
        raise KnowledgeError(f"{path}: `results` must be a list of labels.")
    return results


def _words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"[a-z0-9']+", text.lower()))


def _substances(label: Mapping[str, Any]) -> list[str]:
    """The names of the active ingredients, in small letters."""
    told = label.get("openfda", {})
    named = told.get("substance_name") or told.get("generic_name")
    if named:
        return list(dict.fromkeys(name.lower() for name in named))
    text = " ".join(label.get("active_ingredient", ()))
    text = re.sub(r"(?i)active ingredients?\s*(\([^)]*\))?:?", " ", text)
    doses = re.findall(r"([A-Za-z][A-Za-z' -]+?)\s+\d[\d.,]*\s*(?:mg|mcg|g|%|ml)", text)
    return list(dict.fromkeys(" ".join(name.lower().split()) for name in doses))


def _ingredient(
    draft: SourceDraft, names: Names, substance: str, label: Mapping[str, Any], at: int
) -> int:
    """The label's ingredient, tied to its base where it is a salt of a known one."""
    codes = [f"unii:{code}" for code in label.get("openfda", {}).get("unii", ())]
    row = draft.concept(ConceptKind.INGREDIENT, substance, at, codes=codes[:1])
    base = substance.split()
    while len(base) > 1 and base[-1] in SALTS:
        base.pop()
    plain = " ".join(base)
    if plain != substance and plain in names.ingredients:
        other = draft.concept(ConceptKind.INGREDIENT, plain, at)
        draft.relate(row, Relation.SAME_INGREDIENT, other, at, confidence=0.9, on=_date(label))
    return row


def _relate(draft: SourceDraft, names: Names, label: Mapping[str, Any], drug: int, at: int) -> None:
    citation = f"openFDA label {label.get('set_id') or label.get('id') or at}"
    for section in FOR:
        for kind, name in names.found(" ".join(label.get(section, ()))):
            if kind is ConceptKind.POPULATION:
                continue
            symptom = kind is ConceptKind.SYMPTOM
            draft.relate(
                drug,
                Relation.TREATS_SYMPTOM if symptom else Relation.INDICATES,
                draft.concept(kind, name, at),
                at,
                confidence=CONFIDENCE,
                citation=f"{citation}, {section}",
                on=_date(label),
            )
    for section, severity in AGAINST.items():
        for kind, name in names.found(" ".join(label.get(section, ()))):
            if kind is ConceptKind.SYMPTOM:
                continue  # a warning names symptoms that the medicine may cause
            draft.relate(
                drug,
                Relation.CONTRAINDICATED_FOR,
                draft.concept(kind, name, at),
                at,
                severity=severity,
                confidence=CONFIDENCE,
                citation=f"{citation}, {section}",
                on=_date(label),
            )


def _date(label: Mapping[str, Any]) -> date | None:
    """The day from which the label holds; None where it is missing or no date."""
    try:
        return datetime.strptime(str(label["effective_time"]), "%Y%m%d").date()
    except (KeyError, ValueError):
        return None
