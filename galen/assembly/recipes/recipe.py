"""Recipes: what a recommender is made of, in TOML, checked before anything is trained."""

import dataclasses
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from galen.assembly.recipes.bounds import beyond
from galen.data.did_you_mean import did_you_mean
from galen.data.mendable import MendableError

MANY: Final = ("extend", "features", "members")
"""Lists of parts that a ranking part may have."""


class RecipeError(MendableError):
    """A recipe cannot be used; the message names the key and the nearest right one."""


@dataclass(frozen=True)
class RecallPart:
    """One channel: its model, what it may cost, and its settings."""

    model: str  # its name in the list of parts
    quota: int = 300  # rows a request
    deadline: float = 0.05  # seconds, after which a request goes on without the channel
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True)
class RankPart:
    """`[rank]` of a recipe: the model, what it learns from, and its settings."""

    model: str  # its name in the list of parts
    examples: str = "auto"  # "impressions", "replay", or what the shop has
    limit: int = 200  # rows a request that the ranker sees
    negatives: int = 200  # rows of a replayed request kept for training, besides the positive ones
    moments: int = 1  # past moments that are replayed for training; 0 learns from the newest
    by_propensity: bool = False  # weigh impressions by 1 / the probability of being shown
    calibrate_by: str = ""  # a category whose values are calibrated each on its own
    fit_blend: str = ""  # the label, where there is one, for which [blend] learns its powers
    seed: int | None = None  # of every draw in learning; that of the run where not given
    training: Mapping[str, Any] = dataclasses.field(default_factory=dict)  # of a network
    shares: Mapping[str, float] = dataclasses.field(default_factory=dict)  # of objectives in a loss
    serving: Mapping[str, Any] = dataclasses.field(default_factory=dict)  # of a network
    extend: tuple["Piece", ...] = ()  # fields computed before the model learns
    features: tuple["Piece", ...] = ()  # read of tables, besides the declared ones
    members: tuple["RankPart", ...] = ()  # of a blend
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True)
class Piece:
    """A part that has a model and its settings, nothing else."""

    model: str
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True)
class RerankPart:
    """One `[[rerank]]` of a recipe."""

    model: str
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True)
class SamplesPart:
    """How far training goes by the guesses of the table `samples`: 0 is not at all, 1 wholly.

    Validation and test never hold a guess.
    """

    preferences: float = 0.0  # weight of two cold items against each other, in a listwise ranker
    buyers: float = 0.0  # share of simulated buyers that channels learn from
    negatives: float = 0.0  # what a ranker adds to the weight of 1 of a hard negative
    clicks: float = 0.0  # share of its weight that a click loses from which nothing came
    folder: str = ""  # of `galen knowledge build`; galen's own knowledge where it is empty

    def __bool__(self) -> bool:
        return max(self.preferences, self.buyers, self.negatives, self.clicks) > 0


@dataclass(frozen=True)
class Recipe:
    """A whole pipeline. Parts are named in `galen.assembly.catalog`."""

    name: str  # the file's where not given
    recall: Mapping[str, RecallPart]  # channels by the names that the recipe gives them
    filters: tuple[str, ...]  # of rows, before ranking
    rank: RankPart | None = None  # the ranker; the fused order stands where there is none
    blend: Mapping[str, float] = dataclasses.field(default_factory=dict)  # objective -> its power
    rerank: tuple[RerankPart, ...] = ()  # one after the other, over what was ranked
    fusion: Mapping[str, Any] = dataclasses.field(default_factory=dict)  # of what channels say
    tune: Mapping[str, Any] = dataclasses.field(default_factory=dict)  # path -> range to search
    samples: SamplesPart = SamplesPart()  # guesses to learn from
    surfaces: Mapping[str, "Recipe"] = dataclasses.field(default_factory=dict)  # where not this one

    @classmethod
    def from_tree(cls, tree: Mapping[str, Any], where: str) -> "Recipe":
        """The recipe of a tree as TOML has it, with its name.

        Raises:
            RecipeError: a key or a value is not one that galen knows; `where` begins the message.
        """
        _check_keys(tree, _names(cls), where)
        if "recall" not in tree or "filters" not in tree:
            raise RecipeError(f"{where}: a recipe needs [recall.<name>] and filters = […].")
        _check_shapes(tree, where)
        recall = {
            name: _part(RecallPart, {"model": name, **part}, f"{where}: [recall.{name}]")
            for name, part in tree["recall"].items()
        }
        rank = tree.get("rank")
        return cls(
            name=tree["name"],
            recall=recall,
            filters=tuple(tree["filters"]),
            rank=None if rank is None else _rank(rank, f"{where}: [rank]"),
            blend=tree.get("blend", {}),
            rerank=tuple(
                _part(RerankPart, part, f"{where}: [[rerank]] number {place + 1}")
                for place, part in enumerate(tree.get("rerank", ()))
            ),
            fusion=tree.get("fusion", {}),
            tune=tree.get("tune", {}),
            samples=SamplesPart(
                **settings_of(SamplesPart, tree.get("samples", {}), f"{where}: [samples]")
            ),
            surfaces={
                surface: cls.from_tree(part, f"{where}: [surfaces] {surface}")
                for surface, part in tree.get("surfaces", {}).items()
            },
        )

    def to_tree(self) -> dict[str, Any]:
        """The recipe as a tree that `from_tree` reads back, for a bundle's manifest."""
        alone = dataclasses.replace(self, surfaces={})
        tree = dataclasses.asdict(alone)
        tree["surfaces"] = {s: one.to_tree() for s, one in self.surfaces.items()} or None
        tree["recall"] = {name: _flat(part) for name, part in tree["recall"].items()}
        tree["rerank"] = [_flat(part) for part in tree["rerank"]]
        tree["rank"] = None if self.rank is None else _flat(tree["rank"])
        tree["samples"] = tree["samples"] if self.samples else None
        return {key: value for key, value in tree.items() if value is not None}


def settings_of(kind: type[Any], settings: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Settings of a part, checked against its dataclass and converted to its types.

    Raises:
        RecipeError: an unknown key, a value of another type, or one that cannot be.
    """
    fields = [f.name for f in dataclasses.fields(kind) if f.init]
    _check_keys(settings, fields, where)
    types: dict[str, Any] = typing.get_type_hints(kind)
    converted: dict[str, Any] = {}
    for name, value in settings.items():
        inner = _table_of(types[name])
        if inner is not None and isinstance(value, Mapping):
            converted[name] = inner(**settings_of(inner, value, f"{where}: {name}"))
            continue
        try:
            converted[name] = msgspec.convert(value, types[name])
        except msgspec.ValidationError as error:
            raise RecipeError(f"{where}: {name} = {value!r}: {error}") from error
        if bound := beyond(name, converted[name]):
            raise RecipeError(f"{where}: {name} = {value!r}: it {bound}.")
    return converted


def _table_of(kind: Any) -> type[Any] | None:
    """The dataclass that a setting of this type takes as a table, if it takes one."""
    choices = typing.get_args(kind) or (kind,)
    return next((c for c in choices if isinstance(c, type) and dataclasses.is_dataclass(c)), None)


def _check_shapes(tree: Mapping[str, Any], where: str) -> None:
    """See that what has to be a table, or a list of them, is one: TOML takes either for a key."""
    for name in ("recall", "rank", "blend", "fusion", "tune", "samples", "surfaces"):
        if not isinstance(tree.get(name, {}), Mapping):
            raise RecipeError(f"{where}: {name} = {tree[name]!r}: it is a table, [{name}].")
    for name, part in tree["recall"].items():
        if not isinstance(part, Mapping):
            raise RecipeError(f"{where}: recall.{name} = {part!r}: it is a table, [recall.{name}].")
    filters = tree["filters"]
    if not isinstance(filters, (list, tuple)) or not all(isinstance(f, str) for f in filters):
        raise RecipeError(f'{where}: filters = {filters!r}: it is a list of names, ["hidden", …].')
    _check_tables(tree.get("rerank", ()), f"{where}: rerank")


def _check_tables(parts: Any, where: str) -> None:
    if not isinstance(parts, (list, tuple)) or not all(isinstance(p, Mapping) for p in parts):
        raise RecipeError(f"{where} = {parts!r}: each one is a table in double brackets, [[…]].")


def _part(kind: type[Any], tree: Mapping[str, Any], where: str) -> Any:
    own = {key: value for key, value in tree.items() if key in _names(kind) and key != "settings"}
    rest = {key: value for key, value in tree.items() if key not in own}
    if "model" not in own:
        raise RecipeError(f"{where}: model is missing.")
    checked = settings_of(kind, own, where)
    return kind(**checked, settings=rest)


def _rank(tree: Mapping[str, Any], where: str) -> RankPart:
    """A model with its extensions and, of a blend, its members."""
    for many in MANY:
        _check_tables(tree.get(many, ()), f"{where}: {many}")
    plain = {key: value for key, value in tree.items() if key not in MANY}
    part: RankPart = _part(RankPart, plain, where)
    extend, features = (
        tuple(
            _part(Piece, piece, f"{where}: [[rank.{many}]] number {place + 1}")
            for place, piece in enumerate(tree.get(many, ()))
        )
        for many in ("extend", "features")
    )
    members = tuple(
        _rank(member, f"{where}: [[rank.members]] number {place + 1}")
        for place, member in enumerate(tree.get("members", ()))
    )
    return dataclasses.replace(part, extend=extend, features=features, members=members)


def _flat(part: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {key: value for key, value in part.items() if key != "settings"} | part[
        "settings"
    ]
    for many in MANY:
        if many in flat:
            flat[many] = [_flat(one) for one in flat[many]]
    return flat


def _names(kind: type[Any]) -> list[str]:
    return [field.name for field in dataclasses.fields(kind)]


def _check_keys(tree: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    known = list(known)
    for key in tree:
        if key not in known:
            hint = did_you_mean(key, known) or " It takes no settings."
            raise RecipeError(f"{where}: unknown key {key!r}.{hint}")
