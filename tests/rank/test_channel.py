"""A channel's own score as the ranker."""

import numpy as np
import pytest

from galen.features.encoding.samples import Samples, empty_side
from galen.features.encoding.scale import number_of
from galen.features.encoding.schema import Schema
from galen.rank.channel import ChannelError, ChannelScore


def samples(seed: int, rows: int = 4000) -> Samples:
    """Purchases follow the score of `writer`; that of `crowd` is noise."""
    random = np.random.default_rng(seed)
    numbers = random.normal(size=(rows, 2)).astype(np.float32)
    numbers[random.random(rows) < 0.2, 0] = np.nan
    chance = 1 / (1 + np.exp(2 - np.where(np.isnan(numbers[:, 0]), -9, numbers[:, 0])))
    return Samples(
        **{**empty_side(rows), "numbers": numbers},
        categories=np.empty((rows, 0), np.int64),
        labels={"next": (random.random(rows) < chance).astype(np.float32)},
        weight=np.ones(rows, np.float32),
        group=np.arange(rows) // 20,
    )


def schema_of(rows: Samples) -> Schema:
    names = ("writer_standing", "crowd_standing")
    return Schema(
        categories=(),
        numbers=tuple(number_of(name, rows.numbers[:, p]) for p, name in enumerate(names)),
    )


def test_keeps_the_order_of_the_channel_with_what_it_cannot_score_last():
    model = ChannelScore("writer").fit(schema_of(samples(0)), samples(0), samples(1))
    asked = samples(2)
    score = model.score(asked)[:, 0]
    known = ~np.isnan(asked.numbers[:, 0])
    by_channel = np.argsort(asked.numbers[known, 0], kind="stable")
    assert (np.diff(score[known][by_channel]) >= 0).all()
    assert score[~known].max() < score[known].min()
    assert abs(score.mean() - asked.labels["next"].mean()) < 0.02


def test_comes_back_from_disk_with_the_same_scores(tmp_path):
    spec = ChannelScore("writer")
    model = spec.fit(schema_of(samples(0)), samples(0), samples(1))
    model.save(tmp_path)
    again = spec.load(tmp_path)
    assert again.score(samples(2)).tolist() == model.score(samples(2)).tolist()


def test_says_which_channels_have_a_score():
    with pytest.raises(ChannelError, match="'writers'; there is of: writer, crowd"):
        ChannelScore("writers").fit(schema_of(samples(0)), samples(0), samples(1))
    only = Schema(categories=(), numbers=())
    with pytest.raises(ChannelError, match="there is no score"):
        ChannelScore("writer").fit(only, samples(0), samples(1))
