"""What a generator says of an item is the same, whether it wrote it or was asked about it."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from galen.generative.cold import Cold
from galen.generative.scoring import WrittenAnswer
from galen.generative.trie import Trie
from galen.generative.writing import Writer
from galen.nn.sequences.buying import Buying
from galen.nn.sequences.code_head import CodeHead
from galen.pipeline.candidates import Candidates, Requests, no_candidates, no_histories

PEOPLE, ITEMS, WIDTH, SIZES = 70, 60, 8, (4, 5, 6)
UNKNOWN = 41  # a person of whom nothing was read


@pytest.fixture
def numbers() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def writer_of(numbers: torch.Generator, *, parallel: bool, mix: float, buys: bool) -> Writer:
    drawn = np.random.default_rng(0).permutation(int(np.prod(SIZES)))[:ITEMS]
    codes = np.stack(np.unravel_index(drawn, SIZES), axis=1)
    torch.manual_seed(0)
    return Writer(
        CodeHead(WIDTH, SIZES, parallel=parallel).eval(),
        Trie.of(codes, SIZES),
        torch.from_numpy(codes),
        torch.randn(ITEMS, WIDTH, generator=numbers),
        width=ITEMS,
        mix=mix,
        buying=Buying(WIDTH, 3).eval() if buys else None,
        purchase_weight=0.5,
    )


def requests(count: int) -> Requests:
    zeros = np.zeros(count, np.int64)
    age = np.full(count, np.nan)
    return Requests(zeros, zeros, no_histories(count), zeros, age, [None] * count, zeros)


@pytest.mark.parametrize("parallel", [False, True])
@pytest.mark.parametrize(("mix", "buys"), [(0.0, False), (0.7, False), (0.7, True)])
def test_an_item_asked_about_has_the_score_that_writing_gives_it(parallel, mix, buys, numbers):
    writer = writer_of(numbers, parallel=parallel, mix=mix, buys=buys)
    states = torch.randn(PEOPLE - 1, WIDTH, generator=numbers)
    read = np.delete(np.arange(PEOPLE), UNKNOWN)
    answer = WrittenAnswer(
        requests(PEOPLE), writer, lambda *_: no_candidates(), lambda _: (states, read)
    )
    row, item = (axis.ravel() for axis in np.divmod(np.arange(PEOPLE * ITEMS), ITEMS))
    mixed = np.random.default_rng(1).permutation(len(item))

    told = np.empty(len(item))
    told[mixed] = answer.scores(Candidates(row[mixed], item[mixed]), block=16)

    told = told.reshape(PEOPLE, ITEMS)
    assert np.isnan(told[UNKNOWN]).all()
    best, score = writer.best(states, torch.ones(len(states), ITEMS, dtype=torch.bool), ITEMS)
    written = np.take_along_axis(told[read], best.numpy(), axis=1)
    np.testing.assert_allclose(written, score.numpy(), atol=1e-4)


def test_an_item_without_a_semantic_id_has_no_score(numbers):
    writer = writer_of(numbers, parallel=False, mix=0.0, buys=False)
    states = torch.randn(1, WIDTH, generator=numbers)
    answer = WrittenAnswer(
        requests(1), writer, lambda *_: no_candidates(), lambda _: (states, np.array([0]))
    )

    told = answer.scores(Candidates(np.zeros(2, np.int64), np.array([ITEMS, 0])))

    assert np.isnan(told).tolist() == [True, False]


@pytest.mark.parametrize("parallel", [False, True])
def test_items_that_nobody_took_are_scored_alike_whoever_asks_about_them(parallel, numbers):
    cold = Cold(torch.isin(torch.arange(ITEMS), torch.tensor([1, 4])), 2, 0.5)
    writer = replace(writer_of(numbers, parallel=parallel, mix=0.7, buys=True), cold=cold)
    states = torch.randn(3, WIDTH, generator=numbers)
    item = torch.arange(ITEMS).expand(3, ITEMS)
    told = writer.scores_of_rows(states, torch.arange(3).repeat_interleave(ITEMS), item.flatten())
    apart = writer.scores(states, item) - told.view(3, ITEMS)
    torch.testing.assert_close(apart, apart[:, :1].expand(3, ITEMS), atol=1e-4, rtol=0)
