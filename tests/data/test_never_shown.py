"""Items that lack what decides whether they may be shown: counted, and told with what to do."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from shop_files import event, events, run, shop

from galen.data.describe import describe
from galen.data.importing.feeds import OPEN_SALE
from galen.data.importing.importer import ImportSettings
from galen.data.never_shown import DECIDING, NeverShown

WHOLE = {"rx_class": "otc", "stock": 1, "regions": ["*"], "min_age": 0, "hidden": False}
ROWS = some.lists(some.sets(some.sampled_from(DECIDING)), max_size=8)


def items(lacking):
    return pa.table(
        {
            name: pa.array([None if name in lacks else WHOLE[name] for lacks in lacking], kind)
            for name, kind in (
                ("rx_class", pa.string()),
                ("stock", pa.int64()),
                ("regions", pa.list_(pa.string())),
                ("min_age", pa.int64()),
                ("hidden", pa.bool_()),
            )
        }
    )


def test_the_fields_that_decide_are_those_that_research_data_must_assume():
    assert set(DECIDING) == set(OPEN_SALE)


@given(ROWS, ROWS)
@settings(deadline=None)
def test_an_item_lacks_if_any_field_does_and_parts_add_up(first, second):
    found = NeverShown.of(items(first)) + NeverShown.of(items(second))
    both = [*first, *second]
    assert found == NeverShown.of(items(both))
    assert (found.items, found.lacking) == (len(both), sum(bool(lacks) for lacks in both))
    for name in DECIDING:
        assert found.unknown.get(name, 0) == sum(name in lacks for lacks in both)
    assert bool(found.told()) == (found.lacking > 0)


def test_a_field_without_a_column_is_unknown_of_all():
    found = NeverShown.of(items([{"stock"}, set(), set()]).drop_columns("hidden"))
    assert found.lacking == 3
    assert found.most
    assert (
        "3 of 3 items are shown to nobody, since it is unknown of them: stock (1), hidden (3)"
        in (found.told())
    )


def test_few_that_lack_are_not_most():
    assert not NeverShown.of(items([{"stock"}, set()])).most


@pytest.mark.parametrize("given_items", [True, False])
def test_an_import_counts_them_as_the_shop_has_them_whether_it_has_a_file_of_items(
    tmp_path, given_items
):
    files = {"events": events(10)}
    if given_items:
        files["items"] = b"item_id,rx_class,stock\n" + b"".join(
            f"i{n},{'otc' if n else ''},4\n".encode() for n in range(5)
        )
    decided = ImportSettings(assume={"regions": "*", "min_age": "0", "hidden": "false"})
    report = run(tmp_path, decided, **files)
    unknown = {"rx_class": 1} if given_items else {"rx_class": 5, "stock": 5}
    assert report.never_shown == NeverShown(5, 1 if given_items else 5, unknown)
    assert report.never_shown == NeverShown.in_shop(shop(tmp_path))
    quality = describe(shop(tmp_path))
    assert ("items shown to nobody", f"{report.never_shown.lacking}") in quality.facts()


def test_a_shop_that_says_all_is_told_nothing(tmp_path):
    report = run(tmp_path, ImportSettings(assume=OPEN_SALE), events=events(3) + event(3))
    assert report.never_shown.told() == ""
