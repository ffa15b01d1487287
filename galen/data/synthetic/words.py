"""The word tables of the synthetic shop: needs, life stages and generic products, all ours."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class ShopNeed:
    """Why somebody comes to the shop."""

    name: str
    share: float  # how often it arises in an average household
    peak: int = 0  # day of the year when it arises most
    swing: float = 0.0  # log of how much more often at the peak than on average
    chronic: float = 0.0  # share of households that have it for good


NEEDS: Final = (
    ShopNeed("cold", 1.6, peak=15, swing=1.0),
    ShopNeed("cough", 1.0, peak=20, swing=0.9),
    ShopNeed("hay fever", 0.8, peak=130, swing=1.4, chronic=0.10),
    ShopNeed("pain", 1.4),
    ShopNeed("digestion", 0.9),
    ShopNeed("skin", 1.0, peak=10, swing=0.5, chronic=0.06),
    ShopNeed("sun", 0.7, peak=190, swing=1.6),
    ShopNeed("insects", 0.4, peak=200, swing=1.5),
    ShopNeed("vitamins", 1.3, peak=330, swing=0.4),
    ShopNeed("sleep", 0.5, peak=350, swing=0.3, chronic=0.04),
    ShopNeed("baby", 0.2),
    ShopNeed("oral", 1.0),
    ShopNeed("eyes", 0.5, chronic=0.05),
    ShopNeed("wounds", 0.5, peak=190, swing=0.4),
    ShopNeed("blood pressure", 0.2, chronic=0.10),
    ShopNeed("sugar", 0.15, chronic=0.06),
    ShopNeed("joints", 0.4, chronic=0.08),
    ShopNeed("women", 0.5),
    ShopNeed("feet", 0.3),
    ShopNeed("tests", 0.4, peak=20, swing=0.8),
)


@dataclass(frozen=True, slots=True)
class Stage:
    """A life stage of a household: who lives there, and which needs it has more or less of."""

    name: str
    share: float
    ages: tuple[int, int]  # of its adults
    adults: int
    children: tuple[int, int] | None = None  # ages of its one child
    more: tuple[tuple[str, float], ...] = ()  # (need, factor)


STAGES: Final = (
    Stage("young adult", 0.24, (18, 30), 1, more=(("skin", 1.6), ("women", 1.6), ("joints", 0.3))),
    Stage("couple", 0.20, (25, 45), 2, more=(("women", 1.4), ("sun", 1.3))),
    Stage(
        "parents with a baby",
        0.12,
        (24, 42),
        2,
        children=(0, 2),
        more=(("baby", 22.0), ("cold", 1.4), ("skin", 1.3)),
    ),
    Stage(
        "family",
        0.18,
        (32, 55),
        2,
        children=(6, 17),
        more=(("cold", 1.3), ("insects", 1.6), ("wounds", 1.8), ("oral", 1.3)),
    ),
    Stage("middle age", 0.14, (50, 66), 2, more=(("joints", 1.8), ("blood pressure", 2.0))),
    Stage(
        "elderly",
        0.12,
        (67, 90),
        1,
        more=(("blood pressure", 3.5), ("sugar", 3.0), ("joints", 3.0), ("eyes", 2.0)),
    ),
)


@dataclass(frozen=True, slots=True)
class Word:
    """A product word: the generic noun behind many standard products."""

    noun: str
    need: str
    path: tuple[str, ...]
    form: str
    unit: str
    packs: tuple[int, ...]
    price: float  # of the smallest pack of an average brand
    daily: float  # units used up a day; 0 for what is not used up
    rx: str = "none"
    min_age: int = 0
    ingredients: tuple[str, ...] = ()


COLD = ("medicines", "cold and flu")
PAIN = ("medicines", "pain")
STOMACH = ("medicines", "stomach")
ALLERGY = ("medicines", "allergy")
CHRONIC = ("medicines", "long-term care")
CARE = ("personal care",)
SUPPLEMENT = ("supplements",)
DEVICE = ("devices",)

WORDS: Final = (
    Word("saline nasal spray", "cold", (*COLD, "nose"), "spray", "ml", (20, 30, 50), 5, 1.5),
    Word("decongestant nasal spray", "cold", (*COLD, "nose"), "spray", "ml", (10, 15), 6, 1.2,
         "pharmacist", 12, ("xylometazoline",)),
    Word("cold relief sachets", "cold", (*COLD, "relief"), "powder", "sachets", (5, 10), 8, 2,
         "otc", 12, ("paracetamol", "phenylephrine")),
    Word("vapour rub", "cold", (*COLD, "relief"), "ointment", "g", (50, 100), 7, 2, "otc", 2,
         ("camphor", "menthol", "eucalyptus oil")),
    Word("paper tissues", "cold", (*CARE, "paper"), "tissue", "packs", (10, 30), 3, 0.7),
    Word("throat lozenges", "cough", (*COLD, "throat"), "lozenge", "lozenges", (16, 24, 36), 5, 3,
         "otc", 6, ("menthol",)),
    Word("cough syrup", "cough", (*COLD, "cough"), "syrup", "ml", (100, 200), 8, 20, "otc", 6,
         ("ivy leaf extract",)),
    Word("codeine cough drops", "cough", (*COLD, "cough"), "drops", "ml", (15,), 12, 1,
         "prescription", 18, ("codeine",)),
    Word("antihistamine tablets", "hay fever", (*ALLERGY, "tablets"), "tablet", "tablets",
         (10, 30, 100), 6, 1, "pharmacist", 12, ("cetirizine",)),
    Word("allergy eye drops", "hay fever", (*ALLERGY, "eyes"), "drops", "ml", (10,), 9, 0.3,
         "otc", 4, ("cromoglicic acid",)),
    Word("steroid nasal spray", "hay fever", (*ALLERGY, "nose"), "spray", "doses", (60, 140), 14,
         4, "pharmacist", 18, ("mometasone",)),
    Word("paracetamol tablets", "pain", (*PAIN, "tablets"), "tablet", "tablets", (10, 20), 3, 1,
         "otc", 12, ("paracetamol",)),
    Word("ibuprofen tablets", "pain", (*PAIN, "tablets"), "tablet", "tablets", (12, 24, 50), 4, 1,
         "pharmacist", 12, ("ibuprofen",)),
    Word("pain relief gel", "pain", (*PAIN, "gels"), "gel", "g", (60, 100, 150), 9, 3, "otc", 14,
         ("diclofenac",)),
    Word("heat patches", "pain", (*PAIN, "heat"), "patch", "patches", (2, 4, 8), 7, 0.4),
    Word("strong pain tablets", "pain", (*PAIN, "tablets"), "tablet", "tablets", (20,), 11, 1,
         "prescription", 18, ("tramadol",)),
    Word("antacid tablets", "digestion", (*STOMACH, "acid"), "tablet", "tablets", (24, 48), 6, 2,
         "otc", 12, ("calcium carbonate",)),
    Word("probiotic capsules", "digestion", (*SUPPLEMENT, "digestion"), "capsule", "capsules",
         (20, 30, 60), 14, 1),
    Word("rehydration sachets", "digestion", (*STOMACH, "rehydration"), "powder", "sachets",
         (6, 12), 6, 1, "otc", 1, ("glucose", "sodium chloride")),
    Word("fibre powder", "digestion", (*SUPPLEMENT, "digestion"), "powder", "g", (150, 300), 10, 5),
    Word("moisturising cream", "skin", (*CARE, "skin"), "cream", "ml", (50, 100, 300), 8, 3),
    Word("hydrocortisone cream", "skin", ("medicines", "skin"), "cream", "g", (15, 30), 7, 0.5,
         "pharmacist", 10, ("hydrocortisone",)),
    Word("urea lotion", "skin", (*CARE, "skin"), "lotion", "ml", (200, 400), 11, 6, "none", 0,
         ("urea",)),
    Word("lip balm", "skin", (*CARE, "lips"), "stick", "g", (5, 10), 3, 0.1),
    Word("sunscreen lotion", "sun", (*CARE, "sun"), "lotion", "ml", (50, 100, 200), 11, 5),
    Word("after-sun gel", "sun", (*CARE, "sun"), "gel", "ml", (150, 250), 8, 6),
    Word("insect repellent spray", "insects", (*CARE, "insects"), "spray", "ml", (75, 100), 8, 2,
         "none", 2, ("icaridin",)),
    Word("bite relief stick", "insects", (*CARE, "insects"), "stick", "ml", (14,), 6, 0.2),
    Word("vitamin D drops", "vitamins", (*SUPPLEMENT, "vitamins"), "drops", "ml", (10, 20), 8,
         0.15, "none", 0, ("colecalciferol",)),
    Word("vitamin C tablets", "vitamins", (*SUPPLEMENT, "vitamins"), "tablet", "tablets",
         (20, 60, 100), 6, 1, "none", 4, ("ascorbic acid",)),
    Word("multivitamin tablets", "vitamins", (*SUPPLEMENT, "vitamins"), "tablet", "tablets",
         (30, 60, 90), 9, 1, "none", 12),
    Word("magnesium tablets", "vitamins", (*SUPPLEMENT, "minerals"), "tablet", "tablets",
         (30, 60, 120), 8, 1, "none", 12, ("magnesium citrate",)),
    Word("omega-3 capsules", "vitamins", (*SUPPLEMENT, "oils"), "capsule", "capsules",
         (30, 60, 120), 12, 2, "none", 12, ("fish oil",)),
    Word("melatonin tablets", "sleep", (*SUPPLEMENT, "sleep"), "tablet", "tablets", (30, 60), 10,
         1, "pharmacist", 18, ("melatonin",)),
    Word("herbal sleep tea", "sleep", (*SUPPLEMENT, "sleep"), "tea", "bags", (20,), 4, 1),
    Word("nappies", "baby", ("baby", "nappies"), "nappy", "pieces", (30, 60, 120), 9, 6),
    Word("baby wipes", "baby", ("baby", "care"), "wipe", "wipes", (64, 128, 256), 3, 12),
    Word("infant formula", "baby", ("baby", "food"), "powder", "g", (400, 800), 14, 90),
    Word("nappy cream", "baby", ("baby", "care"), "cream", "g", (50, 100), 6, 2, "none", 0,
         ("zinc oxide",)),
    Word("toothpaste", "oral", (*CARE, "teeth"), "paste", "ml", (75, 100), 3, 2),
    Word("mouthwash", "oral", (*CARE, "teeth"), "liquid", "ml", (250, 500), 5, 15),
    Word("dental floss", "oral", (*CARE, "teeth"), "thread", "m", (25, 50), 3, 0.5),
    Word("lubricant eye drops", "eyes", ("medicines", "eyes"), "drops", "ml", (10, 15), 9, 0.4),
    Word("contact lens solution", "eyes", (*CARE, "eyes"), "liquid", "ml", (100, 360), 8, 8),
    Word("plasters", "wounds", ("first aid", "plasters"), "plaster", "pieces", (20, 40), 3, 0.4),
    Word("wound spray", "wounds", ("first aid", "disinfection"), "spray", "ml", (50, 100), 7, 0.5,
         "otc", 0, ("octenidine",)),
    Word("blood pressure tablets", "blood pressure", (*CHRONIC, "heart"), "tablet", "tablets",
         (30, 90), 9, 1, "prescription", 18, ("amlodipine",)),
    Word("blood pressure monitor", "blood pressure", (*DEVICE, "heart"), "device", "piece", (1,),
         45, 0),
    Word("glucose test strips", "sugar", (*DEVICE, "sugar"), "strip", "strips", (50, 100), 22, 2),
    Word("metformin tablets", "sugar", (*CHRONIC, "sugar"), "tablet", "tablets", (60, 120), 8, 2,
         "prescription", 18, ("metformin",)),
    Word("glucose tablets", "sugar", (*SUPPLEMENT, "sugar"), "tablet", "tablets", (10, 50), 3, 0.5),
    Word("glucosamine capsules", "joints", (*SUPPLEMENT, "joints"), "capsule", "capsules",
         (60, 120), 15, 2, "none", 18, ("glucosamine",)),
    Word("knee support", "joints", (*DEVICE, "supports"), "textile", "piece", (1,), 19, 0),
    Word("sanitary pads", "women", (*CARE, "women"), "pad", "pads", (14, 28), 3, 0.7),
    Word("folic acid tablets", "women", (*SUPPLEMENT, "pregnancy"), "tablet", "tablets", (30, 90),
         7, 1, "none", 16, ("folic acid",)),
    Word("foot cream", "feet", (*CARE, "feet"), "cream", "ml", (75, 100), 7, 2),
    Word("antifungal cream", "feet", ("medicines", "skin"), "cream", "g", (15, 30), 8, 0.7, "otc",
         12, ("clotrimazole",)),
    Word("thermometer", "tests", (*DEVICE, "fever"), "device", "piece", (1,), 14, 0),
    Word("rapid virus tests", "tests", (*DEVICE, "tests"), "test", "tests", (1, 5, 20), 3, 0.1),
    Word("pregnancy test", "tests", (*DEVICE, "tests"), "test", "tests", (1, 2), 6, 0),
)  # fmt: skip

LINES: Final = ("", "sensitive ", "extra ", "classic ", "natural ", "daily ", "family ", "travel ")
"""What tells two standard products of one brand and word apart."""

BRAND_PARTS: Final = (
    ("Vel", "Nor", "Tam", "Cor", "Lum", "Bri", "Sol", "Fen", "Mar", "Os", "Hal", "Ply", "Quin",
     "Ser", "Tul", "Wen", "Zar", "Ker", "Dro", "Alb"),
    ("a", "o", "i", "e", "u", "ado", "ini", "ema", "olu", "iva", "ero", "uma"),
    ("bra", "dex", "lin", "mont", "nia", "phar", "quel", "rix", "san", "tis", "vara", "wick"),
)  # fmt: skip

REGIONS: Final = ("north", "east", "south", "west", "islands")
