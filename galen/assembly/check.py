"""A recipe held against the catalogue of parts, before anything is trained."""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import isfinite
from typing import Any, Final

from galen.assembly import catalog
from galen.assembly.blending import RECALL
from galen.assembly.parts import BLEND, CHANNEL, LENT_BY
from galen.assembly.ranges import ranges_of
from galen.assembly.recipes.bounds import beyond
from galen.assembly.recipes.recipe import RankPart, Recipe, RecipeError, settings_of
from galen.data.did_you_mean import did_you_mean
from galen.data.schema import Surface
from galen.features.tokenizing.coding import Coding
from galen.features.tokenizing.semantic_ids import SemanticIdError
from galen.features.tokenizing.tokenizers import tokenizer_spec
from galen.nn.learning.training import Training
from galen.pipeline.pipeline import PRICE
from galen.rank.blended import Blending
from galen.rank.channel import ChannelScore
from galen.rank.serving import Serving
from galen.recall.fusion import Fusion

JUDGED_BY: Final = ("auc", "loss")
"""What a ranking network's validation measures; channels measure ndcg."""

FACTORS: Final = (RECALL, "click", "cart", "purchase", "next", PRICE)
"""What a blend may multiply: recall's own score, objectives of a shop's rankers, and the price."""


def check_recipe(recipe: Recipe) -> None:
    """See that every part exists and takes the settings given to it.

    Raises:
        RecipeError: an unknown part or setting; the message names the nearest right one.
    """
    where = f"recipe {recipe.name!r}"
    for name, recall in recipe.recall.items():
        at = f"{where}: [recall.{name}]"
        kind = _part(catalog.RETRIEVERS, recall.model, at)
        spec = kind(**settings_of(kind, recall.settings, at))
        _check_tokenizer(spec, at)
        _check_heads(spec, at)
        _check_negatives(spec, at)
        _check_tower(spec, at)
    if not any(recall.quota for recall in recipe.recall.values()):
        raise RecipeError(f"{where}: it needs at least one [recall.<name>] with a quota above 0.")
    settings_of(Fusion, recipe.fusion, f"{where}: [fusion]")
    if recipe.rank is not None:
        at = f"{where}: [rank]"
        _check_model(recipe.rank, at)
        if recipe.rank.model == CHANNEL:
            _one_of(recipe.recall, recipe.rank.settings.get("channel", ""), f"{at}: channel")
        if recipe.tune:
            ranges_of(recipe)
        _one_of(
            ("", "click", "cart", "purchase", "next"), recipe.rank.fit_blend, f"{at}: fit_blend"
        )
        _one_of(("auto", "impressions", "replay"), recipe.rank.examples, f"{at}: examples")
    _check_blend(recipe.blend, f"{where}: [blend]")
    _check_samples(recipe, f"{where}: [samples]")
    _check_surfaces(recipe, where)
    for name in recipe.filters:
        _one_of(catalog.FILTERS, name, f"{where}: filters")
    for place, rerank in enumerate(recipe.rerank):
        at = f"{where}: [[rerank]] number {place + 1}"
        kind = _part({**catalog.RERANKERS, **catalog.BORROWERS}, rerank.model, at)
        known = {f.name for f in dataclasses.fields(kind)} - {"catalogue"}
        for key in rerank.settings:
            _one_of(known, key, at)
        own = dict(rerank.settings)
        if rerank.model in catalog.BORROWERS:
            _check_lender(recipe, own.pop(LENT_BY, None), at)
        settings_of(kind, own, at)


def check_for_samples(recipe: Recipe) -> None:
    """See that a recipe is whole and that its ranker can learn from a folder of samples alone.

    Raises:
        RecipeError: as `check_recipe`, or there is no [rank], or it reads tables of a shop.
    """
    check_recipe(recipe)
    if recipe.rank is None:
        raise RecipeError(f"recipe {recipe.name!r} has no [rank] to learn from a table.")
    if recipe.rank.features:
        raise RecipeError(
            f"recipe {recipe.name!r}: [[rank.features]] are read of a shop's tables, and a folder "
            "of samples is of no shop; leave them out."
        )


def _check_surfaces(recipe: Recipe, where: str) -> None:
    """See that recipes of surfaces are whole, and that a name stands for one recipe."""
    named = {recipe.name: replace(recipe, surfaces={})}
    for surface, other in recipe.surfaces.items():
        at = f"{where}: [surfaces] {surface}"
        _one_of([one.name.lower() for one in Surface], surface, f"{where}: [surfaces]")
        if other.surfaces:
            raise RecipeError(f"{at}: {other.name!r} has [surfaces] of its own; give one without.")
        check_recipe(other)
        if named.setdefault(other.name, other) != other:
            raise RecipeError(f"{at}: another recipe is named {other.name!r} too; rename one file.")


def _check_blend(blend: Mapping[str, Any], at: str) -> None:
    """See that each factor is one that may be multiplied, and its power a number."""
    for name, power in blend.items():
        _one_of(FACTORS, name, at)
        if isinstance(power, bool) or not isinstance(power, int | float) or not isfinite(power):
            raise RecipeError(f"{at}: {name} = {power!r}: it must be a finite number.")


def _check_samples(recipe: Recipe, at: str) -> None:
    """See that what guesses are to teach can learn from them."""
    samples = recipe.samples
    for name in ("preferences", "buyers", "negatives", "clicks"):
        if not 0 <= getattr(samples, name) <= 1:
            raise RecipeError(f"{at}: {name} must lie between 0 and 1; 0 is off.")
    settings = {} if recipe.rank is None else recipe.rank.settings
    listwise = settings.get("loss") == "listwise"
    weighted = settings.get("weighted", False)
    if samples.preferences and not (listwise and weighted):
        raise RecipeError(
            f"{at}: preferences compare two items, which only a ranker with model = 'gbdt', "
            "loss = 'listwise' and weighted = true learns from."
        )
    if samples.negatives and (recipe.rank is None or (listwise and not weighted)):
        raise RecipeError(
            f"{at}: negatives are weights of rows, so they need a [rank] to whose loss weights "
            "count: a listwise gbdt needs weighted = true."
        )


def _check_tokenizer(spec: object, at: str) -> None:
    """See that a channel that writes or reads codes gives its tokenizer settings that it has."""
    for coding in (getattr(spec, "coding", None), getattr(spec, "codes", None)):
        if isinstance(coding, Coding):
            for name, value in coding.tokenizer_settings.items():
                if bound := beyond(name, value):
                    raise RecipeError(f"{at}: tokenizer_settings: {name} = {value!r}: it {bound}.")
            try:
                tokenizer_spec(coding.tokenizer, coding.sizes, coding.tokenizer_settings)
            except SemanticIdError as error:
                raise RecipeError(f"{at}: {error}") from error


def _check_heads(spec: object, at: str) -> None:
    """See that heads of attention can share the width."""
    width, heads = getattr(spec, "width", 0), getattr(spec, "heads", 1)
    if width % heads:
        raise RecipeError(f"{at}: width = {width} cannot be shared by {heads} heads.")


def _check_negatives(spec: object, at: str) -> None:
    """See that a loss that tells the next item from others has some."""
    draws = getattr(spec, "dense", getattr(spec, "loss", "softmax") != "softmax")
    if draws and getattr(spec, "negatives", 1) < 1:
        raise RecipeError(f"{at}: negatives = 0 leaves nothing to tell the next item from; draw 1.")


def _check_tower(spec: object, at: str) -> None:
    """See that something makes an item's vector."""
    if getattr(spec, "identity", True) or hasattr(spec, "coding"):  # codes are always read there
        return
    said = [getattr(spec, name, None) for name in ("attributes", "text", "codes", "encoded")]
    if all(one in (None, (), False, "none") for one in said):
        raise RecipeError(
            f"{at}: identity = false leaves nothing that tells items apart: give attributes, text "
            "or codes, or leave identity on."
        )


def _check_lender(recipe: Recipe, channel: object, at: str) -> None:
    """See that a reranker is lent a model that can be asked."""
    able = [name for name, part in recipe.recall.items() if part.model in catalog.LENDERS]
    if channel not in able:
        raise RecipeError(
            f"{at}: channel = {channel!r} must name a channel of the recipe whose model is one of "
            f"{', '.join(catalog.LENDERS)}; {', '.join(able) or 'none'} of its channels is."
        )


def _check_model(rank: RankPart, at: str) -> None:
    """See that a ranking model, its training, its extensions and its members are known."""
    settings_of(Training, rank.training, f"{at}: training")
    _one_of(JUDGED_BY, rank.training.get("monitor", "auc"), f"{at}: training: monitor")
    settings_of(Serving, rank.serving, f"{at}: serving")
    for place, piece in enumerate(rank.extend):
        where = f"{at}: [[rank.extend]] number {place + 1}"
        settings_of(_part(catalog.EXTENSIONS, piece.model, where), piece.settings, where)
    for place, piece in enumerate(rank.features):
        where = f"{at}: [[rank.features]] number {place + 1}"
        settings_of(_part(catalog.FEATURES, piece.model, where), piece.settings, where)
    if rank.model == BLEND:
        if len(rank.members) < 2:
            raise RecipeError(f"{at}: a blend needs two or more [[rank.members]].")
        settings_of(Blending, rank.settings, at)
        for place, member in enumerate(rank.members):
            where = f"{at}: [[rank.members]] number {place + 1}"
            if member.features:
                raise RecipeError(
                    f"{where}: members share the features of [rank]; name them there."
                )
            _check_model(member, where)
        return
    if rank.members:
        raise RecipeError(f"{at}: only model = {BLEND!r} has members.")
    if rank.training and rank.model not in catalog.NETWORKS:
        raise RecipeError(f"{at}: training is of networks; {rank.model!r} has none.")
    kind = _part(
        {**catalog.RANKERS, **catalog.NETWORKS, BLEND: None, CHANNEL: ChannelScore}, rank.model, at
    )
    settings_of(kind, rank.settings, at)


def _part(table: Mapping[str, Any], name: str, where: str) -> type[Any]:
    _one_of(table, name, f"{where}: model")
    kind: type[Any] = table[name]
    return kind


def _one_of(known: Iterable[str], name: str, where: str) -> None:
    names = sorted(known)
    if name not in names:
        hint = did_you_mean(name, names)
        raise RecipeError(f"{where}: {name!r} is not one of {', '.join(names)}.{hint}")
