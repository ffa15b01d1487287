"""Disguised names are found, honest ones in any script are not."""

import pytest

from galen.knowledge.labels.lookalikes import disguise


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("p\u0430racetamol", "mixes scripts in 'p\u0430racetamol'"),  # Cyrillic a
        ("ibu\u200bprofen", "unseen character, U\\+200B"),
        ("asp\u00adirin", "unseen character, U\\+00AD"),
        ("asp\ufe0firin", "unseen character, U\\+FE0F"),
        ("\u0391spirin", "is Greek"),  # Greek capital alpha
        ("asp\nirin", "unseen character, U\\+000A"),
        (" ", "is empty"),
    ],
)
def test_a_disguised_name_is_found(name, reason):
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(disguise(name))


@pytest.mark.parametrize(
    "name",
    [
        "paracetamol",
        "\u03b1-tocopherol",
        "interferon\u03b1",
        "维生素D3",
        "β受体阻滞剂",
        "аспирин",
        "l-メントール",
        "Cétuximab",
    ],
)
def test_an_honest_name_is_let_through(name):
    assert disguise(name) is None
