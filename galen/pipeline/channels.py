"""Recall: every channel asked, each within its deadline, none able to fail the others."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import structlog

from galen.data.arrays import Floats
from galen.data.lookup import place_within
from galen.pipeline.allowed import AllowedItems
from galen.pipeline.candidates import Candidates, Requests, no_candidates
from galen.pipeline.stages import (
    Answer,
    Chooser,
    Filter,
    GeneratingChannel,
    Retriever,
    Scorer,
)

log = structlog.get_logger(__name__)

Way = Callable[[AllowedItems, Answer | None], Candidates]
"""Asks a retriever for what it proposes, given what it has answered if it can score any item."""


@dataclass(frozen=True)
class Channel:
    """A channel with what it may cost; what it can do is looked up once, not for each request."""

    name: str
    retriever: Retriever
    quota: int  # rows a request
    deadline: float = 0.05  # seconds

    @cached_property
    def way(self) -> Way:
        """How the retriever is asked."""
        return _way_of(self.retriever, self.quota)

    @cached_property
    def scorer(self) -> Scorer | None:
        """The retriever, if it can score any item."""
        return self.retriever if isinstance(self.retriever, Scorer) else None


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a channel proposes, and how to ask it about what others do."""

    candidates: Candidates
    answer: Answer | None = None


@dataclass(frozen=True, slots=True)
class Recalled:
    """What channels proposed together, and which of them failed."""

    candidates: Candidates  # columns <channel>_score and <channel>_rank (see `Fuser`)
    failed: tuple[str, ...]  # names of channels that are not in the answer

    def without(self, channel: str) -> "Recalled":
        """As if a channel had failed: nothing that it alone found, and none of its scores."""
        columns = self.candidates.columns
        ranks = {name for name in columns if name.endswith("_rank")} - {f"{channel}_rank"}
        found = np.zeros(len(self.candidates), bool)
        for name in ranks:
            found |= np.isfinite(columns[name])
        rows = self.candidates.take(found)
        none = np.full(len(rows), np.nan)
        silent = dict.fromkeys((f"{channel}_score", f"{channel}_rank"), none)
        return Recalled(rows.with_columns(silent), (*self.failed, channel))


@dataclass(slots=True)
class ChannelRunner:
    """Asks the channels one after the other, on a worker thread where an executor is given.

    Deadlines need an executor, since only then can a slow channel be left behind: another worker
    goes on with those after it. A channel that was left behind is not asked again until it has
    come back. One worker, not one a channel: a server has one process a core, where threads side
    by side only hand the interpreter around (100k items, five channels: 20 ms against 14).
    """

    channels: Sequence[Channel]
    executor: Executor | None = None
    _late: dict[str, Future[None]] = field(default_factory=dict)

    def recall(self, requests: Requests, filters: Sequence[Filter] = ()) -> Recalled:
        """What the channels propose; those that must know are told by the filters what they may.

        Rows of others are not filtered here.
        """
        allowed = AllowedItems(requests, filters)
        if self.executor is None:
            alone = _Round(self.channels, allowed)
            alone.run()
            found = alone.found
        else:
            found = self._in_time(self.executor, allowed)
        merged = merge({name: found.get(name) for name in (c.name for c in self.channels)})
        return Recalled(merged, tuple(c.name for c in self.channels if c.name not in found))

    def _in_time(self, executor: Executor, allowed: AllowedItems) -> dict[str, Proposal]:
        waiting = [channel for channel in self.channels if self._is_back(channel.name)]
        found: dict[str, Proposal] = {}
        while waiting:
            asked = _Round(waiting, allowed)
            worker = executor.submit(asked.run)
            stuck = asked.wait()
            found.update(asked.found)
            if stuck is None:
                break
            log.warning("a recall channel is late", channel=stuck.name)
            if worker.cancel():  # every worker is held up by a late channel
                break
            self._late[stuck.name] = worker
            waiting = waiting[waiting.index(stuck) + 1 :]
        return found

    def _is_back(self, name: str) -> bool:
        late = self._late.get(name)
        return late is None or late.done()


class _Round:
    """Channels asked in turn by one thread, while another may stop waiting for them."""

    def __init__(self, channels: Sequence[Channel], allowed: AllowedItems) -> None:
        self._channels = channels
        self._allowed = allowed
        self._found: dict[str, Proposal] = {}
        self._asking, self._since = channels[0] if channels else None, time.perf_counter()
        self._left_behind = False
        self._lock = threading.Lock()
        self._done = threading.Event()

    @property
    def found(self) -> dict[str, Proposal]:
        """The answers by now; none comes after the round was left behind."""
        return self._found

    def run(self) -> None:
        for channel in self._channels:
            with self._lock:
                if self._left_behind:
                    return
                self._asking, self._since = channel, time.perf_counter()
            try:
                answer = proposed(channel, self._allowed)
            except Exception:
                log.exception("a recall channel failed", channel=channel.name)
                continue
            with self._lock:
                if not self._left_behind:
                    self._found[channel.name] = answer
        self._done.set()

    def wait(self) -> Channel | None:
        """None when all were asked; else the channel whose deadline passed, left behind."""
        while True:
            with self._lock:
                asking = self._asking
                assert asking is not None
                left = asking.deadline - (time.perf_counter() - self._since)
                if left <= 0 and not self._done.is_set():
                    self._left_behind = True
                    return asking
            if self._done.wait(max(left, 0.0)):
                return None


def proposed(channel: Channel, allowed: AllowedItems) -> Proposal:
    """Ask one channel.

    Raises:
        ValueError: a score is not finite.
    """
    answer = None if channel.scorer is None else channel.scorer.answer(allowed.requests)
    found = channel.way(allowed, answer)
    if not np.isfinite(found.columns["score"]).all():
        raise ValueError(f"channel {channel.name!r} gave a score that is not finite")
    return Proposal(found, answer)


def _way_of(retriever: Retriever, quota: int) -> Way:
    if isinstance(retriever, GeneratingChannel):
        return lambda allowed, _: retriever.generate(allowed.requests, quota, allowed.among)
    if isinstance(retriever, Chooser):
        return lambda allowed, _: retriever.choose(allowed.requests, quota, allowed.rows)
    return lambda allowed, answer: (
        retriever.retrieve(allowed.requests, quota) if answer is None else answer.best(quota)
    )


def merge(found: dict[str, Proposal | None]) -> Candidates:
    """One row per (request, item), whichever channels found it; grouped by request.

    Channels that can score any item are asked about the rows of others. A channel that is None
    (it failed) has its columns all the same, empty.
    """
    merged = _under_one_key({name: p.candidates if p else None for name, p in found.items()})
    scores: dict[str, Floats] = {}
    for name, proposal in found.items():
        if proposal is None or proposal.answer is None or not len(merged):
            continue
        column = f"{name}_score"
        others = np.isnan(merged.columns[column])
        if not others.any():
            continue
        try:
            score = proposal.answer.scores(Candidates(merged.request[others], merged.item[others]))
        except Exception:
            log.exception("a recall channel could not score what others found", channel=name)
            continue
        scores[column] = merged.columns[column].copy()
        scores[column][others] = np.where(np.isfinite(score), score, np.nan)
    return merged.with_columns(scores)


def _under_one_key(found: dict[str, Candidates | None]) -> Candidates:
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
