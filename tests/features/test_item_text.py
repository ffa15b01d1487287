"""Texts as vectors: like words lie near each other, and what one shop taught reads another."""

import numpy as np
import pytest
from worlds import items_table

from galen.data.catalogue import Catalogue
from galen.features.item_text import TextEncoder, TextError, said_of, text_vectors, words_of

TEXTS = [words_of(text) for text in ("red nail polish", "blue nail polish", "beard oil", "oil")] * 3


def test_texts_of_the_same_words_lie_near_each_other():
    texts = [
        "red nail polish",
        "nail polish red",
        "beard oil cedar",
        "cedar beard oil",
        "",
        "?",
    ] * 2
    found = text_vectors(texts, 4, seed=0)
    near = found @ found.T
    assert near[0, 1] > near[0, 2] + 0.5
    assert not found[4:6].any()


def test_texts_without_words_give_no_numbers():
    assert text_vectors(["", "?"], 4, seed=0).shape == (2, 0)


def test_an_encoder_gives_the_vectors_that_its_texts_were_learned_with():
    encoder = TextEncoder.fit(TEXTS, 4, seed=0)
    learned = text_vectors(["red nail polish", "blue nail polish", "beard oil", "oil"] * 3, 4, 0)
    assert encoder.vectors(TEXTS) == pytest.approx(learned, abs=1e-5)


def test_texts_that_came_later_are_read_by_the_words_that_are_known():
    encoder = TextEncoder.fit(TEXTS, 4, seed=0)
    later = encoder.vectors([words_of("beard oil"), words_of("unheard of"), []])
    assert later[0] == pytest.approx(encoder.vectors(TEXTS)[2], abs=1e-5)
    assert not later[1:].any()


def test_texts_that_came_later_have_vectors_about_as_long_as_those_learned_from():
    names = [f"word{n:02}" for n in range(12)]
    draw = np.random.default_rng(0)
    drawn = [words_of(" ".join(draw.choice(names, 3, replace=False))) for _ in range(18)]
    learned, later = drawn[:10] * 6, drawn[10:]
    encoder = TextEncoder.fit(learned, 128, seed=0)
    assert encoder.size <= 10  # texts tell no more directions apart than there are texts
    length = np.linalg.norm(encoder.vectors(learned), axis=1).mean()
    assert np.linalg.norm(encoder.vectors(later), axis=1).max() < 2 * length


def test_an_encoder_comes_back_from_disk(tmp_path):
    encoder = TextEncoder.fit(TEXTS, 4, seed=0)
    encoder.save(tmp_path)
    again = TextEncoder.load(tmp_path)
    assert again.vectors(TEXTS).tolist() == encoder.vectors(TEXTS).tolist()


@pytest.mark.parametrize("name", ["text.json", "text.safetensors"])
@pytest.mark.parametrize("harm", ["cut", "gone", "of another"])
def test_an_encoder_that_is_not_whole_on_disk_is_told(name, harm, tmp_path):
    for folder, words in (("one", ["oil", "salt"]), ("other", ["oil", "salt", "fish"])):
        (tmp_path / folder).mkdir()
        TextEncoder.fit([words, words], 2, seed=0).save(tmp_path / folder)
    file, other = tmp_path / "one" / name, tmp_path / "other" / name
    if harm == "gone":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:-3] if harm == "cut" else other.read_bytes())
    with pytest.raises(TextError, match="give the folder of"):
        TextEncoder.load(tmp_path / "one")


def test_where_nothing_is_said_vectors_have_no_columns(tmp_path):
    encoder = TextEncoder.fit([[], []], 4, seed=0)
    encoder.save(tmp_path)
    assert TextEncoder.load(tmp_path).vectors([["oil"], []]).shape == (2, 0)


def test_brands_and_categories_are_words_apart_from_those_of_titles():
    items = [{"item_id": "1", "title": "Oil", "brand": "Cedar Co", "category": ["Shop", "Oil"]}]
    said = said_of(Catalogue(items_table([*items, {"item_id": "2"}])))
    of_brand = ["brand=cedar co", "cedar", "co", "cedar co"]
    assert said == [["oil", *of_brand, "category=shop", "shop", "category=oil", "oil"], []]
