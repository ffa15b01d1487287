"""The report of codes says what is known of made-up codes."""

import numpy as np
import pytest

from galen.features.tokenizing.code_report import code_report, report
from galen.features.tokenizing.residual_kmeans import ResidualKMeans
from galen.features.tokenizing.semantic_ids import semantic_ids


@pytest.fixture(scope="module")
def world():
    """400 items in 4 groups far apart; the first code is the group, the second says nothing."""
    draw = np.random.default_rng(0)
    group = np.repeat(np.arange(4), 100)
    vectors = 10 * np.eye(4, 6)[group] + draw.normal(size=(400, 6))
    return vectors.astype(np.float32), np.column_stack([group, draw.integers(0, 5, 400)])


def test_near_items_share_the_code_of_their_group_and_others_by_chance(world):
    vectors, codes = world
    first, second = report(vectors, codes, (4, 5)).levels
    assert first.purity == first.code_purity == 1
    assert second.purity == second.code_purity == pytest.approx(1 / 5, abs=0.03)


def test_a_first_code_that_is_wrong_of_some_spoils_what_comes_after_it_too(world):
    vectors, codes = world
    wrong = np.random.default_rng(2).random(400) < 0.25
    spoiled = np.column_stack([(codes[:, 0] + wrong) % 4, codes[:, 1]])
    first, second = report(vectors, spoiled, (4, 5)).levels
    right = 0.75**2 + 0.25**2  # both as they should be, or both wrong alike
    assert first.purity == first.code_purity == pytest.approx(right, abs=0.04)
    assert second.code_purity == pytest.approx(1 / 5, abs=0.03)
    assert second.purity == pytest.approx(right / 5, abs=0.02)


def test_codes_of_equal_use_have_their_number_as_perplexity(world):
    vectors, codes = world
    first, second = report(vectors, codes, (8, 5)).levels
    assert (first.used, first.perplexity) == (0.5, pytest.approx(4))
    assert (second.used, second.perplexity) == (1, pytest.approx(5, abs=0.2))


def test_all_items_of_one_code_collide(world):
    vectors, codes = world
    alike = report(vectors, np.zeros_like(codes), (4, 5))
    assert (alike.collisions, alike.crowd) == (1, 400)
    assert alike.levels[0].perplexity == 1
    apart = report(vectors, np.arange(400)[:, None], (400,))
    assert (apart.collisions, apart.crowd) == (0, 1)


def test_codes_under_other_numbers_are_stable_and_drawn_ones_are_not(world):
    vectors, codes = world
    again = np.column_stack([3 - codes[:, 0], np.random.default_rng(1).integers(0, 5, 400)])
    first, second = report(vectors, codes, (4, 5), again=again).levels
    assert first.stability == pytest.approx(1)
    assert second.stability == pytest.approx(0, abs=0.03)


def test_figures_are_named_by_level_and_what_was_not_asked_is_left_out(world):
    figures = report(*world, (4, 5)).figures()
    assert figures["purity_1"] == 1
    assert "used_2" in figures
    assert "stability_1" not in figures


def test_one_item_has_no_near_items():
    one = report(np.ones((1, 3), np.float32), np.zeros((1, 2), np.int64), (4, 5))
    assert "purity_1" not in one.figures()
    assert one.collisions == 0


class Spy:
    """Remembers with which seeds it was to learn; its codes are the seed's own."""

    def __init__(self, codes):
        self.codes_of, self.seeds = codes, []

    def fit(self, vectors, seed):
        self.seeds.append(seed)
        return self

    def codes(self, vectors):
        return self.codes_of

    def load(self, folder):
        return self


def test_codes_are_stable_where_the_next_seed_makes_the_same(world):
    vectors, codes = world
    ids = semantic_ids(codes, (4, 5), [str(n) for n in range(400)])
    drawn = np.column_stack([codes[:, 0], np.random.default_rng(1).integers(0, 5, 400)])
    spy = Spy(drawn)
    first, second = code_report(ids, vectors, spy, seed=7).levels
    assert spy.seeds == [8]
    assert first.stability == pytest.approx(1)
    assert second.stability == pytest.approx(0, abs=0.03)


def test_ids_are_reported_beside_a_second_fit(world):
    vectors, _ = world
    spec = ResidualKMeans((4, 4))
    codes = spec.fit(vectors, seed=0).codes(vectors)
    ids = semantic_ids(codes, (4, 4), [str(n) for n in range(400)])
    figures = code_report(ids, vectors, spec, seed=0).figures()
    assert figures["stability_1"] == pytest.approx(1)
    assert figures["purity_1"] == 1
    assert figures["unresolved"] == 0
