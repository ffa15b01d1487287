"""One recall score from many channels: a conditional logit over what each of them said."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from galen.data.arrays import Bools, Floats, Ints
from galen.pipeline.candidates import Candidates, Requests
from galen.pipeline.conditional_logit import best_strength, chosen_by
from galen.recall.stand_in import Together

LENGTHS: Final = (1, 4, 11)  # history lengths 0, 1-3, 4-10 and more than 10 have their own weights
PENALTIES: Final = (1.0, 10.0, 100.0, 1000.0)  # that are tried on held-out choices
TRIED: Final = 1000  # choices that they are tried on at most

SAYINGS: Final = 4
"""Columns that are made of what a channel said."""


@dataclass(frozen=True, slots=True)
class Fusion:
    """`penalty` holds weights to 0, `shrinkage` those of a history length to those of everybody.

    Where none is given, the penalty is that of `PENALTIES` which predicts held-out choices best:
    without one, twenty channels would learn two hundred choices by heart. A few dozen weights need
    no more than `requests` choices, and a penalty no more than `TRIED`; they are drawn by seed.
    """

    penalty: float | None = None  # on squared weights; chosen on held-out choices where None
    shrinkage: float = 30.0  # penalty on what sets a history length apart from everybody
    requests: int = 3000  # to learn from at most
    seed: int = 0  # of which ones are drawn

    def fit(
        self, requests: Requests, candidates: Candidates, taken: Bools, channels: Sequence[str]
    ) -> "FusionModel":
        """Learn from the rows of requests in which at least one row was `taken` (N,)."""
        hit = np.unique(candidates.request[taken])
        if len(hit) > self.requests:
            hit = np.random.default_rng(self.seed).choice(hit, self.requests, replace=False)
        inside = np.isin(candidates.request, hit)
        candidates, taken = candidates.take(inside), taken[inside]
        voices = tuple(voice_of(candidates, channel) for channel in channels)
        features = np.empty((len(candidates), SAYINGS * len(voices)))
        for place, column in enumerate(said(candidates, voices)):
            features[:, place] = column
        bucket = np.digitize(requests.history.length, LENGTHS)
        group, penalty = candidates.request, self.penalty
        if penalty is None:
            penalty = best_strength(
                features, group, taken, PENALTIES, requests=TRIED, seed=self.seed
            )
        everybody = chosen_by(features, group, taken, None, penalty)
        weights = [
            chosen_by(features[rows], group[rows], taken[rows], everybody, self.shrinkage)
            for code in range(len(LENGTHS) + 1)
            for rows in [bucket[group] == code]
        ]
        return FusionModel(voices, np.stack(weights), Together.of(features))

    def load(self, folder: Path) -> "FusionModel":
        """Read back what `FusionModel.save` wrote; these settings change nothing of it."""
        saved = msgspec.json.decode((folder / "fusion.json").read_bytes(), type=_Saved)
        together = None
        if saved.together is not None:
            together = Together(np.array(saved.together.mean), np.array(saved.together.covariance))
        return FusionModel(saved.voices, np.array(saved.weights), together)


class Voice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How to read a channel: positive scores read better as logarithms."""

    channel: str
    positive: bool
    rows: int  # the most it proposed to anybody; a row that it did not find stands behind


class _Together(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    mean: list[float]
    covariance: list[list[float]]


class _Saved(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    voices: tuple["Voice", ...]
    weights: list[list[float]]
    together: _Together | None = None


@dataclass(frozen=True, slots=True)
class FusionModel:
    """Weights of what channels say, by how long a history is.

    Of two channels that order alike one may weigh against the other, so where one has failed, what
    it would have said is told from the others: without it the other's weight would say too much.
    """

    voices: tuple[Voice, ...]
    weights: Floats  # (history lengths, SAYINGS per channel)
    together: Together | None = None  # of what channels say; None in bundles of before it was kept

    def fuse(
        self, requests: Requests, candidates: Candidates, failed: Sequence[str] = ()
    ) -> Candidates:
        bucket = np.digitize(requests.history.length, LENGTHS)[candidates.request]
        score, columns = np.zeros(len(candidates)), dict[str, Floats]()
        for place, column in enumerate(self._said(candidates, failed)):
            score += self.weights[:, place][bucket] * column
            if place % SAYINGS == 0:
                columns[f"{self.voices[place // SAYINGS].channel}_standing"] = column
        return candidates.with_columns({**columns, "recall_score": score})

    def _said(self, candidates: Candidates, failed: Sequence[str]) -> Iterable[Floats]:
        """SAYINGS columns (N,) a channel, those of failed ones as the others let expect them."""
        missing = [
            SAYINGS * place + saying
            for place, voice in enumerate(self.voices)
            for saying in range(SAYINGS)
            if voice.channel in failed
        ]
        columns = said(candidates, self.voices)
        if self.together is None or not missing:
            return columns
        whole = np.stack(list(columns), axis=1)
        return self.together.filled(whole, missing).T

    def save(self, folder: Path) -> None:
        """Write the weights, and how each channel is read, into a folder that exists."""
        known, kept = self.together, None
        if known is not None:
            kept = _Together(known.mean.tolist(), known.covariance.tolist())
        saved = _Saved(self.voices, self.weights.tolist(), kept)
        (folder / "fusion.json").write_bytes(msgspec.json.encode(saved))


@dataclass(frozen=True, slots=True)
class OneChannel:
    """The fuser of a recipe with one channel: its score as it is."""

    channel: str

    def fuse(
        self, requests: Requests, candidates: Candidates, failed: Sequence[str] = ()
    ) -> Candidates:
        score = candidates.columns[f"{self.channel}_score"]
        standing = standardised(score, candidates.request)
        return candidates.with_columns(
            {f"{self.channel}_standing": standing, "recall_score": score}
        )


def voice_of(candidates: Candidates, channel: str) -> Voice:
    """What a channel's columns look like, for people it found something for."""
    score = candidates.columns[f"{channel}_score"]
    rank = candidates.columns[f"{channel}_rank"]
    found = ~np.isnan(rank)
    if not found.any():
        return Voice(channel, False, 0)
    return Voice(channel, bool(np.nanmin(score) > 0), int(rank[found].max()) + 1)


def said(candidates: Candidates, voices: Sequence[Voice]) -> Iterator[Floats]:
    """SAYINGS columns (N,) a channel: standing, log and inverse place, whether proposed."""
    for voice in voices:
        score = candidates.columns[f"{voice.channel}_score"]
        rank = candidates.columns[f"{voice.channel}_rank"]
        found = ~np.isnan(rank)
        scaled = np.log(np.maximum(score, 1e-9)) if voice.positive else score
        yield standardised(scaled, candidates.request)
        yield -np.log1p(np.where(found, rank, voice.rows))
        yield np.where(found, 1 / (1 + rank), 0.0)
        yield found.astype(np.float64)


def standardised(values: Floats, request: Ints) -> Floats:
    """Zero mean and unit variance within each request; a missing value gets the smallest.

    Rows of a request stand together.
    """
    if not len(values):
        return values
    starts = np.flatnonzero(np.append(True, request[1:] != request[:-1]))
    of = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(values))))
    found = ~np.isnan(values)
    count = np.maximum(np.add.reduceat(found.astype(np.float64), starts), 1)
    known = np.where(found, values, 0.0)
    centred = np.where(found, known - (np.add.reduceat(known, starts) / count)[of], 0.0)
    spread = np.sqrt(np.add.reduceat(centred**2, starts) / count)
    scaled = centred / np.maximum(spread, 1e-9)[of]
    return np.where(found, scaled, np.minimum.reduceat(scaled, starts)[of])
