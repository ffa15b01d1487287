"""The sources that galen knows by name."""

from collections.abc import Mapping
from typing import Final

from galen.data.feeds import Source
from galen.data.sources.complete_journey import COMPLETE_JOURNEY
from galen.data.sources.sequences import SEQUENCES

SOURCES: Final[Mapping[str, Source]] = {
    source.name: source for source in (SEQUENCES, COMPLETE_JOURNEY)
}
