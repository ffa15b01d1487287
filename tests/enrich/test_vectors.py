"""A run encodes what changed, never mixes encoders, and keeps nothing that is not a number."""

import numpy as np
import pytest
from enrich.letters import LATER, NOW, Letters, table, written
from worlds import items_table

from galen.data.catalogue import Catalogue
from galen.data.enriched import EnrichedError
from galen.enrich.vectors import likeness, texts_of

TITLES = {"a": "beard oil", "b": "nail polish", "c": "hair oil"}


def test_every_text_becomes_a_row_that_says_where_it_is_from(tmp_path):
    told = written(tmp_path, TITLES, Letters())
    assert (told.encoded, told.kept, told.empty, told.refused) == (3, 0, 0, 0)
    row = table(tmp_path)["b"]
    assert row["vector"][Letters().letters.index("l")] == 2
    assert (row["model"], row["prompt"], row["cost"], row["at"]) == ("letters:1", "", 0.0, NOW)


def test_only_what_changed_is_encoded_again_and_keeps_its_moment(tmp_path):
    written(tmp_path, TITLES, Letters())
    again = Letters()
    told = written(tmp_path, TITLES | {"b": "nail varnish", "d": "soap"}, again, LATER, probes=1)
    assert (told.encoded, told.kept, told.gone) == (2, 2, 0)
    assert again.asked[1:] == ["nail varnish", "soap"]  # after the probe
    found = table(tmp_path)
    assert [found[item]["at"] for item in "abcd"] == [NOW, LATER, NOW, LATER]
    assert found["a"]["vector"] == Letters().embed(["beard oil"])[0].tolist()
    assert told.probe_cosine == pytest.approx(1.0)
    assert 0 < told.changed_cosine < 1


def test_another_encoder_takes_the_place_of_the_first_whole(tmp_path):
    written(tmp_path, TITLES, Letters())
    told = written(tmp_path, TITLES, Letters("letters:2"), LATER)
    assert (told.encoded, told.kept) == (3, 0)
    assert {row["model"] for row in table(tmp_path).values()} == {"letters:2"}


@pytest.mark.parametrize(
    "other", [Letters(turn=0.5), Letters(letters="abcdefgh")], ids=["another turn", "other letters"]
)
def test_an_encoder_that_drifts_under_its_name_is_told_and_nothing_old_is_kept(tmp_path, other):
    written(tmp_path, TITLES, Letters())
    told = written(tmp_path, TITLES, other, LATER)
    assert told.encoder_changed
    assert (told.encoded, told.kept) == (3, 0)
    assert {row["at"] for row in table(tmp_path).values()} == {LATER}


def test_an_item_that_left_the_catalogue_leaves_the_table(tmp_path):
    written(tmp_path, TITLES, Letters())
    told = written(tmp_path, {"a": "beard oil"}, Letters(), LATER)
    assert told.gone == 2
    assert set(table(tmp_path)) == {"a"}


def test_items_without_text_or_meaning_have_no_row(tmp_path):
    told = written(tmp_path, TITLES | {"d": None, "e": "  ", "f": "1234"}, Letters())
    assert told.empty == 3
    assert set(table(tmp_path)) == {"a", "b", "c"}


def test_a_vector_that_is_not_finite_is_left_out_and_told(tmp_path):
    class Broken(Letters):
        def embed(self, texts):
            found = super().embed(texts)
            found[["nail" in text for text in texts], 3] = np.nan
            return found

    told = written(tmp_path, TITLES, Broken())
    assert told.refused == 1
    assert set(table(tmp_path)) == {"a", "c"}
    with pytest.raises(EnrichedError, match="for every text"):
        written(tmp_path / "other", {"b": "nail polish"}, Broken())


def test_an_encoder_of_another_shape_is_refused(tmp_path):
    class Short(Letters):
        def embed(self, texts):
            return super().embed(texts)[:-1]

    with pytest.raises(EnrichedError, match="no encoder"):
        written(tmp_path, TITLES, Short())


def test_texts_that_are_alike_are_asked_once(tmp_path):
    embedder = Letters()
    written(tmp_path, {"a": "oil", "b": "oil", "c": "soap"}, embedder, batch=1)
    assert embedder.asked == ["oil", "soap"]
    assert table(tmp_path)["a"]["vector"] == table(tmp_path)["b"]["vector"]


def test_the_chosen_fields_are_told_in_their_order():
    item = {"item_id": "a", "title": "Oil", "brand": "B", "category": ["hair", "care"]}
    plain = Catalogue(items_table([item, {"item_id": "b"}]))
    assert texts_of(plain, ("brand", "title", "category")) == ["B. Oil. hair, care", ""]


def test_likeness_is_the_mean_cosine_of_two_items():
    assert likeness(np.array([[1, 0], [0, 2], [3, 0]], np.float32)) == pytest.approx(1 / 3)
