"""A trained recommender as a folder: the manifest is written last, so it exists only if whole."""

from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from galen.assembly import catalog, versions
from galen.assembly.recipe import Recipe
from galen.data import manifest as manifests
from galen.data.catalogue import Catalogue
from galen.features.store import FeatureStore
from galen.pipeline.channels import Channel, ChannelRunner
from galen.pipeline.pipeline import Pipeline
from galen.pipeline.stages import Fuser, Ranker, RetrieverSpec
from galen.recall.fusion import Fusion, OneChannel

NAME: Final = "manifest.json"
FORMAT: Final = 1


class BundleError(Exception):
    """A bundle cannot be used; the message says which file and what to do."""


class BundleManifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    format: int
    version: str  # of the content: the same files have the same version
    recipe: dict[str, Any]
    shop: str
    protocol: str
    seed: int
    items: int  # rows of the catalogue that it was trained on
    trained_at: str  # ISO 8601, UTC
    files: dict[str, str]  # path -> SHA-256


@dataclass(frozen=True)
class Bundle:
    """A bundle that was opened and whose every file is the one written."""

    folder: Path
    manifest: BundleManifest
    recipe: Recipe

    @classmethod
    def open(cls, folder: Path) -> "Bundle":
        """Open one version, or the current version of a folder of versions.

        Raises:
            BundleError: the manifest is missing, or a file is missing or not the one written.
        """
        current = versions.read(folder)
        if current is not None:
            folder = folder / current.version
        path = folder / NAME
        if not path.exists():
            raise BundleError(
                f"{folder} is not a bundle: it has no {NAME}. Make one with `galen train`."
            )
        try:
            manifest = msgspec.json.decode(path.read_bytes(), type=BundleManifest)
        except msgspec.DecodeError as error:
            raise BundleError(f"{path} cannot be read ({error}); train again.") from error
        if manifest.format != FORMAT:
            raise BundleError(f"{path} has format {manifest.format}; this galen reads {FORMAT}.")
        for name, digest in manifest.files.items():
            file = folder / name
            if not file.exists() or manifests.sha256(file) != digest:
                raise BundleError(
                    f"{file} is missing or not the file written; train again or `galen rollback`."
                )
        return cls(folder, manifest, Recipe.from_tree(manifest.recipe, where=str(path)))

    @property
    def version(self) -> str:
        return self.manifest.version

    def pipeline(
        self, catalogue: Catalogue, store: FeatureStore, *, executor: Executor | None = None
    ) -> Pipeline:
        """The recommender, over a catalogue and a store that may change while it is held."""
        recipe = self.recipe
        channels = [
            Channel(
                name,
                retriever_spec(recipe, name).load(self.folder / "recall" / name),
                part.quota,
                part.deadline,
            )
            for name, part in recipe.recall.items()
        ]
        return compose(
            recipe,
            catalogue,
            store,
            ChannelRunner(channels, executor),
            self._fuser(),
            self._ranker(),
        )

    def _fuser(self) -> Fuser:
        names = list(self.recipe.recall)
        if len(names) == 1:
            return OneChannel(names[0])
        return Fusion(**self.recipe.fusion).load(self.folder / "fusion")

    def _ranker(self) -> Ranker | None:
        rank = self.recipe.rank
        if rank is None:
            return None
        return catalog.RANKERS[rank.model](**rank.settings).load(self.folder / "rank")


def compose(
    recipe: Recipe,
    catalogue: Catalogue,
    store: FeatureStore,
    recall: ChannelRunner,
    fuser: Fuser,
    ranker: Ranker | None,
) -> Pipeline:
    """Put parts that have learned together as a recipe says."""
    limit = recipe.rank.limit if recipe.rank else max(p.quota for p in recipe.recall.values())
    blend = tuple(recipe.blend.items())
    if ranker is not None and not blend:
        blend = tuple((objective, 1.0) for objective in ranker.objectives)
    return Pipeline(
        recall=recall,
        filters=tuple(catalog.FILTERS[name](catalogue) for name in recipe.filters),
        fuser=fuser,
        rank_limit=limit,
        assembler=store,
        ranker=ranker,
        blend=blend,
        rerankers=tuple(
            (part.model, catalog.RERANKERS[part.model](catalogue, **part.settings))
            for part in recipe.rerank
        ),
    )


def retriever_spec(recipe: Recipe, name: str) -> RetrieverSpec:
    part = recipe.recall[name]
    return catalog.RETRIEVERS[part.model](**part.settings)
