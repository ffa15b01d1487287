"""Near spellings are found among the names that could decide, and no others are measured."""

import numpy as np
import pytest
from rapidfuzz.distance import OSA

from galen.knowledge.labels.near_names import FURTHEST, NearNames

NAMES = {
    "paracetamol": 0,
    "paramethadione": 1,
    "ibuprofen": 2,
    "acetylsalicylic acid": 3,
    "ibuprofan": 4,
    "kaolin": 5,  # too short to be guessed at
}


@pytest.fixture(scope="module")
def near():
    return NearNames.of(NAMES)


def test_a_text_is_compared_with_names_of_about_its_length_alone(near):
    for text in ("paracetomol", "ibuprofin", "acetylsalicilic acid", "pa" + "x" * 9):
        compared = {near.names[place] for place in near.compared(text).tolist()}
        within = {name for name in near.names if OSA.distance(text, name) <= FURTHEST}
        assert within <= compared
        assert all(abs(len(text) - len(name)) <= FURTHEST for name in compared)
        assert list(near.compared(text)) == sorted(near.compared(text))


@pytest.mark.parametrize(
    "text", ["x" * 12, "xaracetamol", "pa" * 100, "para", "", "布洛芬布洛芬布洛芬"]
)
def test_what_can_be_near_no_name_is_compared_with_none(near, text):
    assert not len(near.compared(text))
    assert near.nearest([text])[0].tolist() == [-1]


def test_each_of_many_texts_has_its_own_answer(near):
    texts = ["acetylsalicilic acid", "nothing alike", "paracetomol", "ibuprofin", "paracetamoll"]
    rows, scores = near.nearest(texts)
    assert rows.tolist() == [3, -1, 0, -1, 0]  # two names are as near to the fourth
    alone = [near.nearest([text]) for text in texts]
    assert np.array_equal(np.concatenate([row for row, _ in alone]), rows)
    assert np.array_equal(np.concatenate([score for _, score in alone]), scores)


def test_without_names_nothing_is_near():
    assert NearNames.of({}).nearest(["paracetamol"])[0].tolist() == [-1]
