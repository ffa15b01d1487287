"""What ails the made-up people and what they take for it: tables of words, all ours.

Every word is one that galen's own knowledge knows, so that the rules of health speak of it.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Ailment:
    """A condition that people have for good."""

    name: str
    share: float  # of those with its need, or of all adults where it has none
    need: str = ""  # what it makes people buy, by name in NEEDS; a background condition has none
    medicines: tuple[tuple[str, float], ...] = ()  # ingredient, share of those with it who take it
    elderly: float = 1.0  # how many times the share it has among the elderly


AILMENTS: Final = (
    Ailment("hay fever", 0.85, "hay fever", (("cetirizine", 0.3), ("mometasone", 0.2))),
    Ailment("asthma", 0.12, "hay fever", (("salbutamol", 0.8), ("budesonide", 0.5))),
    Ailment("eczema", 0.65, "skin", (("hydrocortisone", 0.3),)),
    Ailment("psoriasis", 0.3, "skin", (("betamethasone", 0.5), ("methotrexate", 0.1))),
    Ailment("insomnia", 0.9, "sleep", (("zopiclone", 0.15), ("melatonin", 0.2))),
    Ailment("depression", 0.2, "sleep", (("sertraline", 0.4), ("citalopram", 0.3))),
    Ailment("dry eye", 0.8, "eyes"),
    Ailment("glaucoma", 0.15, "eyes", (("latanoprost", 0.7), ("timolol", 0.3)), 1.5),
    Ailment("hypertension", 0.97, "blood pressure",
            (("amlodipine", 0.4), ("ramipril", 0.4), ("bisoprolol", 0.2),
             ("hydrochlorothiazide", 0.2))),
    Ailment("coronary heart disease", 0.1, "blood pressure",
            (("acetylsalicylic acid", 0.8), ("atorvastatin", 0.7), ("bisoprolol", 0.4)), 2.0),
    Ailment("heart failure", 0.04, "blood pressure",
            (("furosemide", 0.7), ("spironolactone", 0.4), ("ramipril", 0.5)), 2.5),
    Ailment("type 2 diabetes mellitus", 0.95, "sugar",
            (("metformin", 0.75), ("gliclazide", 0.2), ("insulin", 0.2), ("atorvastatin", 0.3))),
    Ailment("osteoarthritis", 0.85, "joints", (("ibuprofen", 0.2), ("paracetamol", 0.2))),
    Ailment("rheumatoid arthritis", 0.12, "joints", (("methotrexate", 0.6), ("naproxen", 0.3))),
    Ailment("high cholesterol", 0.05, "", (("simvastatin", 0.4), ("atorvastatin", 0.4)), 4.0),
    Ailment("acid reflux", 0.05, "", (("omeprazole", 0.5),), 2.0),
    Ailment("migraine", 0.06, "", (("sumatriptan", 0.3), ("propranolol", 0.1)), 0.5),
    Ailment("hypothyroidism", 0.03, "", (("levothyroxine", 0.9),), 2.0),
    Ailment("kidney disease", 0.01, "", (), 6.0),
    Ailment("peptic ulcer", 0.01, "", (("omeprazole", 0.8),), 2.0),
    Ailment("thrombosis", 0.006, "", (("warfarin", 0.4), ("apixaban", 0.5)), 5.0),
    Ailment("epilepsy", 0.007, "", (("levetiracetam", 0.4), ("carbamazepine", 0.3))),
    Ailment("gout", 0.01, "", (("allopurinol", 0.6),), 3.0),
    Ailment("liver disease", 0.006, "", (), 2.0),
)  # fmt: skip

ALLERGIES: Final = (
    ("amoxicillin", 0.03),
    ("nsaid", 0.012),
    ("acetylsalicylic acid", 0.012),
    ("cephalosporin", 0.006),
    ("ibuprofen", 0.006),
    ("codeine", 0.005),
    ("fish oil", 0.004),
    ("urea", 0.003),
)
"""Ingredient or class, share of adults."""

PREGNANCY: Final = "pregnancy"
LACTATION: Final = "lactation"
EXPECTING: Final = {"young adult": 0.02, "couple": 0.05, "parents with a baby": 0.04}
"""By life stage, the share of women who expect a baby, times how much more than others of their
stage their household wants what women buy."""
NURSING: Final = {"parents with a baby": 0.4}
"""By life stage, the share of women who breastfeed."""

CONSENTS: Final = (
    (None, 0.70),
    (("cross_sell", "refill"), 0.15),
    (("cross_sell",), 0.08),
    (("refill",), 0.03),
    ((), 0.04),
)
"""What people allow, and their share; None says nothing and leaves it to the shop."""
