"""Examples where a shop logs what it showed: impressions with what came of them.

Features are Ibis expressions, so each row holds what was known just before its impression.
"""

from galen.assembly.split import Split
from galen.data.shop import Shop
from galen.pipeline.stages import Examples


def has_impressions(shop: Shop) -> bool:
    return False


def impression_examples(
    shop: Shop, split: Split, *, seed: int
) -> tuple[Examples, Examples, Examples]:
    raise AssertionError
