"""From tables to samples: what columns are, what is refused, and that nothing is lost on disk."""

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from galen.features.encoding.encoder import Encoder, fit_encoder
from galen.features.encoding.schema import SchemaError, Vector
from galen.features.encoding.tables import TableColumns

TABLE = pa.table(
    {
        "label": [0, 1, 0, 1],
        "user": ["a", "b", "a", None],
        "item": pa.array([5, 9, 5, 2**60]),
        "price": [1.0, None, 3.0, 100.0],
        "tags": [["x", "y"], [], None, ["y"]],
        "rated": pa.array([[5, 9, 5], [], [2**60], [9]]),
        "text": [[0.1, 0.2]] * 4,
        "sold": [1, 2, 3, 4],
    }
)
COLUMNS = TableColumns(
    user="user",
    item="item",
    history=("rated",),
    targets={"rated": "item"},
    vectors=("text",),
    numbers=("sold",),
    length=2,
    encodings={"price": "auto_dis"},
)


def encoder_of(table=TABLE, columns=COLUMNS):
    types = {field.name: field.type for field in table.schema}
    return fit_encoder(columns, types, iter(table.to_batches()))


def test_columns_are_what_their_types_and_their_names_say():
    schema = encoder_of().schema
    assert [(f.name, f.size) for f in schema.categories] == [("user", 3), ("item", 4)]
    assert [(f.name, f.encoding) for f in schema.numbers] == [
        ("price", "auto_dis"),
        ("sold", "linear"),
    ]
    assert [(f.name, f.width) for f in schema.bags] == [("tags", 2)]
    assert [(f.name, f.table, f.target) for f in schema.sequences] == [("rated", "item", "item")]
    assert [(f.name, f.size) for f in schema.vectors] == [("text", 2)]


def test_ids_are_exact_above_the_numbers_that_floats_tell_apart():
    samples = encoder_of().encode(TABLE)
    assert samples.categories[:, 1].tolist() == [1, 2, 1, 3]
    assert samples.categories[:, 0].tolist() == [1, 2, 1, 0]


def test_histories_keep_their_newest_events_in_their_candidates_terms():
    samples = encoder_of().encode(TABLE)
    assert samples.history[:, :, 0].tolist() == [[2, 1], [0, 0], [3, 0], [2, 0]]
    assert samples.history_length.tolist() == [2, 0, 1, 1]


def test_histories_that_are_not_in_step_with_each_other_are_told_by_row():
    did = pa.array([[1, 2, 1], [], [3], [1]])
    table = TABLE.append_column("did", did)
    columns = TableColumns(history=("rated", "did"), skip=("text",), length=2)
    samples = encoder_of(table, columns).encode(table)
    assert samples.history[0].tolist() == [[2, 2], [1, 1]]
    wrong = table.set_column(8, "did", pa.array([[1, 2, 1], [], [3, 3], [1]]))
    with pytest.raises(SchemaError, match=r"'did' are not as long as .*'rated': 2 and 1 .* row 2"):
        encoder_of(wrong, columns).encode(wrong)


def test_bags_have_weight_where_they_hold_something():
    samples = encoder_of().encode(TABLE)
    assert samples.bag_weights.tolist() == [[1, 1], [0, 0], [0, 0], [1, 0]]


def test_lists_of_a_fixed_length_are_bags_histories_and_vectors_like_others():
    def a_day(first):
        pairs = pa.array([[first, 2], None, [2, first]], pa.list_(pa.int64(), 2))
        text = pa.array([[0.5, 1.0]] * 3, pa.list_(pa.float32(), 2))
        return pa.table({"label": [0, 1, 0], "tags": pairs, "seen": pairs, "text": text})

    columns = TableColumns(history=("seen",), vectors=("text",), length=3)
    encoder = encoder_of(a_day(1), columns)
    samples = encoder.encode(a_day(1))
    assert samples.bags.tolist() == [[1, 2], [0, 0], [2, 1]]
    assert samples.history[:, :, 0].tolist() == [[1, 2, 0], [0, 0, 0], [2, 1, 0]]
    assert samples.vectors.tolist() == [[0.5, 1.0]] * 3
    grown, _ = encoder.grown(iter(a_day(7).to_batches()))
    assert grown.encode(a_day(7)).bags.tolist() == [[3, 2], [0, 0], [2, 3]]
    with pytest.raises(SchemaError, match=r"'text' holds lists of floats"):
        encoder_of(a_day(1), TableColumns())


WEIGHED = TABLE.append_column(
    "share", pa.array([[0.5, 2.0], [], None, [0.0]], pa.list_(pa.float32()))
)
BY_SHARE = TableColumns(skip=("rated", "text"), bag_weights={"tags": "share"})


def test_values_of_a_bag_weigh_what_the_column_beside_them_says():
    samples = encoder_of(WEIGHED, BY_SHARE).encode(WEIGHED)
    assert samples.bag_weights.tolist() == [[0.5, 2], [0, 0], [0, 0], [0, 0]]


@pytest.mark.parametrize(
    ("lists", "told"),
    [
        ([[0.5], [], None, [1.0]], "not as long as those of 'tags'"),
        ([[0.5, -1.0], [], None, [1.0]], "negative or missing"),
        ([[0.5, None], [], None, [1.0]], "negative or missing"),
    ],
)
def test_weights_that_cannot_weigh_a_bag_are_refused(lists, told):
    encoder = encoder_of(WEIGHED, BY_SHARE)
    wrong = WEIGHED.set_column(8, "share", pa.array(lists, pa.list_(pa.float32())))
    with pytest.raises(SchemaError, match=told):
        encoder.encode(wrong)


def test_values_that_were_never_seen_are_unknown_and_others_keep_their_ids(tmp_path):
    encoder = encoder_of()
    encoder.save(tmp_path)
    again = Encoder.load(tmp_path)
    other = TABLE.set_column(2, "item", pa.array([9, 77, -1, 5]))
    assert again.encode(other).categories[:, 1].tolist() == [2, 0, 0, 1]
    assert again.schema == encoder.schema


def test_a_value_seen_too_seldom_has_no_id():
    encoder = encoder_of(columns=TableColumns(least=2, skip=("rated", "text")))
    assert encoder.encode(TABLE).categories[:, 1].tolist() == [1, 0, 1, 0]


def test_the_kept_share_of_negatives_weighs_them_up():
    samples = encoder_of(columns=TableColumns(kept_negatives=0.25, skip=("text",))).encode(TABLE)
    assert samples.weight.tolist() == [4, 1, 4, 1]


@pytest.mark.parametrize("wrong", [None, -3.0, float("inf"), 1e39])
def test_rows_that_weigh_less_than_nothing_or_no_number_are_told_by_column_and_row(wrong):
    table = TABLE.append_column("trust", pa.array([1.0, 2.0, 0.0, wrong]))
    encoder = encoder_of(table, TableColumns(weight="trust", skip=("rated", "text")))
    assert encoder.encode(table.slice(0, 3)).weight.tolist() == [1, 2, 0]
    with pytest.raises(SchemaError, match=r"column 'trust' is .* in row 3.*0 or more"):
        encoder.encode_all(iter(table.to_batches(max_chunksize=2)))
    assert encoder.encode(table, labelled=False).weight.tolist() == [1] * 4


def test_weights_of_samples_from_elsewhere_are_looked_at_too():
    encoder = encoder_of()
    samples = replace(encoder.encode(TABLE), weight=np.array([1, -1, 1, 1], np.float32))
    with pytest.raises(SchemaError, match=r"the weight of rows is -1\.0 in row 1"):
        samples.checked(encoder.schema)


def test_a_hash_gives_every_value_an_id():
    encoder = encoder_of(columns=TableColumns(hashed={"user": 7}, vectors=("text",)))
    ids = encoder.encode(TABLE).categories[:, 0]
    assert ids[0] == ids[2]
    assert ids[3] == 0
    assert (ids[:3] >= 1).all()
    assert (ids <= 7).all()


@pytest.mark.parametrize(
    ("column", "values", "told"),
    [
        ("price", [1.0, float("inf"), 2.0, 3.0], "'price' is infinite in row 1"),
        ("label", [0, 1, 3, 0], r"label 'click' is 3.0 in row 2"),
        ("label", ["a", "b", "c", "d"], "holds no numbers"),
    ],
)
def test_what_no_model_can_learn_from_is_told_by_name_and_row(column, values, told):
    place = TABLE.schema.get_field_index(column)
    wrong = TABLE.set_column(place, column, pa.array(values))
    with pytest.raises(SchemaError, match=told):
        encoder_of(wrong).encode(wrong)


def test_a_column_that_is_missing_is_told_with_those_that_are_there():
    with pytest.raises(SchemaError, match="no column 'price'; it has label, user"):
        encoder_of().encode(TABLE.drop_columns(["price"]))


def test_lists_of_floats_are_asked_for_what_they_are():
    with pytest.raises(SchemaError, match=r"'text' holds lists of floats.*`vectors`"):
        encoder_of(columns=TableColumns())


def test_samples_of_another_vocabulary_are_refused():
    samples = encoder_of().encode(TABLE)
    small = encoder_of(TABLE.slice(0, 1)).schema
    with pytest.raises(SchemaError, match=r"field 'user' has id 2 at place 1.*another vocabulary"):
        samples.checked(small)


def test_a_file_of_vocabularies_that_was_cut_is_told(tmp_path):
    encoder_of().save(tmp_path)
    file = next(tmp_path.glob("vocabulary-*.parquet"))
    file.write_bytes(file.read_bytes()[:20])
    with pytest.raises(SchemaError, match="train again"):
        Encoder.load(tmp_path)


def test_a_day_more_lets_new_values_in_and_leaves_old_ids_alone():
    encoder = encoder_of()
    later = TABLE.set_column(2, "item", pa.array([9, 77, 77, 5]))
    grown, changed = encoder.grown(iter(later.to_batches()))
    assert grown.encode(TABLE).categories[:, 1].tolist() == [1, 2, 1, 3]
    assert grown.encode(later).categories[:, 1].tolist() == [2, 4, 4, 1]
    assert changed["item"].tolist() == [4]
    assert np.all(changed["user"] == 0) or not len(changed["user"])
    assert grown.schema.tables["item"] == 5


def test_a_row_without_a_vector_has_zeros_and_one_of_another_length_is_refused():
    table = pa.table(
        {"item": [1, 2, 3], "text": [[1.0, 2.0], None, [3.0, 4.0]], "label": [0, 1, 0]}
    )
    columns = TableColumns(vectors=("text",), adaptors={"text": "experts"})
    types = {field.name: field.type for field in table.schema}
    encoder = fit_encoder(columns, types, iter(table.to_batches()))
    assert encoder.schema.vectors == (Vector("text", 2, "experts"),)
    assert encoder.encode(table).vectors.tolist() == [[1, 2], [0, 0], [3, 4]]
    wrong = table.set_column(1, "text", pa.array([[1.0], None, [3.0]]))
    with pytest.raises(SchemaError, match="1 numbers, the schema says 2"):
        encoder.encode(wrong)


@pytest.mark.parametrize("rows", [900, 3_000])
def test_the_key_of_a_row_is_no_category_where_rows_are_enough_to_tell(rows):
    draw = np.random.default_rng(0)
    often = draw.integers(0, 40, rows)
    some = np.where(draw.random(rows) < 0.3, -often, np.arange(rows))
    table = pa.table(
        {"label": often % 2, "row": np.arange(rows), "shop": often, "maybe": some, "user": often}
    )
    schema = encoder_of(table, TableColumns(user="user")).schema
    sizes = {field.name: field.size for field in schema.categories}
    assert sizes["shop"] == 41
    if rows < 1_000:
        assert sizes["row"] == rows + 1
    else:
        assert sizes["row"] == 1
        assert 30 < sizes["maybe"] <= 41  # what came again keeps its id
        kept = encoder_of(table, TableColumns(categories=("row",))).schema
        assert kept.categories[kept.place("row")].size == rows + 1


def days_apart(first, rows):
    row = np.arange(first, first + rows)
    return pa.table({"label": row % 2, "row": row, "shop": first + row % 40})


def as_saved_before_keys_were_told(encoder, folder):
    encoder.save(folder)
    path = folder / "encoder.json"
    told = json.loads(path.read_text())
    del told["keys"]
    path.write_text(json.dumps(told))
    return Encoder.load(folder)


@pytest.mark.parametrize("earlier", [False, True])
@pytest.mark.parametrize("rows", [500, 2_000])
def test_another_day_brings_no_keys_of_rows_either_and_still_brings_new_values(
    rows, earlier, tmp_path
):
    encoder = encoder_of(days_apart(0, 2_000), TableColumns())
    if earlier:
        encoder = as_saved_before_keys_were_told(encoder, tmp_path)
    for first in (10_000, 20_000):
        encoder, _ = encoder.grown(iter(days_apart(first, rows).to_batches()))
        encoder.save(tmp_path)
        encoder = Encoder.load(tmp_path)
    sizes = {field.name: field.size for field in encoder.schema.categories}
    assert sizes == {"row": 1, "shop": 121}
    assert "row" not in encoder.waiting


def test_a_day_on_which_everybody_is_new_makes_nobody_the_key_of_a_row():
    row = np.arange(2_000)
    first = pa.table({"label": row % 2, "user": row % 200, "place": row % 9})
    later = pa.table({"label": row % 2, "user": 10_000 + row, "place": 5_000 + row})
    encoder = encoder_of(first, TableColumns(user="user"))
    grown, changed = encoder.grown(iter(later.to_batches()))
    assert grown.schema.tables == {"user": 2_201, "place": 2_010}
    assert len(changed["user"]) == 2_000


def test_a_person_seen_once_where_most_are_is_let_in_on_coming_again():
    row = np.arange(2_000)
    encoder = encoder_of(pa.table({"label": row % 2, "user": row}), TableColumns(user="user"))
    sizes = []
    for first in (10_000, 10_000, 11_000):
        day = pa.table({"label": row % 2, "user": first + row})
        encoder, _ = encoder.grown(iter(day.to_batches()))
        sizes.append(encoder.schema.tables["user"])
    assert sizes == [1, 2_001, 2_001]
    assert encoder.waiting["user"].num_rows == 1_000


def test_a_value_seen_once_a_day_is_let_in_once_it_was_seen_often_enough(tmp_path):
    table = pa.table({"label": [0, 1, 0, 1], "item": ["a", "a", "b", "b"]})
    daily = pa.table({"label": [0, 1], "item": ["a", "new"]})
    encoder = encoder_of(table, TableColumns(least=3))
    seen = []
    for _ in range(4):
        encoder, changed = encoder.grown(iter(daily.to_batches()))
        encoder.save(tmp_path)
        encoder = Encoder.load(tmp_path)
        seen.append((encoder.vocabularies["item"].values.to_pylist(), changed["item"].tolist()))
    assert seen == [
        ([], []),
        ([], []),
        (["a", "new"], [1, 2]),
        (["a", "new"], []),
    ]
    assert not encoder.waiting
    assert encoder.days == 4


def test_an_encoder_that_was_saved_before_values_waited_is_read(tmp_path):
    encoder = encoder_of()
    encoder.save(tmp_path)
    assert b"waiting" not in (tmp_path / "encoder.json").read_bytes()
    assert Encoder.load(tmp_path).days == 0


def test_rows_of_different_pieces_are_of_different_groups_where_nothing_groups_them():
    table = TABLE.drop_columns(["user"])
    encoder = encoder_of(table, TableColumns(skip=("text",)))
    samples = encoder.encode_all(iter(table.to_batches(max_chunksize=2)))
    assert samples.group.tolist() == [0, 1, 2, 3]


def test_a_vector_is_as_wide_as_in_the_piece_that_has_it():
    table = pa.table({"item": [1, 2], "text": [[1.0, 2.0], None], "label": [0, 1]})
    types = {field.name: field.type for field in table.schema}
    batches = table.to_batches(max_chunksize=1)
    encoder = fit_encoder(TableColumns(vectors=("text",)), types, iter(batches))
    assert encoder.schema.vectors == (Vector("text", 2),)
    assert encoder.encode_all(iter(batches)).vectors.tolist() == [[1, 2], [0, 0]]
