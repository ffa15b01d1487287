"""What a generator wrote wrongly is seen, and a narrow beam stands below one of all items."""

from dataclasses import replace

import numpy as np
import pytest
from worlds import write_world

from benchmarks.written_ids import beam_gaps, codes_of, written_wrong, wrong
from galen.assembly.recipes.shipped import read_recipe
from galen.assembly.train import train
from galen.evaluate.offline import Question
from galen.generative.tiger import Tiger
from galen.generative.trie import Trie
from galen.pipeline.candidates import Candidates


@pytest.fixture(scope="module")
def asked(world, tmp_path_factory):
    """A generator that has learned of the world, and the question of who took what last."""
    folder = tmp_path_factory.mktemp("written")
    recipe = folder / "quick.toml"
    recipe.write_text(
        'filters = ["hidden"]\n[recall.generator]\nsizes = [8, 4]\nwidth = 16\nlayers = 1\n'
        "epochs = 1\nlearning_rate = 2e-4\n"
    )
    shop = write_world(world, folder / "shop")
    trained = train(read_recipe(recipe), shop, "strict", seed=0, progress=lambda what: None)
    question = Question.of(trained.split.test, trained.people, seed=0)
    return trained.parts.retrievers["generator"], question


@pytest.fixture(scope="module")
def tiger(world):
    return Tiger(sizes=(8, 4), layers=1, width=16, epochs=1, learning_rate=2e-4).fit(world.data)


def test_codes_are_read_back_from_the_trie_that_wrote_them(asked):
    index, _ = asked
    item = np.array([5, 23, 0, 24, -1])
    codes = codes_of(index.writer.trie, item)
    assert codes[:3].tolist() == index.ids.codes[item[:3]].tolist()
    assert (codes[3:] == -1).all()


def test_an_id_of_no_item_and_one_that_is_forbidden_are_told_apart(asked):
    index, _ = asked
    allowed = np.ones((2, 24), bool)
    allowed[1, 3] = False
    found = Candidates(np.array([0, 0, 1, 1]), np.array([3, 24, 3, -1]))
    told = wrong(found, index.writer.trie, index.ids, allowed)
    assert told == {"written": 4, "of_no_item": 0.5, "forbidden": 0.25, "invalid": 0.75}


def test_a_trie_of_other_codes_than_the_catalogues_is_seen(asked):
    index, _ = asked
    other = index.ids.codes.copy()
    other[[0, 1]] = other[[1, 0]]
    free = next(
        code for code in np.ndindex(index.ids.sizes) if index.ids.items_of(np.array([code]))[0] < 0
    )
    other[2] = free
    trie = Trie.of(other, index.ids.sizes)
    found = Candidates(np.zeros(4, np.int64), np.arange(4))
    told = wrong(found, trie, index.ids, np.ones((1, 24), bool))
    assert told["of_no_item"] == 0.75


def test_what_generators_write_is_neither_of_nothing_nor_forbidden(asked, tiger):
    index, question = asked
    for one in (index, tiger):
        told = written_wrong(one, question.requests, 10, seed=0)
        assert told["written"] > len(question.requests)
        assert told["invalid"] == 0


def test_a_generator_that_writes_what_may_not_be_shown_is_found_out(asked):
    class Deaf(type(asked[0])):
        """One that is told of no rule."""

        def generate(self, requests, k, allowed):
            return self.retrieve(requests, k)

        def retrieve(self, requests, k):
            return super().generate(
                requests, k, lambda people, items: np.ones((len(people), items), bool)
            )

    index, question = asked
    deaf = Deaf(*(getattr(index, name) for name in index.__dataclass_fields__))
    told = written_wrong(deaf, question.requests, 10, seed=0)
    assert 0.3 < told["forbidden"] == told["invalid"] < 0.7


def test_a_beam_as_wide_as_the_catalogue_has_no_gap_and_a_narrow_one_has(asked, tiger):
    index, question = asked
    for one in (index, tiger):
        narrow = replace(one, settings=replace(one.settings, beam=1))
        gaps = beam_gaps(narrow, question, 80)
        assert gaps["beam_gap"] > 0
        assert gaps["beam_50_gap"] == pytest.approx(0, abs=1e-6)
        assert gaps["beam_50_gap_ndcg@10"] == 0


def test_where_all_items_are_scored_there_is_no_beam_to_compare(asked):
    index, question = asked
    whole = replace(index, settings=replace(index.settings, parallel=True))
    assert beam_gaps(whole, question, 5) == {}
