"""What the columns of a table of samples are: by their usual names, and as its file says."""

import re

import pytest

from galen.features.encoding.tables import NAME, TableError, columns_of

NAMES = ["label", "bought", "user_id", "item", "item_id", "position", "price"]


def test_columns_are_known_by_their_usual_names(tmp_path):
    found = columns_of(tmp_path, NAMES)
    assert (found.user, found.item, found.position, found.scene) == (
        "user_id",
        "item",  # the first of the names that are usual
        "position",
        "",
    )
    assert found.labels == {"click": "label"}


def test_what_the_file_does_not_say_goes_by_the_usual_names(tmp_path):
    (tmp_path / NAME).write_text('labels = {purchase = "bought"}\nitem = "item_id"\nposition = ""')
    found = columns_of(tmp_path, NAMES)
    assert found.labels == {"purchase": "bought"}
    assert (found.user, found.item, found.position) == ("user_id", "item_id", "")


@pytest.mark.parametrize("said", ["", 'labels = {click = "label"}'])
def test_a_table_without_its_label_is_told_where_to_name_one(tmp_path, said):
    (tmp_path / NAME).write_text(said)
    with pytest.raises(TableError) as told:
        columns_of(tmp_path, NAMES[1:])
    assert "has no column 'label'; it has bought, user_id" in str(told.value)
    assert 'samples.toml which one is to be predicted: labels = {click = "COLUMN"}' in str(
        told.value
    )


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b'item = "sku"', "there is no column 'sku'"),
        (b"item = [", "samples.toml"),
        (b"item = 3", "Expected `str`"),
        (b"kept_negatives = 0.0", "$.kept_negatives"),
        (b"kept_negatives = 1.5", "$.kept_negatives"),
        (b"kept_negatives = nan", "$.kept_negatives"),
        (b'items = "item"', "unknown field `items`"),
        (b"\xff", "samples.toml"),
    ],
)
def test_a_file_that_cannot_be_meant_is_told_by_its_name(tmp_path, said, why):
    (tmp_path / NAME).write_bytes(said)
    with pytest.raises(TableError, match=re.escape(NAME)) as told:
        columns_of(tmp_path, NAMES)
    assert why in str(told.value)


@pytest.mark.parametrize(
    "said",
    [
        'skip = ["bougth"]',
        'encodings = {bougth = "periodic"}',
        'shared = {bougth = "things"}',
        'shared = {"bougth:hour" = "hours"}',
        'targets = {bougth = "item"}',
        'history = ["bougth"]',
    ],
)
def test_a_name_that_is_no_column_is_told_with_the_nearest_wherever_it_stands(tmp_path, said):
    (tmp_path / NAME).write_text(said)
    with pytest.raises(TableError, match=r"no column 'bougth'; .*Did you mean 'bought'\?"):
        columns_of(tmp_path, NAMES)


def test_parts_of_moments_may_share_a_table(tmp_path):
    (tmp_path / NAME).write_text('shared = {"bought:hour" = "hours", item = "item_id"}')
    assert columns_of(tmp_path, NAMES).shared == {"bought:hour": "hours", "item": "item_id"}


@pytest.mark.parametrize(
    "said", ['skip = ["position"]', 'numbers = ["position"]', 'weight = "position"']
)
def test_a_column_that_is_said_to_be_something_else_has_no_usual_role(tmp_path, said):
    (tmp_path / NAME).write_text(said)
    found = columns_of(tmp_path, NAMES)
    assert found.position == ""
    assert found.user == "user_id"
