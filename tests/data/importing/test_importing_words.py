"""Words of a file's own: translated, left out, or told with what to say."""

import pyarrow as pa
import pytest
from shop_files import HEADER, LENIENT, NOW, event, landed, run, shop

from galen.data.importing.importer import ImportRefused, ImportSettings, import_shop
from galen.data.importing.mapping import read_mapping
from galen.data.importing.words import left_out, translated
from galen.data.schema import Kind

SHOP_WORDS = {"kind": {"View": "click", "basket": "cart", "order": "purchase", "search": ""}}


def told(*kinds):
    return HEADER + b"".join(event(n, kind=kind) for n, kind in enumerate(kinds))


def test_words_of_a_file_mean_what_was_said_and_galens_own_still_hold(tmp_path):
    settings = ImportSettings(words=SHOP_WORDS)
    run(tmp_path, settings, events=told("view", " VIEW ", "order", "basket", "cart", "rating"))
    kinds = [Kind.CLICK, Kind.CLICK, Kind.PURCHASE, Kind.CART, Kind.CART, Kind.RATING]
    assert shop(tmp_path).read("events")["kind"].to_pylist() == [int(kind) for kind in kinds]


def test_codes_of_a_file_are_no_words_of_ours_until_it_is_said_what_they_mean(tmp_path):
    codes = told("1", "4", "3", "1")  # a shop's own: to us 1 is a click, 4 a rating, 3 a purchase
    with pytest.raises(ImportRefused, match=r"kind is not one of .*: '4'"):
        run(tmp_path, ImportSettings(), events=codes)
    words = {"kind": {"1": "click", "3": "cart", "4": "purchase"}}
    run(tmp_path, ImportSettings(words=words), events=codes)
    kinds = [Kind.CLICK, Kind.PURCHASE, Kind.CART, Kind.CLICK]
    assert shop(tmp_path).read("events")["kind"].to_pylist() == [int(kind) for kind in kinds]


def test_numbers_of_a_parquet_column_are_told_apart_by_their_words_too():
    column = pa.array([1, 3, None, 1], pa.int8())
    assert translated(column, {"1": "click"}).to_pylist() == ["click", "3", None, "click"]


def test_rows_of_a_word_that_means_nothing_are_left_out_and_counted_and_are_not_bad(tmp_path):
    settings = ImportSettings(words=SHOP_WORDS, max_bad_share=0.0)
    report = run(tmp_path, settings, events=told("search", "view", "Search", "order"))
    assert report.rows["events"] == 2
    assert report.left_out == {("events", "kind search"): 2}
    assert not report.quarantined
    assert '"left_out": {\n    "events": {\n      "kind search": 2' in report.json()


def test_a_shop_whose_prescription_classes_have_other_names_is_read_right(tmp_path):
    items = b"item_id,rx_class\ni0,GSL\ni1,POM\ni2,p\ni3,none\ni4,\n"
    words = {"rx_class": {"GSL": "otc", "P": "pharmacist", "POM": "prescription"}}
    run(tmp_path, ImportSettings(words=words), events=told(*["click"] * 5), items=items)
    found = shop(tmp_path).read("items")["rx_class"].to_pylist()
    assert found == ["otc", "prescription", "pharmacist", "none", None]


def test_words_that_nobody_knows_are_told_each_with_what_to_say(tmp_path):
    with pytest.raises(ImportRefused) as refused:
        run(tmp_path, ImportSettings(), events=told("view", "view", "order", "click"))
    lines = str(refused.value).splitlines()
    one_of = "kind is not one of impression, click, cart, purchase, rating, hide, return"
    assert [line for line in lines if " of events: " in line] == [
        f"  2 of events: {one_of}: 'view'",
        f"  1 of events: {one_of}: 'order'",
    ]
    assert any(line.endswith("--word kind.WORD= leaves its rows out.") for line in lines)


def test_of_a_column_that_holds_something_else_not_every_word_is_a_reason(tmp_path):
    report = run(tmp_path, LENIENT, events=told(*(f"word {n}" for n in range(300))))
    assert len(report.quarantined) == 1


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (
            {"sex": {"m": "f"}},
            "words of 'sex' cannot be given; they can of kind, surface, rx_class",
        ),
        ({"kind": {"view": "klick"}}, "'view' cannot mean 'klick'. Did you mean 'click'"),
        ({"rx_class": {"POM": "otc"}}, "no column is read as rx_class"),
    ],
)
def test_words_that_cannot_be_meant_are_refused_before_anything_is_read(tmp_path, words, why):
    with pytest.raises(ImportRefused, match=why):
        run(tmp_path, ImportSettings(words=words), events=told("click"))
    assert not (tmp_path / "shop").exists()


def test_words_stand_in_the_file_of_the_mapping_too(tmp_path):
    path = tmp_path / "mapping.toml"
    path.write_text('[events]\nkind = "what"\n[words.kind]\n"add to cart" = "cart"\n')
    said = read_mapping(path)
    assert said.tables == {"events": {"kind": "what"}}
    assert said.words == {"kind": {"add to cart": "cart"}}
    path.write_text('[event]\nkind = "what"\n')
    with pytest.raises(ImportRefused, match="unknown field `event`"):
        read_mapping(path)


def test_a_source_that_makes_its_own_columns_may_have_words_too(tmp_path):
    (tmp_path / "table.csv").write_text("label,user,item\n1,a,x\n0,b,y\n1,b,x\n")
    report = import_shop(
        "ctr-table",
        {"events": tmp_path / "table.csv"},
        tmp_path / "shop",
        now=NOW,
        settings=ImportSettings(words={"kind": {"click": "purchase", "impression": ""}}),
    )
    assert report.left_out == {("events", "kind impression"): 1}
    assert shop(tmp_path).read("events")["kind"].to_pylist() == [int(Kind.PURCHASE)] * 2


def test_what_is_missing_is_no_word():
    column = pa.chunked_array([pa.array(["b", None]), pa.array(["A", ""])])
    assert translated(column, {"a": "first"}).to_pylist() == ["b", None, "first", None]
    assert left_out(column, {"a": "", "b": "x"})["a"].tolist() == [False, False, True, False]


def test_galens_own_words_may_be_written_in_capitals_and_among_blanks(tmp_path):
    items = b"item_id,rx_class\ni0,OTC\ni1, Pharmacist \ni2,none\ni3,\n"
    data = HEADER + event(0, kind="Click", item_id="i0") + event(1, kind=" CLICK", item_id="i1")
    run(tmp_path, ImportSettings(assume={"rx_class": "None"}), events=data, items=items)
    found = shop(tmp_path).read("items")["rx_class"].to_pylist()
    assert found == ["otc", "pharmacist", "none", "none"]
    assert landed(tmp_path) == {"e0", "e1"}


def test_blanks_around_an_id_are_not_part_of_it(tmp_path):
    items = "item_id,title\n i0 ,Tube  one \ni1\u00a0,\t\n".encode()
    data = HEADER + event(0, user_id="u ", item_id="i0") + event(1, user_id=" u", item_id="i1 ")
    run(tmp_path, ImportSettings(), events=data, items=items)
    assert shop(tmp_path).read("items")["item_id"].to_pylist() == ["i0", "i1"]
    assert shop(tmp_path).read("items")["title"].to_pylist() == ["Tube  one", None]
    assert shop(tmp_path).read("users")["user_id"].to_pylist() == ["u"]
