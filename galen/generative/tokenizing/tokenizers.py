"""Every tokenizer by its name."""

from collections.abc import Callable, Mapping
from typing import Final, Literal

from galen.generative.tokenizing.fsq import Fsq
from galen.generative.tokenizing.product_codes import ProductCodes
from galen.generative.tokenizing.residual_kmeans import ResidualKMeans
from galen.generative.tokenizing.rq_vae import RqVae
from galen.generative.tokenizing.semantic_ids import TokenizerSpec

TokenizerName = Literal["fsq", "product_codes", "residual_kmeans", "rq_vae"]

TOKENIZERS: Final[Mapping[str, Callable[..., TokenizerSpec]]] = {
    "fsq": Fsq,
    "product_codes": ProductCodes,
    "residual_kmeans": ResidualKMeans,
    "rq_vae": RqVae,
}
"""The first argument of each is the sizes of its levels."""
