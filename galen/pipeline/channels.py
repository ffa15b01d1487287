"""Recall: every channel asked, each within its deadline, none able to fail the others."""

import time
from collections.abc import Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field

import numpy as np
import structlog

from galen.pipeline.candidates import (
    Candidates,
    Requests,
    no_candidates,
    place_within,
)
from galen.pipeline.stages import Retriever

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel with what it may cost."""

    name: str
    retriever: Retriever
    quota: int  # rows a request
    deadline: float = 0.05  # seconds


@dataclass(frozen=True, slots=True)
class Recalled:
    candidates: Candidates  # columns <channel>_score and <channel>_rank, NaN where not found by it
    failed: tuple[str, ...]  # names of channels that are not in the answer


@dataclass(slots=True)
class ChannelRunner:
    """Asks the channels one by one, or side by side where an executor is given.

    Deadlines need an executor, since only then can a slow channel be left behind. A channel that
    was left behind is not asked again until it has come back.
    """

    channels: Sequence[Channel]
    executor: Executor | None = None
    _late: dict[str, Future[Candidates]] = field(default_factory=dict)

    def recall(self, requests: Requests) -> Recalled:
        found = self._in_turn(requests) if self.executor is None else self._side_by_side(requests)
        merged = merge({name: found.get(name) for name in (c.name for c in self.channels)})
        return Recalled(merged, tuple(c.name for c in self.channels if c.name not in found))

    def _in_turn(self, requests: Requests) -> dict[str, Candidates]:
        found = {}
        for channel in self.channels:
            try:
                found[channel.name] = _checked(channel, requests)
            except Exception:
                log.exception("a recall channel failed", channel=channel.name)
        return found

    def _side_by_side(self, requests: Requests) -> dict[str, Candidates]:
        assert self.executor is not None
        asked: dict[str, Future[Candidates]] = {}
        start = time.perf_counter()
        for channel in self.channels:
            late = self._late.get(channel.name)
            if late is not None and not late.done():
                continue
            self._late.pop(channel.name, None)
            asked[channel.name] = self.executor.submit(_checked, channel, requests)
        found = {}
        for channel in self.channels:
            if channel.name not in asked:
                continue
            left = max(channel.deadline - (time.perf_counter() - start), 0.0)
            try:
                found[channel.name] = asked[channel.name].result(timeout=left)
            except TimeoutError:
                self._late[channel.name] = asked[channel.name]
                log.warning("a recall channel is late", channel=channel.name)
            except Exception:
                log.exception("a recall channel failed", channel=channel.name)
        return found


def _checked(channel: Channel, requests: Requests) -> Candidates:
    found = channel.retriever.retrieve(requests, channel.quota)
    if not np.isfinite(found.columns["score"]).all():
        raise ValueError(f"channel {channel.name!r} gave a score that is not finite")
    return found


def merge(found: dict[str, Candidates | None]) -> Candidates:
    """One row per (request, item), whichever channels found it; grouped by request.

    A channel that is None (it failed) has its columns all the same, empty.
    """
    parts = {name: c if c is not None else no_candidates(("score",)) for name, c in found.items()}
    if not parts:
        return no_candidates()
    width = 1 + max((int(c.item.max()) for c in parts.values() if len(c)), default=0)
    keys = np.concatenate([c.request * width + c.item for c in parts.values()])
    unique, place = np.unique(keys, return_inverse=True)
    columns = {}
    start = 0
    for name, candidates in parts.items():
        rows = place[start : start + len(candidates)]
        start += len(candidates)
        for column in ("score", "rank"):
            columns[f"{name}_{column}"] = np.full(len(unique), np.nan)
        columns[f"{name}_score"][rows] = candidates.columns["score"]
        columns[f"{name}_rank"][rows] = place_within(candidates.request)
    return Candidates(unique // width, unique % width, columns)
