"""Benchmarks run from a shell: what is wrong is told in words, before anything has learned."""

from pathlib import Path

import pytest

from benchmarks import ctr, growth, sequences
from benchmarks.running import run_in_words
from galen.assembly.recipes.recipe import RecipeError
from galen.data.mendable import MendableError

MODULES = [
    path
    for path in sorted(Path(ctr.__file__).parent.glob("*.py"))
    if '__name__ == "__main__"' in path.read_text()
]


def fails(error):
    def main():
        raise error

    return main


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (MendableError("what is wrong."), "error: what is wrong."),
        (
            FileNotFoundError("a.parquet"),
            "error: a.parquet: there is no such file; check the path.",
        ),
        (FileNotFoundError(2, "Not here", "b.csv"), "error: [Errno 2] Not here: 'b.csv'"),
    ],
    ids=str,
)
def test_what_can_be_mended_is_one_line_and_status_1(error, told, capsys):
    with pytest.raises(SystemExit) as ended:
        run_in_words(fails(error))
    assert ended.value.code == 1
    assert capsys.readouterr().err == f"{told}\n"


def test_what_is_galens_own_fault_keeps_its_trace():
    with pytest.raises(ZeroDivisionError):
        run_in_words(fails(ZeroDivisionError("here")))


def test_every_benchmark_is_run_so():
    assert len(MODULES) >= 40
    assert [path.name for path in MODULES if "    run_in_words(main)" not in path.read_text()] == []


def test_a_name_that_no_recipe_has_is_told_before_a_file_is_read():
    nowhere = ["--models", "logistic,nosuch"]
    with pytest.raises(RecipeError, match="'nosuch' is neither a file nor"):
        ctr.main(["--data", "nowhere", *nowhere])
    with pytest.raises(RecipeError, match="'nosuch' is neither a file nor"):
        sequences.main(["--interactions", "nowhere", "--models", "popular,nosuch"])


def test_what_is_no_number_is_told_with_its_flag(capsys):
    with pytest.raises(SystemExit):
        growth.main(["--sizes", "1000,many"])
    assert "argument --sizes: invalid whole_numbers value: '1000,many'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("written", "told"), [("no/such.json", "there is no folder 'no'"), (".", "is a folder")]
)
def test_a_file_that_cannot_be_written_is_told_before_anything_is_done(
    written, told, capsys, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        growth.main(["--json", written])
    assert told in capsys.readouterr().err


def test_every_benchmark_asks_for_the_folder_of_its_figures():
    careless = '"--json", type=Path'
    assert [path.name for path in MODULES if careless in path.read_text()] == []
