import numpy as np
import pytest

from galen.enrich.distilling.distillation import (
    UNSURE,
    Distillation,
    JudgedPairs,
    distil,
    open_distilled,
)
from galen.enrich.running.faults import EnrichError

QUICK = Distillation(trees=40)


def world(pairs=600, noise=0.0, seed=0):
    """Words in three groups: of one group they are substitutes, of others unrelated."""
    random = np.random.default_rng(seed)
    group = np.arange(60) % 3
    vectors = np.eye(3)[group] + 0.2 * random.normal(size=(60, 3))
    one, other = random.integers(0, 60, (2, pairs))
    verdict = (group[one] == group[other]).astype(np.int64)
    turned = random.random(pairs) < noise
    verdict = np.where(turned, 1 - verdict, verdict)
    return JudgedPairs(one, other, verdict, ("unrelated", "substitute")), vectors.astype(np.float32)


def test_a_rule_that_vectors_tell_is_learned_for_pairs_and_for_new_ends():
    found = distil(*world(), QUICK)
    assert found.pairs.share.low > 0.9
    assert found.ends.share.low > 0.9
    assert found.pairs.kappa > 0.8
    for agreement in (found.pairs, found.ends):  # each pair is told of once
        assert agreement.share.judged == round(agreement.covered * 600)


def test_what_vectors_do_not_tell_is_not_claimed():
    found = distil(*world(noise=0.5), QUICK)
    assert abs(found.pairs.kappa) < 0.2


def test_a_pair_that_it_is_not_sure_of_is_left():
    judged, vectors = world(noise=0.3)
    found = distil(judged, vectors, Distillation(trees=40, sure=0.75))
    verdict, probability = found.judge(vectors, judged.one, judged.other)
    assert ((verdict == UNSURE) == (probability < 0.75)).all()
    assert 0 < (verdict == UNSURE).mean() < 1
    assert found.pairs.covered < 1


def test_it_is_read_back_as_it_was_saved(tmp_path):
    judged, vectors = world()
    found = distil(judged, vectors, QUICK)
    found.save(tmp_path)
    names, sure, directions, booster = open_distilled(tmp_path)
    assert np.array_equal(directions, found.directions)
    assert (names, sure) == (judged.names, QUICK.sure)
    assert booster.num_trees() == found.booster.num_trees()


def test_too_few_pairs_or_one_verdict_are_refused():
    judged, vectors = world(pairs=20)
    with pytest.raises(EnrichError, match="20 pairs"):
        distil(judged, vectors)
    judged, vectors = world()
    with pytest.raises(EnrichError, match="1 kinds"):
        distil(judged.take(judged.verdict == 1), vectors)


def test_a_folder_without_a_judge_is_told(tmp_path):
    with pytest.raises(EnrichError, match="holds no distilled judge"):
        open_distilled(tmp_path)
