"""The command line as a person meets it: errors in words, no traces."""

import json
import subprocess
import sys

import pytest


def galen(*arguments, cwd):
    return subprocess.run(
        [sys.executable, "-c", "from galen.cli.main import main; main()", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["train", "nowhere", "out"], "nowhere is not a shop"),
        (["evaluate", "nowhere", "out"], "not a bundle"),
        (["recommend", "nowhere", "out"], "is not a"),
        (["rollback", "nowhere"], "not a bundle's folder of versions"),
        (["import", "sequence", "out"], "sequence"),
        (["describe", "nowhere"], "not a shop"),
        (["merge", "nowhere", "out"], "two or more of different names"),
        (["merge", "nowhere", "neither", "out"], "nowhere is not a shop"),
    ],
)
def test_an_error_that_a_person_can_mend_is_told_in_words(arguments, said, tmp_path):
    done = galen(*arguments, cwd=tmp_path)
    assert done.returncode == 1
    assert said in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["train", "shop", "a_file"], "'BUNDLE'"),
        (["train", "shop", "out", "--json", "no/such.json"], "there is no folder 'no'"),
        (["compare", "shop", "--report", "no/such.html"], "there is no folder 'no'"),
        (["evaluate", "shop", "out", "--json", "shop"], "is a folder"),
        (["compare", "a_file"], "'SHOP'"),
    ],
)
def test_what_cannot_be_written_is_told_before_anything_is_done(arguments, said, tmp_path):
    (tmp_path / "shop").mkdir()  # is no shop, which would be told next
    (tmp_path / "a_file").touch()
    done = galen(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.stderr


def test_from_a_made_up_shop_to_a_slate(tmp_path):
    for arguments in (
        ["synth", "shop", "--users", "400", "--items", "150", "--quiet"],
        ["train", "shop", "bundle", "--quiet"],
        ["recommend", "shop", "bundle", "-n", "3", "--json", "slate.json"],
    ):
        done = galen(*arguments, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "slate.json").stat().st_size > 0


def test_shops_become_one_that_other_commands_read(tmp_path):
    for arguments in (
        ["synth", "one", "--users", "30", "--items", "20", "--quiet"],
        ["synth", "two", "--users", "40", "--items", "30", "--quiet"],
        ["merge", "one", "two", "both", "--json", "rows.json", "--quiet"],
        ["describe", "both", "--quiet"],
    ):
        done = galen(*arguments, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    rows = json.loads((tmp_path / "rows.json").read_text())
    assert (rows["items"], rows["users"]) == (50, 70)


def test_where_most_items_may_not_be_shown_every_command_that_would_be_empty_says_so(tmp_path):
    rows = [f"u{n % 40},i{n % 13},purchase,{1_700_000_000 + 3600 * n}" for n in range(800)]
    (tmp_path / "events.csv").write_text("user_id,item_id,kind,timestamp\n" + "\n".join(rows))
    imported = galen("import", "table", "shop", "--events", "events.csv", "--quiet", cwd=tmp_path)
    trained = galen("train", "shop", "out", "--recipe", "popular", "--quiet", cwd=tmp_path)
    told = "13 of 13 items are shown to nobody, since it is unknown of them: rx_class (13)"
    assert told in imported.stdout.replace("\n", " ")
    assert f"note: {told}" in trained.stderr
    assert "--assume hidden=false" in trained.stderr
