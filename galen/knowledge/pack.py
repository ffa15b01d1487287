"""Rule packs: what law and clinical practice forbid where, as data with references and dates.

A pack is a TOML file that may stand on another (`base`). It is a starting point for a pharmacist
and for counsel of the shop's country, and no advice of either kind.
"""

import datetime
import hashlib
import tomllib
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec

from galen.data.mendable import MendableError
from galen.data.schema import RxClass

Action = Literal["warn", "drop"]
Language = Literal["en", "zh"]
Overclaimed = Literal["tell", "hide"]
Words = tuple[str, ...]
Grade = Annotated[int, msgspec.Meta(ge=1, le=4)]
SurfaceName = Literal["home", "search", "cart", "detail", "push", "post_prescription", "paid"]

SHIPPED: Final = ("general", "eu", "us", "cn")


class PackError(MendableError):
    """A rule pack cannot be used; the message says which file, which rule and what to do."""


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What every rule says of itself."""

    id: str
    citation: str  # the law, guideline or label that it is from
    date: datetime.date  # when that was read
    until: datetime.date | None = None  # it must be looked at again by then


class Offered(Rule, frozen=True, kw_only=True):
    """Where goods of a prescription class may be offered."""

    rx_class: RxClass
    surfaces: tuple[SurfaceName, ...] = ()


class Unlocked(Rule, frozen=True, kw_only=True):
    """Where a person's prescription lets exactly its molecule be offered."""

    surfaces: tuple[SurfaceName, ...]
    concepts: Words = ()  # none names every prescription medicine


class NotOnline(Rule, frozen=True, kw_only=True):
    """What may not be sold at a distance at all."""

    concepts: Words


class Precaution(Rule, frozen=True, kw_only=True):
    """Goods that people in a state should not be offered, or only with a notice."""

    concepts: Words
    states: Words  # conditions, populations, life stages
    action: Action
    notice: str = ""
    notice_zh: str = ""

    def notice_in(self, language: Language) -> str:
        """Its own notice, in English where it has none in the language."""
        return (self.notice_zh if language == "zh" else "") or self.notice


class CrossReaction(Rule, frozen=True, kw_only=True):
    """Goods to which somebody may react who does not tolerate another of them."""

    concepts: Words  # whatever is a kind of one of these, with the kinds of all
    action: Action


class AgeLimit(Rule, frozen=True, kw_only=True):
    """Goods for people of some age and above; an unknown age is below every limit."""

    concepts: Words
    years: Annotated[int, msgspec.Meta(ge=1, le=120)]


class QuantityLimit(Rule, frozen=True, kw_only=True):
    """How much of an ingredient a household may buy within a rolling window."""

    concept: str
    milligrams: Annotated[float, msgspec.Meta(gt=0)]
    days: Annotated[int, msgspec.Meta(ge=1, le=366)]


class Hazard(Rule, frozen=True, kw_only=True):
    """Goods that must not meet in a slate, a cart and recent purchases: one of each set."""

    sets: Annotated[tuple[Words, ...], msgspec.Meta(min_length=2, max_length=3)]
    days: Annotated[int, msgspec.Meta(ge=1, le=366)] = 30  # how long a purchase is recent
    card: str = ""  # shown instead: whom to call
    card_zh: str = ""

    def card_in(self, language: Language) -> str:
        """Its help line, in English where it has none in the language."""
        return (self.card_zh if language == "zh" else "") or self.card


class Sensitive(Rule, frozen=True, kw_only=True):
    """Goods that tell of what people keep to themselves."""

    concepts: Words = ()
    categories: Words = ()  # words within a category of the path or a title, or a product word
    harmless: Words = ()  # phrases within which none of these words tells anything
    surfaces: tuple[SurfaceName, ...]  # where they are not shown


class Grades(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """From which severity on a relation of the graph drops, and from which it warns."""

    drop: Grade
    warn: Grade
    ungraded: Literal["ignore", "warn", "drop"]


class Unknown(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What befalls a medicine whose ingredients, or whose person's medicines, are not known."""

    ingredients: Action  # of an item, for people of whom something is declared
    medicines: Action  # of every medicine, for people one of whose medicines is not recognised


class Pool(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Goods, none of them medicines, that may be shown where a rule cannot be asked."""

    concepts: Words = ()
    categories: Words = ()  # any word of a category path
    citation: str  # who vetted them
    date: datetime.date


class Pack(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All rules of a jurisdiction, with those of its base."""

    name: str
    edition: str
    date: datetime.date
    said: str  # what it is, and what it is not
    language: Language = "en"  # of notices and help lines
    interactions: Grades
    contraindications: Grades
    unknown: Unknown
    duplicates: Action  # of an ingredient that a person takes, or has in the cart, already
    claims: Overclaimed = "tell"  # what befalls an item whose copy says what is banned
    safe_pool: Pool | None = None
    offered: tuple[Offered, ...]
    unlocked: tuple[Unlocked, ...] = ()
    not_online: tuple[NotOnline, ...] = ()
    precaution: tuple[Precaution, ...] = ()
    cross_reaction: tuple[CrossReaction, ...] = ()
    age: tuple[AgeLimit, ...] = ()
    quantity: tuple[QuantityLimit, ...] = ()
    hazard: tuple[Hazard, ...] = ()
    sensitive: tuple[Sensitive, ...] = ()

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Every rule, in the order in which they are asked."""
        families = (
            self.offered,
            self.unlocked,
            self.not_online,
            self.age,
            self.precaution,
            self.cross_reaction,
            self.quantity,
            self.hazard,
            self.sensitive,
        )
        return tuple(rule for family in families for rule in family)

    @property
    def version(self) -> str:
        """Name, edition and a digest of the content: two packs that differ have two versions."""
        digest = hashlib.sha256(msgspec.json.encode(self)).hexdigest()[:8]
        return f"{self.name}-{self.edition}-{digest}"


def read_pack(source: str | Path) -> Pack:
    """A shipped pack by name, or one's own by path, with the rules of its base before its own.

    Raises:
        PackError: there is no such pack, or it cannot be read as one.
    """
    try:
        return msgspec.convert(_with_bases(str(source), ()), Pack)
    except msgspec.ValidationError as error:
        raise PackError(f"{source}: {error}; see docs/guides/eligibility.md.") from error


def _with_bases(source: str, above: tuple[str, ...]) -> dict[str, Any]:
    """A pack over its base, which may have one itself."""
    if source in above:
        raise PackError(
            f"{source}: it is the base of its own base {above[-1]!r}; break the circle."
        )
    tree = _tree(source)
    base = tree.pop("base", None)
    if base is None:
        return tree
    below = str(base) if base in SHIPPED else str(Path(source).parent / str(base))
    return _over(_with_bases(below, (*above, source)), tree, source)


def _over(base: dict[str, Any], own: dict[str, Any], source: str) -> dict[str, Any]:
    """Lists are added up, a rule with an id of the base replaces it; all else is the own one's."""
    merged = base | own
    for key in base.keys() & own.keys():
        if isinstance(base[key], list):
            if not _is_rules(own[key]):
                raise PackError(f"{source}: {key!r} takes rules; begin each with [[{key}]].")
            replaced = {rule.get("id") for rule in own[key]}
            merged[key] = [r for r in base[key] if r.get("id") not in replaced] + own[key]
    return merged


def _is_rules(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(rule, dict) for rule in value)


def _tree(source: str | Path) -> dict[str, Any]:
    path = resources.files("galen.knowledge") / "packs" / f"{source}.toml"
    if str(source) not in SHIPPED:
        path = Path(source)
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise PackError(
            f"there is no rule pack {source}: give the path of a TOML file, or one of "
            f"{', '.join(SHIPPED)}."
        ) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PackError(f"{source} cannot be read as a rule pack: {error}.") from error
