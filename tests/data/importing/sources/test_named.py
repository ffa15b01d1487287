import re
from pathlib import Path

import pytest
from shop_files import NOW, run, shop

from galen.data.importing.feeds import FIELDS, ImportRefused
from galen.data.importing.importer import SOURCES, ImportSettings, import_shop
from galen.data.importing.mapping import read_mapping

GUIDE = (Path(__file__).parents[4] / "docs/guides/own-data.md").read_text()


def test_the_guide_lists_the_sources_with_their_paths_and_options():
    section = GUIDE.split("## Named sources")[1]
    rows = re.findall(r"^\| `([\w-]+)` \| (.*?) \|(.*?)\|$", section, re.MULTILINE)
    told = {name: (re.findall(r"`(\w+)`", p), re.findall(r"`(\w+)`", o)) for name, p, o in rows}
    assert told == {name: (list(s.paths), list(s.options)) for name, s in SOURCES.items()}


def test_the_guide_names_every_field():
    for table, fields in FIELDS.items():
        (row,) = re.findall(rf"^\| `{table}` \| (.*) \| (.*) \|$", GUIDE, re.MULTILINE)[:1]
        assert set(re.findall(r"`(\w+)`", " ".join(row))) == set(fields.names)


def test_the_mapping_and_the_words_of_the_guide_are_understood(tmp_path: Path):
    (tmp_path / "mapping.toml").write_text(
        "\n".join(re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL))
    )
    said = read_mapping(tmp_path / "mapping.toml")
    settings = ImportSettings(mapping=said.tables, words=said.words)
    items = b"item_id,rx_class\nx,GSL\n"
    run(tmp_path, settings, events=b"customer,sku,ordered_at\nA,x,2026-01-01\n", items=items)
    assert shop(tmp_path).rows("events") == 1
    assert shop(tmp_path).read("items")["rx_class"].to_pylist() == ["otc"]


@pytest.mark.parametrize(
    ("source", "paths", "words"),
    [
        ("amazon", {}, "no source 'amazon'.*amazon-reviews"),
        ("sequences", {"interaction": "x"}, "Did you mean 'interactions'"),
        ("sequences", {}, "needs the path 'interactions': --path interactions=FILE"),
        ("table", {}, "needs the path 'events': --events FILE"),
        ("movielens", {"folder": "nowhere"}, "has no ratings"),
        ("complete-journey", {"folder": "nowhere"}, "no such folder"),
    ],
)
def test_what_a_source_needs_is_told(
    tmp_path: Path, source: str, paths: dict[str, str], words: str
):
    with pytest.raises(ImportRefused, match=words):
        import_shop(source, {n: Path(p) for n, p in paths.items()}, tmp_path / "shop", now=NOW)


def test_an_unknown_option_is_refused(tmp_path: Path):
    with pytest.raises(ImportRefused, match=r"no option 'lable'\. Did you mean 'label'"):
        import_shop(
            "ctr-table",
            {"events": tmp_path / "x.csv"},
            tmp_path / "shop",
            now=NOW,
            settings=ImportSettings(options={"lable": "y"}),
        )


def test_a_column_that_a_source_reads_and_a_file_lacks_is_named(tmp_path: Path):
    paths = {"events": tmp_path / "clicks.csv"}
    paths["events"].write_text("user,item,label\na,x,1\n")
    settings = ImportSettings(options={"label": "labels"})
    with pytest.raises(ImportRefused, match=r"no column 'labels'; the nearest is 'label'\."):
        import_shop("ctr-table", paths, tmp_path / "shop", now=NOW, settings=settings)
