"""A table of vectors is read by item, refused where it cannot be trusted, and made ready."""

from dataclasses import replace

import numpy as np
import pytest
from worlds import put_vectors

from galen.data.enriched import EnrichedError
from galen.features.item_vectors import (
    Encoded,
    beginning,
    formed,
    mean_length,
    projected,
    read_encoded,
)


def some(rows=50, columns=8, seed=0):
    draw = np.random.default_rng(seed)
    vectors = draw.normal(size=(rows, columns)) * np.linspace(3, 0.3, columns) + 5
    there = np.ones(rows, bool)
    there[:5] = False
    return Encoded(np.where(there[:, None], vectors, 0).astype(np.float32), there)


@pytest.fixture
def data(world, tmp_path):
    return replace(world.data, enriched=tmp_path)


def test_vectors_come_to_the_rows_of_their_items(data, tmp_path):
    put_vectors(tmp_path, ["sku-3", "unknown", "sku-0"], [[3, 1], [9, 9], [1, 0]])
    found = read_encoded(data)
    assert np.flatnonzero(found.there).tolist() == [0, 3]
    assert found.vectors[[0, 3, 5]].tolist() == [[1, 0], [3, 1], [0, 0]]
    assert found.encoder == "test:1"


def test_a_vector_of_zeros_is_not_there(data, tmp_path):
    put_vectors(tmp_path, ["sku-3", "sku-0"], [[0, 0], [1, 0]])
    assert np.flatnonzero(read_encoded(data).there).tolist() == [0]


def test_a_number_that_is_not_finite_is_refused(data, tmp_path):
    put_vectors(tmp_path, ["sku-3", "sku-0"], [[1, 0], [1, np.inf]])
    with pytest.raises(EnrichedError, match="NaN or infinity in row 1"):
        read_encoded(data)


def test_an_item_told_twice_is_refused(data, tmp_path):
    put_vectors(tmp_path, ["sku-3", "sku-3"], [[1, 0], [1, 1]])
    with pytest.raises(EnrichedError, match="twice"):
        read_encoded(data)


def test_vectors_that_have_seen_later_events_are_refused(data, tmp_path):
    put_vectors(tmp_path, ["sku-3"], [[1, 0]], data.extent)
    assert read_encoded(data).there.sum() == 1
    with pytest.raises(EnrichedError, match="made from"):
        read_encoded(data.without_last(1))


def test_without_a_table_it_is_said_how_to_write_one(data):
    with pytest.raises(EnrichedError, match="galen enrich vectors SHOP"):
        read_encoded(data)


@pytest.mark.parametrize("form", ["raw", "centred", "pca", "whitened"])
def test_every_form_has_rows_of_mean_length_one_and_zeros_where_nothing_is_known(form):
    found = some()
    vectors = formed(found, form, 4, seed=0)
    assert vectors.shape == (50, 8 if form in ("raw", "centred") else 4)
    assert not vectors[:5].any()
    assert mean_length(vectors, found.there) == pytest.approx(1, abs=1e-4)
    centred = np.abs(vectors[5:].mean(axis=0)).max() < 1e-3
    assert centred == (form != "raw")


def test_whitened_directions_have_equal_spread_and_pca_keeps_theirs():
    spread = {f: formed(some(400), f, 4, seed=0)[5:].std(axis=0) for f in ("pca", "whitened")}
    assert spread["whitened"] == pytest.approx(0.5, abs=0.01)
    assert spread["pca"][0] > 1.1 * spread["pca"][3]


@pytest.mark.parametrize("form", ["pca", "whitened"])
def test_there_are_no_more_directions_than_vectors_tell_apart(form):
    draw = np.random.default_rng(0)
    flat = (draw.normal(size=(300, 5)) @ draw.normal(size=(5, 64))).astype(np.float32)
    found = Encoded(flat, np.ones(300, bool))
    vectors = formed(found, form, 32, seed=0)
    assert vectors.shape == (300, 5)
    near = np.corrcoef((vectors @ vectors.T).ravel(), (flat @ flat.T).ravel())[0, 1]
    assert near > 0.8
    assert beginning(found, form, 16, 0.05, seed=0).shape == (300, 16)


def test_vectors_that_are_all_alike_have_one_direction_that_tells_nothing_and_begin_at_zero():
    found = Encoded(np.ones((20, 8), np.float32), np.ones(20, bool))
    assert formed(found, "whitened", 4, seed=0).tolist() == [[0.0]] * 20
    assert not beginning(found, "whitened", 16, 0.05, seed=0).any()


def test_projection_keeps_angles_nearly_and_exactly_into_more_numbers():
    vectors = some(200, 64, seed=1).vectors[5:] - 5
    wide = projected(vectors, 128, seed=0)
    assert wide @ wide.T == pytest.approx(vectors @ vectors.T, rel=1e-3, abs=1e-2)
    narrow = projected(vectors, 48, seed=0)
    cosines = np.corrcoef((vectors @ vectors.T).ravel(), (narrow @ narrow.T).ravel())[0, 1]
    assert cosines > 0.9
    assert projected(vectors, 64, seed=0) is vectors


@pytest.mark.parametrize("form", ["raw", "whitened"])
def test_learned_vectors_begin_as_long_as_if_they_were_drawn(form):
    found = some(400)
    vectors = beginning(found, form, 16, 0.05, seed=0)
    assert vectors.shape == (400, 16)
    assert mean_length(vectors, found.there) == pytest.approx(0.05 * 4, rel=1e-3)
    assert not vectors[:5].any()
