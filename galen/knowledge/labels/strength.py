"""Amounts as packs print them, in one unit of a kind: milligrams, millilitres, IU, percent."""

import math
import re
from dataclasses import dataclass
from typing import Final

from galen.knowledge.graph import KnowledgeError
from galen.knowledge.texts.writing import one_form

MASS: Final = {
    "kg": 1e6,
    "g": 1e3,
    "gm": 1e3,
    "gms": 1e3,
    "gram": 1e3,
    "grams": 1e3,
    "mg": 1.0,
    "mgs": 1.0,
    "milligram": 1.0,
    "milligrams": 1.0,
    "mcg": 1e-3,
    "ug": 1e-3,
    "μg": 1e-3,
    "microgram": 1e-3,
    "micrograms": 1e-3,
    "ng": 1e-6,
    "毫克": 1.0,
    "克": 1e3,
    "微克": 1e-3,
}
"""Milligrams in one of each unit; NFKC has made the micro sign a Greek letter."""

VOLUME: Final = {
    "l": 1e3,
    "litre": 1e3,
    "liter": 1e3,
    "dl": 100.0,
    "ml": 1.0,
    "cc": 1.0,
    "μl": 1e-3,
    "毫升": 1.0,
    "升": 1e3,
}
"""Millilitres in one of each unit."""

ACTIVITY: Final = {
    "iu": 1.0,
    "i.u": 1.0,
    "i.u.": 1.0,
    "ie": 1.0,
    "i.e": 1.0,
    "i.e.": 1.0,
    "ui": 1.0,
    "u.i": 1.0,
    "u.i.": 1.0,
    "u": 1.0,
    "unit": 1.0,
    "units": 1.0,
    "miu": 1e6,
    "単位": 1.0,
    "国际单位": 1.0,
    "单位": 1.0,
}
"""International units in one of each unit; in commerce MIU is a million of them."""

COUNTED: Final = {
    "spores": "spores",
    "cfu": "CFU",
    "cells": "cells",
    "pfu": "PFU",
    "ffu": "FFU",
    "lf": "Lf",
    "au": "AU",
    "ccid50": "CCID50",
    "lac units": "Lac units",
    "lac": "Lac units",
    "d antigen unit": "D antigen units",
    "d antigen units": "D antigen units",
    "meq": "mEq",
    "mmol": "mmol",
}
"""Units of biological products and electrolytes, which convert to nothing else."""

PER: Final = {"spray": "dose", "dose": "dose", "puff": "dose", "tablet": "dose", "capsule": "dose"}
SCALES: Final = {"thousand": 1e3, "million": 1e6, "billion": 1e9, "lakh": 1e5}
PERCENT: Final = re.compile(r"(?:%|percent)(w/w|w/v|v/v|v/w)?")

_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+,\d{1,2}(?!\d)|\d*\.?\d+"
_COMMA = re.compile(r"(\d+),(\d{1,2})")  # of decimals, as most of Europe writes them
_TWO_WAYS = re.compile(r"[1-9]\d{0,2}\.\d00")  # a thousand and more there, a rare 1 elsewhere
_AMOUNT = re.compile(rf"(?P<sign>[-+])?\s*(?P<number>{_NUMBER})\s*(?P<unit>.*)", re.S)
_BARE = re.compile(rf"({_NUMBER})?\s*(.+)")


@dataclass(frozen=True, slots=True)
class Strength:
    """How much there is, and in how much of what it is in."""

    amount: float
    unit: str  # "mg", "ml", "IU", "%", or a word of COUNTED
    per: float | None = None  # how much of per_unit holds the amount
    per_unit: str | None = None  # "ml", "mg", "dose"; of a percentage "w/w", "w/v" or "v/v"


def parse_strength(text: str) -> Strength:
    """Read one strength: "500mg/5ml", "0.05% w/v", "1,000 IU", "2 Million spores".

    Raises:
        KnowledgeError: there is no amount, it is negative, or its unit is unknown.
    """
    plain = one_form(text).casefold().strip().strip("()").strip()
    found = _AMOUNT.fullmatch(plain)
    if found is None:
        raise KnowledgeError(f"strength {text!r} has no amount; write a number and a unit.")
    amount = _amount(found["number"], text)
    if (found["sign"] or "+") != "+" and amount:
        raise KnowledgeError(f"strength {text!r} is negative; an amount is 0 or more.")
    unit = found["unit"].strip()
    percent = PERCENT.fullmatch(unit.replace(" ", ""))
    if percent:
        return Strength(amount, "%", None, percent[1])
    unit, slash, per = unit.partition("/")
    scale, name = _unit(unit, text)
    whole = amount * scale
    if not math.isfinite(whole):
        raise KnowledgeError(f"strength {text!r} is no finite amount.")
    return Strength(whole, name, *_per(per, text)) if slash else Strength(whole, name)


def _amount(number: str, text: str) -> float:
    if _TWO_WAYS.fullmatch(number):
        raise KnowledgeError(
            f"strength {text!r} may be meant with or without decimals; write 1000 or 1."
        )
    return float(
        _COMMA.sub(r"\1.\2", number) if _COMMA.fullmatch(number) else number.replace(",", "")
    )


def _per(written: str, text: str) -> tuple[float, str]:
    found = _BARE.fullmatch(written.strip())
    if found is None:
        raise KnowledgeError(f"strength {text!r} ends in a slash; say in how much.")
    size = _amount(found[1] or "1", text)
    if size == 0:
        raise KnowledgeError(f"strength {text!r} is in nothing; say in how much.")
    if found[2] in PER:
        return size, PER[found[2]]
    scale, name = _unit(found[2], text)
    return size * scale, name


def _unit(written: str, text: str) -> tuple[float, str]:
    word = " ".join(re.sub(r"[\s-]+", " ", written).split())
    factor = 1.0
    for scale, times in SCALES.items():
        if word.startswith(scale):
            word, factor = word.removeprefix(scale).strip(), times
            break
    for table, name in ((MASS, "mg"), (VOLUME, "ml"), (ACTIVITY, "IU")):
        if word in table:
            return factor * table[word], name
    if word in COUNTED:
        return factor, COUNTED[word]
    if word in {"ppm"}:
        return factor * 1e-4, "%"
    raise KnowledgeError(
        f"strength {text!r} has the unknown unit {written.strip()!r}; use mg, µg, g, ml, IU or %."
    )
