"""A trained recommender as a folder: the manifest is written last, so it exists only if whole."""

from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from galen.assembly import versions
from galen.assembly.parts import Parts
from galen.assembly.recipe import Recipe
from galen.assembly.split import Protocol
from galen.assembly.train import Trained
from galen.data.catalogue import Catalogue
from galen.data.manifest import NAME, sha256
from galen.data.mendable import MendableError
from galen.pipeline.pipeline import Pipeline
from galen.pipeline.stages import Assembler

FORMAT: Final = 1


class BundleError(MendableError):
    """A bundle cannot be used; the message says which file and what to do."""


class BundleManifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a bundle is made of, and from what."""

    format: int
    version: str  # of the content: the same files have the same version
    recipe: dict[str, Any]
    shop: str
    protocol: Protocol
    seed: int
    items: int  # rows of the catalogue that it was trained on
    trained_at: str  # ISO 8601, UTC
    files: dict[str, str]  # path -> SHA-256


class _Kind(msgspec.Struct, frozen=True):
    """What every manifest says of itself."""

    kind: str = "recommender"


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
        try:
            if msgspec.json.decode(path.read_bytes(), type=_Kind).kind == "table":
                raise BundleError(
                    f"{folder} ranks a table of samples; it recommends nothing by itself. Train "
                    "its recipe on a shop, or give `galen evaluate` the folder of samples."
                )
            manifest = msgspec.json.decode(path.read_bytes(), type=BundleManifest)
        except msgspec.DecodeError as error:
            raise BundleError(f"{path} cannot be read ({error}); train again.") from error
        if manifest.format != FORMAT:
            raise BundleError(f"{path} has format {manifest.format}; this galen reads {FORMAT}.")
        for name, digest in manifest.files.items():
            file = folder / name
            if not file.exists() or sha256(file) != digest:
                raise BundleError(
                    f"{file} is missing or not the file written. `galen rollback "
                    f"{folder.parent}` serves the version before it; `galen train` makes a new one."
                )
        return cls(folder, manifest, Recipe.from_tree(manifest.recipe, where=str(path)))

    @property
    def version(self) -> str:
        return self.manifest.version

    def parts(self) -> Parts:
        """The learned parts, read from the folder."""
        return Parts.load(self.recipe, self.folder)

    def pipeline(
        self, catalogue: Catalogue, store: Assembler, *, executor: Executor | None = None
    ) -> Pipeline:
        """The recommender; an executor gives its channels their deadlines."""
        return self.parts().pipeline(catalogue, store, executor=executor)


def save_bundle(root: Path, trained: Trained, *, shop: str, seed: int, now: datetime) -> Bundle:
    """Write what has learned as the new current version of a folder, whole or not at all."""
    parts, split = trained.parts, trained.split

    def describe(version: str, files: Mapping[str, str]) -> bytes:
        manifest = BundleManifest(
            format=FORMAT,
            version=version,
            recipe=parts.recipe.to_tree(),
            shop=shop,
            protocol=split.protocol,
            seed=seed,
            items=len(split.final.catalogue),
            trained_at=now.astimezone(UTC).isoformat(timespec="seconds"),
            files=dict(files),
        )
        return msgspec.json.encode(manifest)

    with versions.new_version(root, describe) as folder:
        parts.save(folder)
    return Bundle.open(root)
