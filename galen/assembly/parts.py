"""The learned parts of a recommender, and how they are put together into a pipeline."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from galen.assembly import catalog
from galen.assembly.recipes.recipe import RankPart, Recipe, RerankPart, settings_of
from galen.data.catalogue import Catalogue
from galen.data.dataset import Dataset
from galen.features.from_tables import TableFeatures, TableFeaturesSpec, with_tables
from galen.nn.learning.training import Training, Watch
from galen.pipeline.channels import Channel, ChannelRunner
from galen.pipeline.pipeline import PRICE, Pipeline
from galen.pipeline.stages import (
    Assembler,
    Blend,
    Fuser,
    Ranker,
    Reranker,
    Retriever,
    RetrieverSpec,
)
from galen.rank.blended import Blended, Blending
from galen.rank.channel import ChannelScore
from galen.rank.extended import Extended
from galen.rank.model import ExtensionSpec, ModelSpec
from galen.rank.network import Network
from galen.rank.segmented import Segmented
from galen.rank.serving import Serving
from galen.rank.shop import ShopRanker
from galen.recall.fusion import Fusion, OneChannel

BLEND: Final = "blend"
"""The ranking model that is made of others."""

LENT_BY: Final = "channel"
"""The setting of a reranker that names the channel whose model it asks."""

CHANNEL: Final = "channel"
"""The ranking model that is a channel's own score."""


@dataclass(frozen=True)
class Parts:
    """Channels, fusion and ranker that have learned as one recipe says."""

    recipe: Recipe
    retrievers: dict[str, Retriever]
    fuser: Fuser
    ranker: Ranker | None
    features: Mapping[str, TableFeatures] = field(default_factory=dict)  # that the ranker reads

    def pipeline(
        self, catalogue: Catalogue, store: Assembler, *, executor: Executor | None = None
    ) -> Pipeline:
        """The recommender over a catalogue and a store, which may change while it is held."""
        recipe = self.recipe
        limit = recipe.rank.limit if recipe.rank else max(p.quota for p in recipe.recall.values())
        return Pipeline(
            recall=ChannelRunner(channels(recipe, self.retrievers), executor),
            filters=tuple(catalog.FILTERS[name](catalogue) for name in recipe.filters),
            fuser=self.fuser,
            rank_limit=limit,
            assembler=with_tables(store, self.features.values()),
            ranker=self.ranker,
            blend=blend_of(recipe, self.ranker),
            recall_power=recipe.blend.get("recall", 0.0),
            rerankers=tuple(
                (part.model, self._reranker(part, catalogue)) for part in recipe.rerank
            ),
        )

    def channel(self, name: str) -> "Parts":
        """One channel alone, without ranking and shaping."""
        recall = {name: self.recipe.recall[name]}
        recipe = replace(self.recipe, recall=recall, rank=None, rerank=())
        return Parts(recipe, {name: self.retrievers[name]}, OneChannel(name), None)

    def recall_only(self) -> "Parts":
        """All channels, fused, without ranking and shaping."""
        recipe = replace(self.recipe, rank=None, rerank=())
        return Parts(recipe, self.retrievers, self.fuser, None)

    def without_rerank(self) -> "Parts":
        """Recall and ranking, in the order of scores."""
        return replace(self, recipe=replace(self.recipe, rerank=()))

    def _reranker(self, part: RerankPart, catalogue: Catalogue) -> Reranker:
        if part.model not in catalog.BORROWERS:
            return catalog.RERANKERS[part.model](catalogue, **part.settings)
        own = {key: value for key, value in part.settings.items() if key != LENT_BY}
        return catalog.BORROWERS[part.model](self.retrievers[part.settings[LENT_BY]], **own)


def loaded_fuser(recipe: Recipe, folder: Path) -> Fuser:
    """The fuser that learned for a recipe; of one channel there is none to read."""
    names = list(recipe.recall)
    if len(names) == 1:
        return OneChannel(names[0])
    return Fusion(**recipe.fusion).load(folder / "fusion")


def loaded_ranker(recipe: Recipe, folder: Path) -> Ranker | None:
    """The ranker that learned for a recipe, where it has one."""
    spec = ranker_spec(recipe)
    return None if spec is None else ShopRanker(spec.load(folder / "rank"))


def feature_specs(recipe: Recipe) -> dict[str, TableFeaturesSpec]:
    """The features of tables that a recipe's ranker reads, before they were read."""
    pieces = () if recipe.rank is None else recipe.rank.features
    return {
        f"{place}-{piece.model}": _made_of(catalog.FEATURES[piece.model], piece.settings)
        for place, piece in enumerate(pieces)
    }


def retriever_spec(recipe: Recipe, name: str, seed: int = 0) -> RetrieverSpec:
    """A channel before it has learned; it draws by `seed` where the recipe gives it none."""
    part = recipe.recall[name]
    spec: RetrieverSpec = _made_of(catalog.RETRIEVERS[part.model], part.settings, {"seed": seed})
    return spec


def ranker_spec(recipe: Recipe, seed: int = 0) -> ModelSpec | None:
    """The recipe's ranking model before it has learned, drawing by `seed`."""
    return None if recipe.rank is None else model_spec(seeded(recipe.rank, seed))


def seeded(rank: RankPart, seed: int) -> RankPart:
    """The part with a seed for every draw, its own where it has one; members draw apart."""
    own = seed if rank.seed is None else rank.seed
    members = tuple(seeded(one, own + 101 * place) for place, one in enumerate(rank.members))
    return replace(rank, seed=own, members=members)


def model_spec(
    rank: RankPart, *, checkpoints: Path | None = None, watch: Watch | None = None
) -> ModelSpec:
    """The model that a recipe's part names, with its extensions.

    A network writes checkpoints into their folder, and tells `watch` of each epoch.
    """
    seed = {} if rank.seed is None else {"seed": rank.seed}
    if rank.model in catalog.NETWORKS:
        spec: ModelSpec = Network(
            _made_of(catalog.NETWORKS[rank.model], rank.settings),
            _made_of(Training, {**seed, **rank.training}),
            shares=dict(rank.shares),
            serving=_made_of(Serving, rank.serving),
            checkpoints=checkpoints,
            watch=watch,
        )
    elif rank.model == CHANNEL:
        spec = _made_of(ChannelScore, rank.settings)
    elif rank.model == BLEND:
        members = {
            f"{place}-{member.model}": model_spec(
                member,
                checkpoints=None if checkpoints is None else checkpoints / str(place),
                watch=watch,
            )
            for place, member in enumerate(rank.members)
        }
        spec = Blended(members, _made_of(Blending, rank.settings))
    else:
        spec = _made_of(catalog.RANKERS[rank.model], rank.settings, seed)
    extensions = extension_specs(rank)
    if rank.calibrate_by:
        spec = Segmented(spec, rank.calibrate_by)
    return Extended(spec, extensions) if extensions else spec


def extension_specs(rank: RankPart) -> dict[str, ExtensionSpec]:
    """What extends the samples that a part of a recipe learns from."""
    seed = {} if rank.seed is None else {"seed": rank.seed}
    return {
        f"{place}-{part.model}": _made_of(catalog.EXTENSIONS[part.model], part.settings, seed)
        for place, part in enumerate(rank.extend)
    }


def of_shop(spec: ModelSpec, data: Dataset) -> ModelSpec:
    """The model with what its extensions, or those of its members, read of a shop.

    Raises:
        EnrichedError: a table that one reads is missing, or knows later events than `data`.
    """
    if isinstance(spec, Blended):
        members = {name: of_shop(member, data) for name, member in spec.members.items()}
        return replace(spec, members=members)
    return spec.of(data) if isinstance(spec, Extended) else spec


def channels(recipe: Recipe, retrievers: dict[str, Retriever]) -> Sequence[Channel]:
    """The recipe's channels with their quotas and deadlines."""
    return [
        Channel(name, retrievers[name], part.quota, part.deadline)
        for name, part in recipe.recall.items()
    ]


def blend_of(recipe: Recipe, ranker: Ranker | None) -> Blend:
    """The recipe's powers of the objectives that the ranker has; all alike where it names none."""
    if ranker is None:
        return ()
    named = tuple((o, recipe.blend[o]) for o in ranker.objectives if o in recipe.blend)
    if named and PRICE in recipe.blend:
        named = (*named, (PRICE, recipe.blend[PRICE]))
    return named or tuple((objective, 1.0) for objective in ranker.objectives)


def _made_of(kind: Any, settings: Mapping[str, Any], seed: Mapping[str, int] | None = None) -> Any:
    """A part from settings as TOML has them; a seed goes to a part that draws."""
    draws = seed if seed and "seed" in kind.__dataclass_fields__ else {}
    return kind(**settings_of(kind, {**draws, **settings}, kind.__name__))
