"""A recall channel as the ranker: its own score orders what every channel found.

A sequence network or a generator that scores any item ranks in this way without learning anew.
"""

from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from galen.data.arrays import Floats
from galen.data.mendable import MendableError
from galen.features.encoding.samples import Samples
from galen.features.encoding.schema import Schema
from galen.rank.calibration import Calibration, Calibrator, Method


class ChannelError(MendableError, ValueError):
    """The channel that was to rank has no score; the message says which have."""


@dataclass(frozen=True, slots=True)
class ChannelScore:
    """`channel` is a name of the recipe's; with a quota of 0 it proposes nothing and ranks only.

    What it cannot score comes last.
    """

    channel: str
    calibration: Method = "platt"

    def fit(self, schema: Schema, train: Samples, valid: Samples) -> "ChannelModel":
        """Learn to turn scores into probabilities.

        Raises:
            ChannelError: the samples have no score of the channel, or one and the same.
        """
        score = _column(schema, self.channel, train)
        known = score[~np.isnan(score)]
        if len(score) and (not len(known) or known.min() == known.max()):
            raise ChannelError(
                f"channel {self.channel!r} scores nothing that others propose, so it orders "
                "nothing; give it a quota, or rank by a channel that scores any item."
            )
        floor = float(np.nanmin(score, initial=0.0)) - 1.0
        held_out = _filled(_column(schema, self.channel, valid), floor)
        calibrators = []
        for objective in train.labels:
            rows, label, weight = valid.known(objective)
            calibrators.append(Calibration(self.calibration).fit(held_out[rows], label, weight))
        return ChannelModel(schema, self.channel, tuple(train.labels), floor, tuple(calibrators))

    def load(self, folder: Path) -> "ChannelModel":
        saved = msgspec.json.decode((folder / "channel.json").read_bytes(), type=_Saved)
        return ChannelModel(
            saved.schema, saved.channel, saved.objectives, saved.floor, saved.calibrators
        )


class _Saved(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema: Schema
    channel: str
    objectives: tuple[str, ...]
    floor: float
    calibrators: tuple[Calibrator, ...]


@dataclass(frozen=True, slots=True)
class ChannelModel:
    """A ranker that orders by one channel's score, as probabilities."""

    schema: Schema
    channel: str
    objectives: tuple[str, ...]
    floor: float  # the score of what the channel cannot score
    calibrators: tuple[Calibrator, ...]

    def score(self, samples: Samples) -> Floats:
        score = _filled(_column(self.schema, self.channel, samples), self.floor)
        return np.stack([c.probability(score) for c in self.calibrators], axis=1)

    def save(self, folder: Path) -> None:
        saved = _Saved(self.schema, self.channel, self.objectives, self.floor, self.calibrators)
        (folder / "channel.json").write_bytes(msgspec.json.encode(saved))


def _column(schema: Schema, channel: str, samples: Samples) -> Floats:
    names = [number.name for number in schema.numbers]
    if f"{channel}_standing" not in names:
        ends = "_standing"
        scored = ", ".join(n.removesuffix(ends) for n in names if n.endswith(ends))
        raise ChannelError(f"there is no score of a channel {channel!r}; there is of: {scored}.")
    return samples.numbers[:, names.index(f"{channel}_standing")].astype(np.float64)


def _filled(score: Floats, floor: float) -> Floats:
    return np.where(np.isnan(score), floor, score)
