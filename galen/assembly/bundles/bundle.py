"""A trained recommender as a folder: the manifest is written last, so it exists only if whole."""

from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from galen.assembly.bundles import versions
from galen.assembly.bundles.bundle_manifest import (
    FORMAT,
    BundleError,
    BundleManifest,
    described,
    read_manifest,
)
from galen.assembly.bundles.storage import load_parts, save_parts
from galen.assembly.parts import Parts
from galen.assembly.recipes.recipe import Recipe
from galen.assembly.train import Trained
from galen.data.catalogue import Catalogue
from galen.data.manifest import NAME, sha256
from galen.pipeline.by_surface import NamedPipeline, PipelinesBySurface
from galen.pipeline.pipeline import Pipeline
from galen.pipeline.stages import Assembler


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
            VersionError: the file that names the current version cannot be read.
        """
        current = versions.read(folder)
        if current is not None:
            folder = folder / current.version
        path = folder / NAME
        if not path.exists():
            raise BundleError(
                f"{folder} is not a bundle: it has no {NAME}. Make one with `galen train`."
            )
        manifest = read_manifest(path.read_bytes(), str(path))
        for name, digest in manifest.files.items():
            file = folder / name
            if not file.exists() or sha256(file) != digest:
                raise BundleError(
                    f"{file} is missing or not the file written. `galen rollback "
                    f"{folder.parent}` serves the version before it; `galen train` makes a new one."
                )
        return cls(folder, manifest, manifest.whole_recipe(str(path)))

    @property
    def version(self) -> str:
        """A digest of the recipe and of what it learned, by which replies and traces name it."""
        return self.manifest.version

    def check(self, catalogue: Catalogue) -> None:
        """See that a catalogue begins with the items that were learned from; more may follow.

        Raises:
            BundleError: its rows are other items, so that every score would be of another one.
        """
        manifest = self.manifest
        same = len(catalogue) >= manifest.items
        if same and manifest.catalogue:
            same = catalogue.digest(manifest.items) == manifest.catalogue
        if not same:
            raise BundleError(
                f"{self.folder} was trained on {manifest.items:,} items of shop {manifest.shop!r}, "
                f"and this catalogue of {len(catalogue):,} does not begin with them; train again "
                "on this shop."
            )

    def parts(self) -> Parts:
        """The learned parts of the recipe that answers wherever no other is named."""
        return self.all_parts()[self.recipe.name]

    def all_parts(self) -> dict[str, Parts]:
        """The learned parts of every recipe by its name; channels that they share are one."""
        return load_parts(self.folder, self.recipe, self.recipe.surfaces.values())

    def pipelines(
        self, catalogue: Catalogue, store: Assembler, *, executor: Executor | None = None
    ) -> PipelinesBySurface:
        """The recommenders of all surfaces; an executor gives their channels deadlines.

        Raises:
            BundleError: the catalogue is not the one that was learned from.
        """
        self.check(catalogue)
        named = {
            name: NamedPipeline(name, parts.pipeline(catalogue, store, executor=executor))
            for name, parts in self.all_parts().items()
        }
        return PipelinesBySurface(
            named[self.recipe.name],
            {surface: named[one.name] for surface, one in self.recipe.surfaces.items()},
        )

    def pipeline(
        self, catalogue: Catalogue, store: Assembler, *, executor: Executor | None = None
    ) -> Pipeline:
        """The recommender wherever no other is named."""
        return self.pipelines(catalogue, store, executor=executor).usual.pipeline


def save_bundle(root: Path, trained: Trained, *, shop: str, seed: int, now: datetime) -> Bundle:
    """Write what has learned as the new current version of a folder, whole or not at all."""
    parts, split, final = trained.parts, trained.split, trained.split.final
    digest = final.catalogue.digest()
    surfaces = {surface: other.recipe for surface, other in trained.surfaces.items()}
    recipe = replace(parts.recipe, surfaces=surfaces)  # with what training learned of each

    def describe(version: str, files: Mapping[str, str]) -> bytes:
        manifest = BundleManifest(
            format=FORMAT,
            version=version,
            **described(recipe),
            shop=shop,
            protocol=split.protocol,
            seed=seed,
            items=len(final.catalogue),
            catalogue=digest,
            learned=final.extent,
            trained_at=now.astimezone(UTC).isoformat(timespec="seconds"),
            files=dict(files),
        )
        return msgspec.json.encode(manifest)

    made_from = [described(recipe), shop, split.protocol, digest, final.extent]
    with versions.new_version(root, describe, made_from=made_from) as folder:
        save_parts(folder, parts, trained.surfaces.values())
    return Bundle.open(root)
