"""The contract of every tokenizer; a new one joins by being in the table."""

import tracemalloc

import numpy as np
import pytest
import torch

from galen.features.tokenizing.autoencoder import latents
from galen.features.tokenizing.balance import spread_apart
from galen.features.tokenizing.clusters import nearest, sampled
from galen.features.tokenizing.fsq import bounded, grid_of
from galen.features.tokenizing.semantic_ids import SemanticIdError, semantic_ids, shared
from galen.features.tokenizing.tokenizers import TOKENIZERS

SIZES = (4, 8, 8)
QUICK = {
    "fsq": {"hidden": (16,), "steps": 120, "batch": 64, "learning_rate": 1e-2},
    "rq_vae": {
        "hidden": (16,),
        "width": 8,
        "steps": 120,
        "warm_up": 30,
        "batch": 128,
        "learning_rate": 5e-3,
    },
}
NAMES = [f"sku-{n:03}" for n in range(400)]
ORDERED = ("residual_kmeans", "rq_vae")  # the first code says most
every = pytest.mark.parametrize("name", sorted(TOKENIZERS))


def clusters(seed=0, rows=400):
    """Four groups far from each other, each of small groups near each other."""
    draw = np.random.default_rng(seed)
    group, part = draw.integers(0, 4, rows), draw.integers(0, 8, rows)
    centres = 10 * np.eye(4, 12)
    parts = np.random.default_rng(5).normal(size=(8, 12))
    vectors = centres[group] + parts[part] + 0.05 * draw.normal(size=(rows, 12))
    return vectors.astype(np.float32), group


def spec(name, **more):
    return TOKENIZERS[name](SIZES, **QUICK.get(name, {}), **more)


@pytest.fixture(scope="module")
def fitted():
    vectors, _ = clusters()
    return {name: spec(name).fit(vectors, seed=0) for name in TOKENIZERS}


@pytest.mark.parametrize("name", ORDERED)
def test_the_first_code_tells_groups_that_lie_far_apart(name, fitted):
    vectors, group = clusters()
    codes = fitted[name].codes(vectors)
    assert len(np.unique(np.stack([codes[:, 0], group], axis=1), axis=0)) == 4


@every
def test_items_of_groups_far_apart_share_no_id(name, fitted):
    vectors, group = clusters()
    codes = fitted[name].codes(vectors)
    ids = np.unique(codes, axis=0)
    assert len(np.unique(np.column_stack([codes, group]), axis=0)) == len(ids)


@every
def test_the_unit_of_the_vectors_does_not_matter(name):
    vectors, group = clusters()
    codes = spec(name).fit(vectors * 1e-4, seed=0).codes(vectors * 1e-4)
    ids = np.unique(codes, axis=0)
    assert len(ids) >= 8
    assert len(np.unique(np.column_stack([codes, group]), axis=0)) == len(ids)


@every
def test_codes_lie_within_their_levels_and_most_are_used(name, fitted):
    vectors, _ = clusters()
    codes = fitted[name].codes(vectors)
    assert codes.shape == (400, 3)
    assert fitted[name].sizes == SIZES
    for level, size in enumerate(SIZES):
        assert set(codes[:, level]) <= set(range(size))
        assert len(np.unique(codes[:, level])) >= (0.5 if name == "fsq" else 0.95) * size


@every
def test_the_same_seed_learns_the_same_codes(name, fitted):
    vectors, _ = clusters()
    again = spec(name).fit(vectors, seed=0)
    assert again.codes(vectors).tolist() == fitted[name].codes(vectors).tolist()


@every
def test_new_items_get_codes_without_learning_again(name, fitted):
    vectors, group = clusters()
    fresh, fresh_group = clusters(seed=1, rows=50)
    codes, known = fitted[name].codes(fresh), fitted[name].codes(vectors)
    same = (codes[:, None] == known[None]).all(axis=2)
    assert same.any(axis=1).mean() > 0.9
    alike = (fresh_group[:, None] == group[None])[same]
    assert alike.mean() > 0.95


@every
def test_an_item_has_the_code_it_has_alone(name, fitted):
    vectors, _ = clusters()
    tokenizer = fitted[name]
    if name == "residual_kmeans":
        tokenizer = spec(name, balance="sinkhorn").fit(vectors, seed=0)
    alone = [tokenizer.codes(vectors[n : n + 1])[0].tolist() for n in range(20)]
    assert alone == tokenizer.codes(vectors)[:20].tolist()


@every
def test_comes_back_from_disk_with_the_same_codes(name, fitted, tmp_path):
    vectors, _ = clusters()
    fitted[name].save(tmp_path)
    again = spec(name).load(tmp_path)
    assert again.codes(vectors).tolist() == fitted[name].codes(vectors).tolist()


@every
def test_a_file_that_was_cut_short_or_is_missing_is_told(name, fitted, tmp_path):
    fitted[name].save(tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-4])
    with pytest.raises(SemanticIdError, match=rf"{file.name} is missing or was cut short.*again"):
        spec(name).load(tmp_path)
    file.unlink()
    with pytest.raises(SemanticIdError, match=f"{file.name} is missing"):
        spec(name).load(tmp_path)


@every
def test_a_file_of_other_settings_is_told(name, fitted, tmp_path):
    fitted[name].save(tmp_path)
    with pytest.raises(SemanticIdError, match="was learned with settings"):
        TOKENIZERS[name]((8, 8, 8)).load(tmp_path)


@every
def test_items_alike_in_all_numbers_still_end_with_ids_of_their_own(name):
    vectors = np.ones((20, 6), np.float32)
    tokenizer = spec(name).fit(vectors, seed=0)
    ids = semantic_ids(tokenizer.codes(vectors), tokenizer.sizes, NAMES[:20], name)
    assert len(np.unique(ids.codes, axis=0)) == 20
    assert ids.tokenizer == name


@every
def test_one_item_is_enough(name):
    vectors = np.arange(6, dtype=np.float32)[None]
    assert spec(name).fit(vectors, seed=0).codes(vectors).shape == (1, 3)


@every
@pytest.mark.parametrize("wrong", [np.nan, np.inf, 1e39])
def test_a_vector_that_is_no_number_is_told_by_its_row(name, wrong, fitted):
    vectors = clusters()[0].astype(np.float64)
    vectors[7, 2] = wrong
    with pytest.raises(SemanticIdError, match="item 7 is NaN or infinite"):
        spec(name).fit(vectors, seed=0)
    with pytest.raises(SemanticIdError, match="item 7 is NaN or infinite"):
        fitted[name].codes(vectors)


@every
def test_vectors_of_another_width_are_told(name, fitted):
    with pytest.raises(SemanticIdError, match="fitted on 12 numbers"):
        fitted[name].codes(np.zeros((3, 5), np.float32))


@every
def test_no_items_are_told(name, fitted):
    with pytest.raises(SemanticIdError, match=r"\(items, d\) is needed"):
        spec(name).fit(np.empty((0, 4), np.float32), seed=0)
    assert fitted[name].codes(np.empty((0, 12), np.float32)).shape == (0, 3)


@every
def test_it_learns_from_a_sample_alone(name, fitted):
    vectors, _ = clusters()
    some = sampled(vectors, 90, 0)
    assert len(np.unique(some, axis=0)) == 90
    codes = spec(name, sample=90).fit(vectors, seed=0).codes(vectors)
    assert codes.tolist() == spec(name).fit(some, seed=0).codes(vectors).tolist()
    assert codes.tolist() != fitted[name].codes(vectors).tolist()


def test_no_centre_is_spent_on_rounding():
    random = np.random.default_rng(0)
    group = np.arange(40) % 4
    alike = (10 * np.eye(4)[group] + 1e-7 * random.normal(size=(40, 4))).astype(np.float32)
    assert len(np.unique(alike, axis=0)) > 4
    centres = spec("residual_kmeans").fit(alike, seed=0).centres
    assert [len(level) for level in centres] == [4, 1, 1]


def test_commitment_keeps_what_is_encoded_near_its_codes(fitted):
    vectors, _ = clusters()

    def apart(model):
        codes, latent = model.codes(vectors), latents(model.network, vectors).numpy()
        near = sum(book.numpy()[codes[:, level]] for level, book in enumerate(model.books))
        return ((latent - near) ** 2).mean() / latent.var()

    free = spec("rq_vae", commitment=0.0).fit(vectors, seed=0)
    assert apart(fitted["rq_vae"]) < 0.5 * apart(free)


def test_what_fsq_learns_is_rebuilt_from_its_codes_as_well_as_from_its_numbers(fitted):
    vectors, _ = clusters()
    network = fitted["fsq"].network
    grid = torch.tensor([steps for size in SIZES for steps in grid_of(size)])
    inside = bounded(latents(network, vectors), grid)
    whole = torch.from_numpy(vectors)
    with torch.inference_mode():
        rounded, exact = (
            float(network.error(whole, numbers / (grid // 2)))
            for numbers in (inside.round(), inside)
        )
    assert rounded < 0.15
    assert rounded < 1.15 * exact


def crowded(balance):
    """300 items in 4 × 8 prefixes of 8 codes: their codes, and the sizes of the prefixes."""
    vectors = np.random.default_rng(0).normal(size=(300, 8)).astype(np.float32)
    codes = spec("residual_kmeans", balance=balance).fit(vectors, seed=0).codes(vectors)
    return codes, np.unique(codes[:, :2], axis=0, return_counts=True)[1]


def test_capacity_leaves_no_more_alike_than_there_are_too_few_codes():
    codes, size = crowded("capacity")
    least = np.where(size < 16, 2 * np.maximum(size - 8, 0), size).sum()
    assert shared(codes, SIZES) == pytest.approx(least / 300)
    assert shared(codes, SIZES) < 0.7 * shared(crowded("none")[0], SIZES)
    crowd = np.unique(codes, axis=0, return_counts=True)[1]
    assert crowd.max() == -(-size.max() // 8)


def test_capacity_takes_memory_of_the_items_that_must_be_spread_alone():
    items, draw = 20_000, np.random.default_rng(0)
    before = np.stack([np.arange(items) % 256, np.arange(items) // 256], axis=1)
    before[1] = before[0]
    vectors, centres = (draw.normal(size=(n, 4)).astype(np.float32) for n in (items, 256))
    tracemalloc.start()
    codes = spread_apart(before, vectors, centres)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 30e6  # the prefixes by the codes would be 41 MB
    assert (codes[2:] == nearest(vectors, centres)[2:]).all()
    assert codes[0] != codes[1]


def test_sinkhorn_asks_for_all_codes_of_the_last_level_about_equally_often():
    used = {b: np.bincount(crowded(b)[0][:, 2], minlength=8) for b in ("none", "sinkhorn")}
    assert used["sinkhorn"].max() < 1.4 * 300 / 8
    assert used["sinkhorn"].std() < 0.5 * used["none"].std()


def test_a_size_that_is_no_grid_is_told():
    with pytest.raises(SemanticIdError, match="a level of 251 codes is no grid"):
        TOKENIZERS["fsq"]((251,)).fit(np.ones((4, 4), np.float32), seed=0)


@every
def test_a_level_of_one_code_says_nothing_and_leaves_the_others(name):
    vectors, _ = clusters()
    tokenizer = TOKENIZERS[name]((8, 1, 8), **QUICK.get(name, {})).fit(vectors, seed=0)
    codes = tokenizer.codes(vectors)
    assert not codes[:, 1].any()
    assert len(np.unique(codes[:, 0])) >= 4


def test_batches_of_one_item_are_told():
    with pytest.raises(SemanticIdError, match=r"batch = 1: .* 2 items or more"):
        TOKENIZERS["fsq"]((8,), batch=1).fit(np.ones((4, 4), np.float32), seed=0)


def test_more_parts_than_numbers_are_told():
    with pytest.raises(SemanticIdError, match="2 numbers cannot be cut in 3 parts"):
        spec("product_codes").fit(np.ones((4, 2), np.float32), seed=0)


def test_product_codes_rebuild_vectors_that_are_made_of_parts():
    draw = np.random.default_rng(0)
    parts = [draw.normal(size=(8, 2)) * 5 for _ in range(3)]
    told = np.stack([draw.integers(0, 8, 600) for _ in range(3)], axis=1)
    whole = np.concatenate([part[told[:, n]] for n, part in enumerate(parts)], axis=1)
    turned = (whole @ np.linalg.qr(draw.normal(size=(6, 6)))[0]).astype(np.float32)
    lost = {}
    for rounds in (0, 20):
        tokenizer = TOKENIZERS["product_codes"]((8, 8, 8), rounds=rounds).fit(turned, seed=0)
        codes = tokenizer.codes(turned)
        near = np.concatenate([c[codes[:, n]] for n, c in enumerate(tokenizer.centres)], axis=1)
        left = (((turned - tokenizer.mean) @ tokenizer.rotation - near) ** 2).sum()
        lost[rounds] = left / ((turned - turned.mean(axis=0)) ** 2).sum()
    assert lost[20] < 0.06
    assert lost[20] < lost[0] < 0.12
