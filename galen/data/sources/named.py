"""The sources that galen knows by name."""

from collections.abc import Mapping
from typing import Final

from galen.data.feeds import Source
from galen.data.sources.amazon_reviews import AMAZON_REVIEWS
from galen.data.sources.complete_journey import COMPLETE_JOURNEY
from galen.data.sources.ctr_table import CTR_TABLE
from galen.data.sources.movielens import MOVIELENS
from galen.data.sources.sequences import SEQUENCES
from galen.data.sources.table import TABLE

SOURCES: Final[Mapping[str, Source]] = {
    source.name: source
    for source in (TABLE, SEQUENCES, MOVIELENS, AMAZON_REVIEWS, COMPLETE_JOURNEY, CTR_TABLE)
}
