"""The report on codes tells good ones from bad."""

import numpy as np
import pytest

from galen.generative.code_report import code_report
from galen.generative.residual_kmeans import ResidualKMeans
from galen.generative.semantic_ids import semantic_ids

SPEC = ResidualKMeans((4, 4))


def vectors():
    draw = np.random.default_rng(0)
    centres = 10 * np.eye(4, 6)
    return (centres[np.arange(200) % 4] + draw.normal(size=(200, 6))).astype(np.float32)


def report(codes):
    ids = semantic_ids(codes, (4, 4), [str(n) for n in range(200)])
    return code_report(ids, vectors(), SPEC, seed=0)


def test_codes_that_follow_the_groups_are_pure_and_stable():
    good = report(SPEC.fit(vectors(), seed=0).codes(vectors()))
    assert good.used == (1.0, 1.0)
    assert good.purity == pytest.approx(1.0)
    assert good.stability[0] == pytest.approx(1.0)
    assert good.perplexity[0] == pytest.approx(4.0)
    assert good.unresolved == 0


def test_codes_drawn_by_chance_are_neither():
    draw = np.random.default_rng(1)
    bad = report(draw.integers(0, 4, (200, 2)))
    assert bad.purity < 0.4
    assert abs(bad.stability[0]) < 0.1


def test_one_code_for_all_is_told_by_every_figure():
    figures = report(np.zeros((200, 2), np.int64)).figures()
    assert figures["used_1"] == 0.25
    assert figures["perplexity_1"] == 1.0
    assert figures["collisions"] == 1.0
    assert figures["unresolved"] == 0.0
