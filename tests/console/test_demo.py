"""The demo writes tables of its shop at the right cut, trains on them, and says who wrote them."""

from datetime import UTC, datetime

import pyarrow.parquet as pq
import pytest

from galen.assembly.bundles.bundle import Bundle
from galen.assembly.split import known_before
from galen.console.demo import DemoSettings, make_demo
from galen.console.demo_tables import TABLES, write_tables
from galen.data.dataset import Dataset
from galen.data.enriched import enriched_folder, made_from
from galen.data.shop import Shop
from galen.llm.language_model import LanguageModelError

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def silent(what):
    pass


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    return folder, make_demo(folder, DemoSettings(users=250, items=100), NOW, silent)


def extent_of(folder, table="needs"):
    return made_from(pq.read_table(enriched_folder(folder / "shop") / f"{table}.parquet"))


def test_the_summary_says_that_rules_wrote_the_tables(made):
    caption = str(made[1].caption)
    assert all(f"{table} by rules:{table}@1" in caption for table in TABLES)


def test_the_table_that_is_left_is_the_one_for_serving(made):
    folder, _ = made
    data = Dataset.read(Shop.open(folder / "shop"))
    assert extent_of(folder) == known_before("full", data).extent
    assert extent_of(folder) != known_before("global-time", data).extent


def test_the_evaluated_bundle_carries_a_table_that_knows_nothing_of_what_is_held_out(made):
    folder, _ = made
    shop = Shop.open(folder / "shop")
    left = pq.read_table(enriched_folder(shop.folder) / "needs.parquet")
    write_tables(shop, "global-time", "rules", NOW)
    known = known_before("global-time", Dataset.read(shop)).extent
    assert extent_of(folder) == known
    earlier = pq.read_table(enriched_folder(shop.folder) / "needs.parquet")
    write_tables(shop, "full", "rules", NOW)
    for place, table in (("evaluated", earlier), ("bundle", left)):
        needs = Bundle.open(folder / place).parts().retrievers["needs"]
        assert needs.settings.table == "needs"
        told = set(zip(table["key"].to_pylist(), table["product_word"].to_pylist(), strict=True))
        reader = needs.reader
        rows, words = needs.weight.nonzero()
        codes = needs.keys.codes[rows].tolist()
        carried = {
            (reader.key(code), reader.words["landing"][word])
            for code, word in zip(codes, words.tolist(), strict=True)
        }
        assert carried == told


def test_a_provider_that_is_none_is_told_before_anything_is_trained(tmp_path):
    settings = DemoSettings(users=200, items=100, provider="gpt")
    with pytest.raises(LanguageModelError, match="`rules`, `recorded`"):
        make_demo(tmp_path, settings, NOW, silent)
    assert not (tmp_path / "evaluated").exists()
