"""The reference on disk is what the code makes, and holds every name."""

import dataclasses

import pytest

from galen.assembly import catalog
from galen.assembly.recipes.recipe import RankPart, RecallPart, Recipe, SamplesPart
from galen.features.declared import DECLARED
from galen.nn.learning.training import Training
from galen.rank.serving import Serving
from galen.recall.fusion import Fusion
from galen.serve.settings import Settings
from reference.pages import FOLDER, PAGES, pages, write
from reference.rows import remarks, table


@pytest.fixture(scope="module")
def made():
    return pages()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_on_disk_is_what_the_command_makes(name, made):
    assert (FOLDER / name).read_text() == made[name], "run `python -m reference`"


def test_there_is_no_page_that_nothing_makes():
    assert {path.name for path in FOLDER.iterdir()} == set(PAGES)


def test_every_part_setting_and_feature_is_told(made):
    parts = {**catalog.RETRIEVERS, **catalog.NETWORKS, **catalog.RERANKERS, **catalog.FILTERS}
    for name in parts:
        assert f"### {name}\n" in made["parts.md"]
    for name in Settings.__struct_fields__:
        assert f"| `{name}` |" in made["settings.md"]
    for one in DECLARED:
        assert f"| `{one.name}` |" in made["features.md"]


def test_no_key_of_a_recipe_s_file_is_without_a_meaning(made):
    rows = [line for line in made["recipe.md"].splitlines() if line.startswith("| `")]
    assert [row for row in rows if row.endswith("|  |")] == []
    for kind in (Recipe, RecallPart, RankPart, SamplesPart, Training, Serving, Fusion):
        for field in dataclasses.fields(kind):
            assert any(f"| `{field.name}` |" in row for row in rows) or field.name == "settings"


def test_the_source_s_remarks_are_told(made):
    assert "the SKU" in made["tables.md"]
    assert "0: any free one" in made["settings.md"]


def test_a_remark_belongs_to_the_name_that_begins_its_line():
    source = 'a: int = 1  # first\nb = "# none"\npa.field("c", x)  # third\n# alone\n'
    assert remarks(source) == {"a": "first", "c": "third"}


def test_a_bar_in_a_cell_does_not_part_it():
    assert table(("a",), [("x | y",)]) == "| a |\n| --- |\n| x \\| y |\n"


def test_the_command_writes_every_page(tmp_path):
    write(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(PAGES)
