"""The sources that galen knows by name."""

from collections.abc import Mapping
from typing import Final

from galen.data.importing.feeds import ImportSource
from galen.data.importing.sources.amazon_reviews import AMAZON_REVIEWS
from galen.data.importing.sources.complete_journey import COMPLETE_JOURNEY
from galen.data.importing.sources.ctr_table import CTR_TABLE
from galen.data.importing.sources.movielens import MOVIELENS
from galen.data.importing.sources.sequences import SEQUENCES
from galen.data.importing.sources.table import TABLE

SOURCES: Final[Mapping[str, ImportSource]] = {
    source.name: source
    for source in (TABLE, SEQUENCES, MOVIELENS, AMAZON_REVIEWS, COMPLETE_JOURNEY, CTR_TABLE)
}
