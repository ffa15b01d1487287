"""Semantic ids: unique, found again, and refused where they are not whole or not of the shop."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from galen.features.tokenizing.semantic_ids import SemanticIdError, SemanticIds, semantic_ids

NAMES = [f"sku-{n}" for n in range(6)]
RAW = np.array([[0, 1], [0, 1], [2, 0], [0, 1], [1, 1], [2, 0]])


def test_items_that_share_all_codes_are_told_apart_by_a_last_digit():
    ids = semantic_ids(RAW, (3, 2), NAMES)
    assert ids.codes[:, -1].tolist() == [0, 1, 0, 2, 0, 1]
    assert ids.sizes == (3, 2, 3)
    assert ids.collisions == pytest.approx(5 / 6)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3)), min_size=1, max_size=60))
def test_no_two_items_share_an_id_and_each_is_found_by_its_own(rows):
    ids = semantic_ids(np.array(rows), (3, 4), [str(n) for n in range(len(rows))])
    assert len(np.unique(ids.codes, axis=0)) == len(rows)
    assert ids.items_of(ids.codes).tolist() == list(range(len(rows)))


def test_codes_of_no_item_are_found_to_be_of_none():
    ids = semantic_ids(RAW, (3, 2), NAMES)
    asked = np.array([[1, 0, 0], [0, 1, 2], [0, 1, 3], [-1, 1, 0], [3, 0, 0]])
    assert ids.items_of(asked).tolist() == [-1, 3, -1, -1, -1]


def test_a_code_beyond_its_level_is_told_with_its_item():
    with pytest.raises(SemanticIdError, match="'sku-2' has code 2 in level 0, which has 2 codes"):
        semantic_ids(RAW, (2, 2), NAMES)
    with pytest.raises(SemanticIdError, match=r"shape \(6, 2\); 5 items"):
        semantic_ids(RAW, (3, 2), NAMES[:5])


def test_the_digit_counts_by_item_id_not_by_row():
    turned = semantic_ids(RAW[::-1], (3, 2), NAMES[::-1])
    assert turned.codes[::-1].tolist() == semantic_ids(RAW, (3, 2), NAMES).codes.tolist()


def test_ids_of_many_levels_are_still_found():
    draw = np.random.default_rng(0)
    raw, sizes = draw.integers(0, 256, (500, 32)), (256,) * 32
    raw[1] = raw[0]
    raw[2, :-1], raw[2, -1] = raw[0, :-1], (raw[0, -1] + 1) % 256
    ids = semantic_ids(raw, sizes, [f"{n:03}" for n in range(500)])
    assert ids.codes[:3, -1].tolist() == [0, 1, 0]
    assert ids.items_of(ids.codes[::-1]).tolist() == list(range(500))[::-1]
    assert ids.items_of(draw.integers(0, 256, (500, 33))).tolist() == [-1] * 500


def test_two_items_of_one_id_are_refused():
    with pytest.raises(SemanticIdError, match=r"items 0 and 1 share the id \[0, 1\]"):
        SemanticIds(RAW, (3, 2), "digest")


@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 2)), min_size=1, max_size=20),
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 2)), min_size=1, max_size=20),
)
def test_new_items_join_and_known_ids_stay(rows, more):
    old, new = [f"a{n:02}" for n in range(len(rows))], [f"b{n:02}" for n in range(len(more))]
    before = semantic_ids(np.array(rows), (2, 3), old, "made up")
    after = before.extended(np.array(more), old, new)
    whole = semantic_ids(np.array(rows + more), (2, 3), old + new, "made up")
    assert after.codes.tolist() == whole.codes.tolist()
    assert (after.sizes, after.catalogue, after.tokenizer) == (
        whole.sizes,
        whole.catalogue,
        whole.tokenizer,
    )
    assert after.codes[: len(old)].tolist() == before.codes.tolist()


def test_new_items_do_not_join_another_catalogue():
    with pytest.raises(SemanticIdError, match="of another catalogue"):
        semantic_ids(RAW, (3, 2), NAMES).extended(RAW[:1], ["other", *NAMES[1:]], ["new"])
    with pytest.raises(SemanticIdError, match="7 items are named as known"):
        semantic_ids(RAW, (3, 2), NAMES).extended(RAW[:1], [*NAMES, "more"], ["new"])


def test_an_empty_catalogue_has_no_ids():
    ids = semantic_ids(np.empty((0, 2), np.int64), (3, 2), [])
    assert ids.items_of(np.array([[0, 0, 0]])).tolist() == [-1]


def test_ids_come_back_from_disk(tmp_path):
    ids = semantic_ids(RAW, (3, 2), NAMES, "made up")
    ids.save(tmp_path)
    again = SemanticIds.load(tmp_path)
    assert again.tokenizer == "made up"
    assert again.codes.tolist() == ids.codes.tolist()
    assert again.sizes == ids.sizes
    again.check([*NAMES, "sku-new"])
    for foreign in (["other", *NAMES[1:]], ["other", *NAMES[1:], "sku-new"], NAMES[:-1]):
        with pytest.raises(SemanticIdError, match="of another catalogue"):
            again.check(foreign)


@pytest.mark.parametrize("name", ["codes.safetensors", "semantic_ids.json"])
def test_a_file_that_was_cut_short_is_told(name, tmp_path):
    semantic_ids(RAW, (3, 2), NAMES).save(tmp_path)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: len(whole) - 4])
    with pytest.raises(SemanticIdError, match=f"{name} .*cut short.*train again"):
        SemanticIds.load(tmp_path)


def test_codes_of_another_run_are_told(tmp_path):
    semantic_ids(RAW, (3, 2), NAMES).save(tmp_path)
    (tmp_path / "other").mkdir()
    semantic_ids(RAW[::-1], (3, 2), NAMES).save(tmp_path / "other")
    (tmp_path / "other" / "codes.safetensors").replace(tmp_path / "codes.safetensors")
    with pytest.raises(SemanticIdError, match="not the file written"):
        SemanticIds.load(tmp_path)
