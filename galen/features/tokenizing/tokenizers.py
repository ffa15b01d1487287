"""Every tokenizer by its name."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

import msgspec

from galen.data.did_you_mean import did_you_mean
from galen.features.tokenizing.fsq import Fsq
from galen.features.tokenizing.product_codes import ProductCodes
from galen.features.tokenizing.residual_kmeans import ResidualKMeans
from galen.features.tokenizing.rq_vae import RqVae
from galen.features.tokenizing.semantic_ids import SemanticIdError, TokenizerSpec

TokenizerName = Literal["fsq", "product_codes", "residual_kmeans", "rq_vae"]

TOKENIZERS: Final[Mapping[str, Callable[..., TokenizerSpec]]] = {
    "fsq": Fsq,
    "product_codes": ProductCodes,
    "residual_kmeans": ResidualKMeans,
    "rq_vae": RqVae,
}
"""The first argument of each is the sizes of its levels."""


def tokenizer_spec(
    name: TokenizerName, sizes: tuple[int, ...], settings: Mapping[str, Any]
) -> TokenizerSpec:
    """A tokenizer with levels of these sizes and settings of its own, such as a recipe gives.

    Raises:
        SemanticIdError: it has no such setting, or one of another kind, or a level has no code.
    """
    if not sizes or min(sizes) < 1:
        raise SemanticIdError(f"sizes = {list(sizes)}: each level needs a code or more.")
    kind: Any = TOKENIZERS[name]
    known = sorted({field.name for field in dataclasses.fields(kind)} - {"sizes"})
    if "sizes" in settings:
        raise SemanticIdError(
            "sizes stand beside tokenizer_settings, not in them: give the channel sizes = […]."
        )
    for key in settings:
        if key not in known:
            raise SemanticIdError(
                f"tokenizer {name!r} has no setting {key!r}; it has {', '.join(known)}."
                f"{did_you_mean(key, known)}"
            )
    try:
        spec: TokenizerSpec = msgspec.convert({"sizes": sizes, **settings}, kind)
    except msgspec.ValidationError as error:
        raise SemanticIdError(f"tokenizer {name!r} cannot be set so: {error}") from error
    return spec
