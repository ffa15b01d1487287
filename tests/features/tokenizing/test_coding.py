"""A recipe sets a tokenizer's own settings, and one that it has not is told in words."""

import re

import numpy as np
import pytest

from galen.features.tokenizing.coding import Coding
from galen.features.tokenizing.rq_vae import RqVae
from galen.features.tokenizing.semantic_ids import SemanticIdError
from galen.features.tokenizing.tokenizers import TOKENIZERS, tokenizer_spec

SOURCES = ("taken", "attributes", "text")


def coded(world, sizes, **settings):
    return Coding("residual_kmeans", sizes, SOURCES, 8, settings).ids(world.data, 0)


def test_what_a_recipe_says_of_the_last_level_is_how_codes_are_made(world):
    crowded, spread = (coded(world, (2, 8), balance=way) for way in ("none", "capacity"))
    apart = [len(np.unique(ids.codes[:, :-1], axis=0)) for ids in (crowded, spread)]
    assert apart[0] < apart[1]


def test_lists_of_a_recipe_become_the_tuples_of_the_settings():
    spec = tokenizer_spec("rq_vae", (4, 4), {"hidden": [8, 4], "steps": 3, "decay": 1})
    assert spec == RqVae((4, 4), hidden=(8, 4), steps=3, decay=1.0)


@pytest.mark.parametrize("name", sorted(TOKENIZERS))
def test_without_settings_a_tokenizer_is_as_it_comes(name):
    assert tokenizer_spec(name, (4, 4), {}) == TOKENIZERS[name]((4, 4))


@pytest.mark.parametrize(
    ("name", "settings", "said"),
    [
        (
            "residual_kmeans",
            {"balanse": "none"},
            "no setting 'balanse'; it has balance, iterations",
        ),
        ("product_codes", {"round": 2}, "Did you mean 'rounds'?"),
        (
            "residual_kmeans",
            {"balance": "optimal"},
            "cannot be set so: Invalid enum value 'optimal'",
        ),
        ("rq_vae", {"steps": "many"}, "Expected `int`, got `str` - at `$.steps`"),
        ("fsq", {"sizes": [4]}, "sizes stand beside tokenizer_settings"),
    ],
)
def test_a_setting_that_a_tokenizer_cannot_take_is_told(name, settings, said):
    with pytest.raises(SemanticIdError, match=re.escape(said)):
        tokenizer_spec(name, (4, 4), settings)


def test_an_item_of_which_no_source_tells_is_said_to_be_so(world):
    known = world.data.take(world.data.item != 5)
    silent, heard = (
        Coding(sizes=(2, 8), sources=sources, vector_size=8).ids_and_there(known, 0)[1]
        for sources in (("taken",), ("taken", "attributes"))
    )
    assert np.flatnonzero(~silent).tolist() == [5]
    assert heard.all()
