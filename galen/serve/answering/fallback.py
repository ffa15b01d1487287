"""The slate when the real one fails or is too short: popular items, under the same rules."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from galen.data.arrays import Floats
from galen.pipeline.candidates import Candidates, Requests
from galen.pipeline.channels import Channel, ChannelRunner
from galen.pipeline.pipeline import Pipeline
from galen.serve.answering.wanted import Wanted

CHANNEL: Final = "popular"
QUOTA: Final = 1000  # most of the most popular items may not be allowed


@dataclass(frozen=True, slots=True)
class MostTaken:
    """A channel that needs no model: the most taken items among those that are wanted."""

    taken: Floats  # (items,) how often each was taken
    wanted: Wanted

    def retrieve(self, requests: Requests, k: int) -> Candidates:
        items = np.arange(len(self.taken))
        items = items[self.wanted.allowed(items)]
        best = items[np.argsort(-self.taken[items], kind="stable")[:k]]
        count = len(requests)
        request = np.repeat(np.arange(count), len(best))
        return Candidates(
            request, np.tile(best, count), {"score": np.tile(self.taken[best], count)}
        )

    def save(self, folder: Path) -> None:
        """Nothing is kept: it is made anew from the counts of the moment."""


@dataclass(frozen=True, slots=True)
class ByPopularity:
    """Takes the one channel's score as it is."""

    def fuse(
        self, requests: Requests, candidates: Candidates, failed: Sequence[str] = ()
    ) -> Candidates:
        return candidates.with_columns({"recall_score": candidates.columns[f"{CHANNEL}_score"]})


def popular_pipeline(pipeline: Pipeline, taken: Floats, wanted: Wanted) -> Pipeline:
    """A pipeline of the same rules and shape whose only channel is `MostTaken`, unranked."""
    return replace(
        pipeline,
        recall=ChannelRunner((Channel(CHANNEL, MostTaken(taken, wanted), QUOTA),)),
        fuser=ByPopularity(),
        rank_limit=QUOTA,  # that of a recipe may be as small as its only channel
        assembler=None,
        ranker=None,
    )
