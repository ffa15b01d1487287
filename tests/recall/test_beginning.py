"""What was learned in one shop reads the histories of another, by words alone."""

from dataclasses import replace
from shutil import copytree

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from worlds import items_table

from galen.data.catalogue import Catalogue
from galen.data.merging import merged
from galen.features.item_text import TextEncoder, said_of
from galen.features.tokenizing.coding import Coding
from galen.recall.beginning import PROJECTION, BeginningError
from galen.recall.sequence import SequenceModel

SMALL = {
    "width": 16,
    "layers": 1,
    "dropout": 0.0,
    "batch": 16,
    "learning_rate": 1e-2,
    "negatives": 16,
    "epochs": 2,
    "patience": 30,
    "plateau": 1.0,
    "length": 12,
}
WORDS = SMALL | {"text": True, "text_size": 8, "identity_dropout": 0.5}
GROUPS = np.arange(24) % 4  # in the other shop, items of a group do not stand together


@pytest.fixture(scope="module")
def learned(world, tmp_path_factory):
    """A folder of what was learned in the world."""
    folder = tmp_path_factory.mktemp("learned")
    SequenceModel(**WORDS).fit(world.data).save(folder)
    return folder


@pytest.fixture(scope="module")
def other_shop(world):
    """Other items of the same categories, in which nothing was taken."""
    items = [
        record | {"item_id": f"other-{row}", "category": ["shop", f"group-{GROUPS[row]}"]}
        for row, record in enumerate(world.data.catalogue.table.to_pylist())
    ]
    nothing = world.data.take(np.zeros(len(world.data), bool))
    return replace(nothing, catalogue=Catalogue(items_table(items)))


def test_a_shop_without_an_event_is_answered_by_what_another_taught(learned, other_shop, world):
    asked = world.requests([[0, 4], [1, 5], [2, 6], [3, 7]])
    found = SequenceModel(**WORDS, begin=str(learned)).fit(other_shop).retrieve(asked, 3)
    assert (GROUPS[found.item] == found.request).mean() > 0.8
    assert len(SequenceModel(**WORDS).fit(other_shop).retrieve(asked, 3)) == 0


def test_what_two_shops_taught_together_is_begun_from(world, other_shop, tmp_path):
    """Neither shop alone says anything of half of the groups."""
    parts = {}
    for name, rest in (("even", 0), ("odd", 1)):
        items = world.group_of_item % 2 == rest
        row = np.cumsum(items) - 1
        part = world.data.take(items[world.data.item])
        catalogue = Catalogue(world.data.catalogue.table.take(np.flatnonzero(items)))
        parts[name] = replace(part, catalogue=catalogue, item=row[part.item].astype(np.int32))
    SequenceModel(**WORDS).fit(merged(parts)).save(tmp_path)
    asked = world.requests([[0, 4], [1, 5], [2, 6], [3, 7]])
    found = SequenceModel(**WORDS, begin=str(tmp_path)).fit(other_shop).retrieve(asked, 3)
    assert (GROUPS[found.item] == found.request).mean() > 0.8


def test_what_began_elsewhere_learns_on_and_comes_back_from_disk(learned, world, tmp_path):
    spec = SequenceModel(**WORDS | {"epochs": 3}, begin=str(learned))
    index = spec.fit(world.data)
    index.save(tmp_path)
    again = spec.load(tmp_path)
    asked = world.requests([[0, 1, 2]])
    assert again.retrieve(asked, 4).item.tolist() == index.retrieve(asked, 4).item.tolist()
    again.save(tmp_path)
    SequenceModel(**WORDS | {"epochs": 1}, begin=str(tmp_path)).fit(world.data)


def test_people_of_a_shop_are_strangers_in_another(world, other_shop, tmp_path):
    spec = SequenceModel(**WORDS, context=("user", "surface"))
    spec.fit(world.data).save(tmp_path)
    index = replace(spec, begin=str(tmp_path)).fit(other_shop)
    stranger = world.requests([[0, 4, 8]])
    one, other = (index.states(replace(stranger, user=np.array([row]))) for row in (-1, 3))
    assert torch.equal(one, other)
    learned = spec.load(tmp_path)
    assert not torch.equal(
        learned.states(stranger), learned.states(replace(stranger, user=np.array([3])))
    )


def test_codes_of_a_shop_mean_nothing_in_another_and_are_left_behind(world, other_shop, tmp_path):
    codes, own = Coding(sizes=(4, 4), vector_size=8), Coding(sizes=(3, 5), vector_size=8)
    SequenceModel(**WORDS, codes=codes).fit(world.data).save(tmp_path)
    asked = world.requests([[0, 4], [1, 5], [2, 6], [3, 7]])
    found = SequenceModel(**WORDS, begin=str(tmp_path)).fit(other_shop).retrieve(asked, 3)
    assert (GROUPS[found.item] == found.request).mean() > 0.5  # drawn alike, a quarter
    index = SequenceModel(**WORDS, codes=own, begin=str(tmp_path)).fit(other_shop)
    assert not np.allclose(index.retrieve(asked, 3).columns["score"], found.columns["score"])


def test_words_that_were_read_elsewhere_are_read_alike(world, other_shop, tmp_path):
    both = said_of(world.data.catalogue) + said_of(other_shop.catalogue)
    encoder = TextEncoder.fit(both, 8, seed=0)
    encoder.save(tmp_path)
    index = SequenceModel(**WORDS | {"epochs": 1}, words=str(tmp_path)).fit(world.data)
    assert index.beginning.encoder.words == encoder.words


def test_a_folder_that_holds_nothing_to_begin_with_is_told(world, tmp_path):
    with pytest.raises(BeginningError, match="holds no sequence channel with text"):
        SequenceModel(begin=str(tmp_path)).fit(world.data)


def test_words_that_were_cut_short_are_nothing_to_begin_with(learned, world, tmp_path):
    copytree(learned, tmp_path, dirs_exist_ok=True)
    file = tmp_path / "text.json"
    file.write_bytes(file.read_bytes()[:-3])
    with pytest.raises(BeginningError, match="holds no sequence channel with text"):
        SequenceModel(**WORDS, begin=str(tmp_path)).fit(world.data)


def test_another_shape_is_told(learned, world):
    with pytest.raises(BeginningError, match=r"another shape.*as they were"):
        SequenceModel(**WORDS | {"width": 8}, begin=str(learned)).fit(world.data)


def test_a_shop_of_which_nothing_is_said_cannot_be_begun_from(learned, world, tmp_path):
    items = [{"item_id": str(row)} for row in range(24)]
    silent = replace(world.data, catalogue=Catalogue(items_table(items)))
    SequenceModel(**WORDS | {"epochs": 1}).fit(silent).save(tmp_path)
    with pytest.raises(BeginningError, match="holds no sequence channel with text"):
        SequenceModel(**WORDS, begin=str(tmp_path)).fit(world.data)


def test_other_heads_of_attention_are_told_though_shapes_are_alike(learned, world):
    with pytest.raises(BeginningError, match="has 1 heads of attention, not 4"):
        SequenceModel(**WORDS, heads=4, begin=str(learned)).fit(world.data)


def test_what_was_saved_before_heads_were_told_is_begun_from(learned, world, tmp_path):
    copytree(learned, tmp_path, dirs_exist_ok=True)
    save_file(load_file(learned / PROJECTION), tmp_path / PROJECTION)
    assert len(SequenceModel(**WORDS, begin=str(tmp_path)).fit(world.data).course.epochs)
