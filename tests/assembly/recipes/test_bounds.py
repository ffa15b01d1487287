"""A setting that cannot be is refused in words, whatever part it is of."""

import dataclasses
import math
import typing

import pytest

from galen.assembly import catalog
from galen.assembly.recipes.bounds import COUNTS, FREE, beyond
from galen.assembly.recipes.recipe import RecipeError, settings_of
from galen.nn.learning.training import Training

KINDS = {
    kind.__name__: kind
    for table in (catalog.RETRIEVERS, catalog.RANKERS, catalog.NETWORKS, catalog.RERANKERS)
    for kind in table.values()
} | {"Training": Training}


def numeric(kind):
    """Names of settings that are a number, several, or perhaps one."""
    types = typing.get_type_hints(kind)
    for field in dataclasses.fields(kind):
        whole = {types[field.name], *typing.get_args(types[field.name])}
        if whole & {int, float} and field.init:
            yield field.name, typing.get_origin(types[field.name]) is tuple


@pytest.mark.parametrize("name", KINDS)
def test_what_a_part_comes_with_is_within_its_bounds(name):
    kind = KINDS[name]
    for field in dataclasses.fields(kind):
        if field.default is not dataclasses.MISSING:
            assert not beyond(field.name, field.default), field.name


@pytest.mark.parametrize("name", KINDS)
def test_a_number_below_its_bounds_is_refused_by_the_name_of_its_setting(name):
    kind = KINDS[name]
    for setting, several in numeric(kind):
        if setting in FREE:
            continue
        wrong = 0 if setting in COUNTS else -1
        given = {setting: [wrong] if several else wrong}
        with pytest.raises(RecipeError, match=f"here: {setting} = .*: it must "):
            settings_of(kind, given, "here")


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("width", 0, "must be 1 or more"),
        ("hidden", (64, 0), "must be 1 or more"),
        ("learning_rate", 0.0, "must be above 0"),
        ("share", 1.1, "must lie between 0 and 1"),
        ("dropout", 1.0, "must be 0 or more, and below 1"),
        ("l2", -1.0, "must be 0 or more"),
        ("l2", math.nan, "must be 0 or more"),
        ("target_power", math.nan, "must be a number"),
    ],
)
def test_a_value_beyond_is_told_what_it_must_be(name, value, told):
    assert beyond(name, value) == told


@pytest.mark.parametrize(
    ("name", "value"),
    [("hidden", ()), ("half_life", None), ("share", 1.0), ("identity", False), ("slot", -1)],
)
def test_what_may_be_is_let_by(name, value):
    assert beyond(name, value) == ""
