"""The contract of every extension; a new one joins by being in the catalogue."""

from dataclasses import replace

import numpy as np
import pytest

from galen.assembly.catalog import EXTENSIONS
from galen.features.encoding.samples import Samples, empty_side
from galen.features.encoding.scale import number_of
from galen.features.encoding.schema import Category, Schema, SchemaError
from galen.rank.extended import Extended
from galen.rank.leaves import Leaves
from galen.rank.logistic import Logistic
from galen.rank.pair_statistics import PairStatistics
from galen.rank.score_metrics import auc

SIZES = {"shelf": 8, "person": 60, "weather": 5}
SPECS = {name: spec() for name, spec in EXTENSIONS.items() if name != "vector_fields"}  # of a shop
SPECS["leaves of xgboost"] = Leaves(library="xgboost")


def samples(seed: int, rows: int = 8000, known: int = 4) -> Samples:
    """A click needs one of shelf and number, not both; ids from `known` on a shelf never come."""
    random = np.random.default_rng([seed, 7])  # not the draws by which an extension splits rows
    ids = np.stack([random.integers(0, size, rows) for size in SIZES.values()], axis=1)
    ids[:, 0] %= known
    numbers = random.normal(size=(rows, 2)).astype(np.float32)
    push = np.where((ids[:, 0] % 2 == 1) ^ (ids[:, 2] > 2), 1.5, -1.5)
    numbers[random.random(rows) < 0.3, 1] = np.nan
    return Samples(
        **{**empty_side(rows), "numbers": numbers},
        categories=ids,
        labels={"click": (random.random(rows) < 1 / (1 + np.exp(-push))).astype(np.float32)},
        weight=np.ones(rows, np.float32),
        group=np.arange(rows) // 20,
    )


def schema_of(rows: Samples) -> Schema:
    numbers = tuple(number_of(f"number {p}", rows.numbers[:, p]) for p in range(2))
    return Schema(categories=tuple(Category(n, s) for n, s in SIZES.items()), numbers=numbers)


@pytest.fixture(scope="module", params=sorted(SPECS))
def learned(request):
    spec = SPECS[request.param]
    return spec, *spec.fit(schema_of(samples(0)), samples(0))


def same(one: Samples, other: Samples) -> bool:
    return np.array_equal(one.categories, other.categories) and np.array_equal(
        one.numbers, other.numbers, equal_nan=True
    )


def test_extended_rows_fit_the_extended_schema(learned):
    _, made, train = learned
    for rows in (train, made.extend(samples(1)), made.extend(samples(1, rows=0))):
        rows.checked(made.schema)
        assert rows.categories.shape[1] == len(made.schema.categories)
        assert rows.numbers.shape[1] == len(made.schema.numbers)
        assert rows.categories.dtype == np.int64
        assert rows.numbers.dtype == np.float32
    fields = len(made.schema.categories) + len(made.schema.numbers)
    assert fields > len(SIZES) + 2


def test_what_was_there_stays_as_it_was(learned):
    _, made, _ = learned
    rows = samples(1)
    extended = made.extend(rows)
    back = replace(
        extended,
        categories=extended.categories[:, : len(SIZES)],
        numbers=extended.numbers[:, :2],
    )
    assert same(back, rows)
    assert made.schema.categories[: len(SIZES)] == schema_of(samples(0)).categories


def test_a_row_is_extended_alone_as_among_others(learned):
    _, made, _ = learned
    rows = samples(1, rows=30)
    together = made.extend(rows)
    for row in range(0, 30, 7):
        alone = made.extend(rows.take(slice(row, row + 1)))
        assert same(alone, together.take(slice(row, row + 1)))


def test_no_rows_are_extended_to_no_rows(learned):
    _, made, _ = learned
    assert len(made.extend(samples(1, rows=0))) == 0


def test_comes_back_from_disk_and_extends_the_same(learned, tmp_path):
    spec, made, _ = learned
    made.save(tmp_path)
    again = spec.load(tmp_path)
    assert again.schema == made.schema
    assert same(again.extend(samples(1)), made.extend(samples(1)))


def test_the_same_seed_learns_the_same(learned):
    spec, _, train = learned
    _, again = spec.fit(schema_of(samples(0)), samples(0))
    assert same(again, train)


def test_values_never_seen_are_extended_too(learned):
    _, made, _ = learned
    strange = samples(1, known=8)
    strange.numbers[:100] = 1e30
    strange.numbers[100:200] = np.nan
    assert (strange.categories[:, 0] > 3).any()
    made.extend(strange).checked(made.schema)


@pytest.fixture(scope="module")
def shuffled(learned):
    spec, _, _ = learned
    rows = samples(0)
    label = np.random.default_rng(9).permutation(rows.labels["click"])
    return spec.fit(schema_of(rows), replace(rows, labels={"click": label}))


def test_no_new_field_alone_tells_a_label_that_means_nothing(shuffled):
    _, train = shuffled
    label = train.labels["click"]
    for place in range(2, train.numbers.shape[1]):
        assert auc(label, train.numbers[:, place]) == pytest.approx(0.5, abs=0.12)
    for place in range(len(SIZES), train.categories.shape[1]):
        leaf = train.categories[:, place]
        rows = np.bincount(leaf, minlength=32)
        share = np.bincount(leaf, label, minlength=32) / np.maximum(rows, 1)
        far = np.abs(share - label.mean()) * np.sqrt(rows) / 0.5
        assert far.max() < 4.5  # standard errors


def test_no_model_finds_labels_that_mean_nothing_in_rows_learned_from(shuffled):
    made, train = shuffled
    fold = np.random.default_rng(1).integers(0, 2, len(train))
    half, other = train.take(fold == 0), train.take(fold == 1)
    model = Logistic().fit(made.schema, half, half)
    assert auc(other.labels["click"], model.score(other)[:, 0]) == pytest.approx(0.5, abs=0.05)


def test_labels_that_mean_nothing_teach_nothing_about_later_rows(shuffled):
    made, train = shuffled
    later = made.extend(samples(1))
    model = Logistic().fit(made.schema, train, train)
    assert auc(later.labels["click"], model.score(later)[:, 0]) == pytest.approx(0.5, abs=0.05)


def test_rows_learned_from_look_like_rows_to_score(learned):
    """A model would be misled by fields that are one thing in training and another in use."""
    _, made, train = learned
    later = made.extend(samples(1))
    for place in range(2, train.numbers.shape[1]):
        one, other = (part.numbers[:, place].astype(float) for part in (train, later))
        assert one.mean() == pytest.approx(other.mean(), abs=0.3 * one.std() + 1e-6)
    for place in range(len(SIZES), train.categories.shape[1]):
        one, other = (
            np.bincount(part.categories[:, place], minlength=64) / len(part)
            for part in (train, later)
        )
        assert np.abs(one - other).sum() / 2 < 0.15


def test_a_linear_model_learns_over_it_and_comes_back_from_disk(learned, tmp_path):
    spec, _, _ = learned
    held_out = samples(2)
    whole = Extended(Logistic(), {"more": spec})
    model = whole.fit(schema_of(samples(0)), samples(0), samples(1))
    alone = Logistic().fit(schema_of(samples(0)), samples(0), samples(1))
    label = held_out.labels["click"]
    assert auc(label, alone.score(held_out)[:, 0]) < 0.6
    assert auc(label, model.score(held_out)[:, 0]) > 0.75
    model.save(tmp_path)
    assert np.array_equal(whole.load(tmp_path).score(held_out), model.score(held_out))


@pytest.mark.parametrize("library", ["lightgbm", "xgboost"])
def test_a_label_that_never_happened_still_gives_leaves(library):
    rows = samples(0, rows=400)
    never = replace(rows, labels={"click": np.zeros(400, np.float32)})
    made, train = Leaves(library=library).fit(schema_of(rows), never)
    train.checked(made.schema)
    assert 0 < len(train) < 400  # the others taught the trees
    assert len(made.schema.categories) > len(schema_of(rows).categories)


def test_rows_too_few_to_split_say_so():
    rows = samples(0, rows=1)
    with pytest.raises(SchemaError, match="too few"):
        Leaves().fit(schema_of(rows), rows)


def shown(seed: int) -> Samples:
    """Rows whose clicks follow where they were shown, and little else."""
    random = np.random.default_rng(seed)
    rows = samples(seed)
    at = random.integers(1, 11, (len(rows), 1))
    click = random.random(len(rows)) < 1 / (1 + np.exp(at[:, 0] - 3.0))
    ids = np.concatenate([rows.categories, at], axis=1)
    return replace(rows, categories=ids, labels={"click": click.astype(np.float32)})


def shown_schema() -> Schema:
    plain = schema_of(samples(0))
    fields = (*plain.categories, Category("position", 11))
    return Schema(categories=fields, numbers=plain.numbers, position="position")


def test_where_a_row_was_shown_has_no_part_in_a_score_by_way_of_an_extension(learned):
    spec, _, _ = learned
    model = Extended(Logistic(), {"more": spec}).fit(shown_schema(), shown(0), shown(1))
    rows = shown(2)
    moved = rows.categories.copy()
    moved[:, -1] = moved[:, -1] % 10 + 1
    assert np.array_equal(model.score(rows), model.score(replace(rows, categories=moved)))


def test_probabilities_over_an_extension_hold_though_no_position_is_known(learned):
    spec, _, _ = learned
    model = Extended(Logistic(), {"more": spec}).fit(shown_schema(), shown(0), shown(1))
    rows = shown(2)
    assert model.score(rows)[:, 0].mean() == pytest.approx(rows.labels["click"].mean(), abs=0.03)


def test_pair_statistics_leave_the_position_out():
    made, _ = PairStatistics().fit(shown_schema(), shown(0))
    assert not any("position" in number.name for number in made.schema.numbers)
    with pytest.raises(SchemaError, match="other than the position"):
        PairStatistics(fields=("position",)).fit(shown_schema(), shown(0))


def test_pair_statistics_count_no_row_whose_label_is_not_known_yet():
    rows = samples(0)
    late = rows.labels["click"].copy()
    late[: len(rows) // 2] = np.nan
    made, _ = PairStatistics().fit(schema_of(rows), replace(rows, labels={"click": late}))
    known = rows.take(slice(len(rows) // 2, None))
    alone, _ = PairStatistics().fit(schema_of(known), known)
    assert made.prior == pytest.approx(alone.prior)
    assert made.extend(samples(1)).numbers == pytest.approx(
        alone.extend(samples(1)).numbers, nan_ok=True
    )
