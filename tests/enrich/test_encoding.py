"""What a run has encoded when it ends before its time is not asked again."""

import numpy as np
import pytest
from enrich.letters import LATER, Letters, table, written

from galen.enrich.encoding import Unfinished, encoded
from galen.llm.language_model import LanguageModelError

TITLES = {f"item-{n}": f"soap {'abcdefghij'[n] * 3}" for n in range(10)}


class Breaking(Letters):
    """Answers so many batches, then ends as it is told to."""

    def __init__(self, batches, ending, **letters):
        super().__init__(**letters)
        self.left, self.ending = batches, ending

    def embed(self, texts):
        if not self.left:
            raise self.ending
        self.left -= 1
        return super().embed(texts)


@pytest.fixture(params=[LanguageModelError("the server is gone."), KeyboardInterrupt()])
def broken(request, tmp_path):
    """A folder in which a run ended after six of ten texts."""
    with pytest.raises(type(request.param)):
        written(tmp_path, TITLES, Breaking(3, request.param), batch=2)
    return tmp_path


def test_a_run_goes_on_where_one_ended(broken, tmp_path_factory):
    again = Letters()
    told = written(broken, TITLES, again, LATER, batch=2)
    assert sorted(again.asked[2:]) == sorted(TITLES.values())[6:]  # after two probes
    whole = tmp_path_factory.mktemp("whole")
    written(whole, TITLES, Letters(), LATER)
    assert table(broken) == table(whole)
    assert told.encoded == len(TITLES)
    assert [path.name for path in broken.iterdir()] == ["vectors.parquet"]


def test_an_error_tells_how_many_texts_are_kept(tmp_path):
    with pytest.raises(LanguageModelError, match=r"server is gone\. 6 of 10 texts .* kept"):
        written(tmp_path, TITLES, Breaking(3, LanguageModelError("the server is gone.")), batch=2)
    with pytest.raises(LanguageModelError, match=r"^the server is gone\.$"):
        written(tmp_path / "other", TITLES, Breaking(0, LanguageModelError("the server is gone.")))


@pytest.mark.parametrize("other", [{"turn": 1.0}, {"letters": "soap"}, {"name": "letters:2"}])
def test_what_another_encoder_left_is_asked_anew(broken, other):
    again = Letters(**other)
    written(broken, TITLES, again, batch=2)
    assert set(again.asked) == set(TITLES.values())
    assert {len(row["vector"]) for row in table(broken).values()} == {len(again.letters)}


def test_a_file_that_was_cut_short_is_asked_anew(broken):
    cut = sorted(broken.rglob("*.parquet"))[0]
    cut.write_bytes(cut.read_bytes()[:50])
    again = Letters()
    written(broken, TITLES, again, batch=2)
    assert len(set(again.asked[2:])) == 6


def test_vectors_that_are_no_numbers_are_not_kept_for_later(tmp_path):
    left = Unfinished(tmp_path, "letters:1")
    left.add(["a", "b"], np.array([[1.0, 2.0], [np.nan, 0.0]], np.float32))
    (vector,) = left.read().values()
    assert vector.tolist() == [1, 2]


def test_progress_is_told_of_all_texts(broken):
    seen = []
    texts = list(TITLES.values())
    left = Unfinished(broken / "vectors.unfinished", "letters:1")
    found = encoded(
        texts, Letters(), 2, left, lambda doing, done, total: seen.append((done, total))
    )
    assert seen == [(8, 10), (10, 10)]
    assert found.tolist() == Letters().embed(texts).tolist()
