"""What was found is taken again only where all that it follows from is as it was."""

import shutil
from datetime import UTC, datetime

import msgspec
import pytest

from galen.compare.keeping import digest_of
from galen.compare.task import ContestantTask
from galen.data.enriched import enriched_folder
from galen.knowledge.build import build

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def task(compared_shop, tmp_path):
    return ContestantTask(
        step="learned",
        shop=str(compared_shop),
        recipe={"name": "own", "recall": {"needs": {"folder": str(tmp_path / "known")}}},
        protocol="strict",
        seed=0,
        pack="general",
        folder=str(tmp_path / "steps"),
        rate=1.0,
        requests=1,
    )


def test_knowledge_that_a_recipe_names_and_that_was_built_anew_is_another_question(task, tmp_path):
    mine = tmp_path / "mine.toml"
    told = '[source]\nname = "mine"\nlicence = "own"\ndate = 2026-01-01\n[{table}]\n'
    digests = []
    for name in ("myrrh", "incense"):
        mine.write_text(told.format(table="ingredient") + f"{name} = []\n")
        build({"own": [mine]}, tmp_path / "known", NOW, shipped=False)
        digests.append(digest_of(task, "1", ()))
    assert len({*digests, digest_of(task, "2", ())}) == 3
    assert digest_of(task, "1", ()) == digests[1]


def test_a_file_that_a_recipe_names_counts_by_what_it_holds(task, tmp_path):
    file = tmp_path / "words.txt"
    recipe = {"name": "own", "recall": {"next": {"words": str(file), "of": ["popular", 3]}}}
    own = msgspec.structs.replace(task, recipe=recipe)
    digests = [digest_of(own, "1", ())]
    for text in ("one", "two"):
        file.write_text(text)
        digests.append(digest_of(own, "1", ()))
    assert len(set(digests)) == 3


def test_a_folder_that_has_the_name_of_a_recipe_or_a_model_is_no_part_of_it(
    task, tmp_path, monkeypatch
):
    recall = {"needs": {"model": "popular", "words": 60, "knowledge": "known"}}
    own = msgspec.structs.replace(task, recipe={"name": "own", "recall": recall})
    monkeypatch.chdir(tmp_path)
    digests = [digest_of(own, "1", ())]
    for name in ("own", "popular", "known"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "notes.txt").write_text("trained here")
        digests.append(digest_of(own, "1", ()))
    before, with_recipe, with_model, with_knowledge = digests
    assert before == with_recipe == with_model != with_knowledge


def test_tables_beside_a_shop_count_where_the_recipe_reads_them(task, tmp_path):
    shop = tmp_path / "shop"
    shutil.copytree(task.shop, shop)
    enriched_folder(shop).mkdir()
    own = msgspec.structs.replace(task, shop=str(shop))
    bare = digest_of(own, "1", {"needs"})
    (enriched_folder(shop) / "relations.parquet").write_bytes(b"one")
    assert digest_of(own, "1", {"needs"}) == bare
    (enriched_folder(shop) / "needs.parquet").write_bytes(b"one")
    first = digest_of(own, "1", {"needs"})
    (enriched_folder(shop) / "needs.parquet").write_bytes(b"two")
    assert len({bare, first, digest_of(own, "1", {"needs"})}) == 3
