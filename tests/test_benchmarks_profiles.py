"""The benchmark of profiles: its placebo differs in words alone, and its gains are differences."""

import numpy as np
import pytest

from benchmarks.profiles import main, permuted, written
from galen.assembly.split import known_before
from galen.data.dataset import Dataset
from galen.data.synthetic.shop import SyntheticSettings, synthesize


@pytest.fixture(scope="module")
def profiles(tmp_path_factory):
    folder = tmp_path_factory.mktemp("profiles") / "shop"
    shop = synthesize(folder, SyntheticSettings(250, 100, 120, 0), lambda *_: None)
    return written(known_before("global-time", Dataset.read(shop)))


def test_the_placebo_has_the_same_weights_under_other_words(profiles):
    own, other = (one.profiles.weight.toarray() for one in (profiles, permuted(profiles, 0)))
    np.testing.assert_allclose(np.sort(own, axis=1), np.sort(other, axis=1))
    assert not np.allclose(own, other)
    assert permuted(profiles, 0).until == profiles.until


@pytest.mark.slow
def test_gains_are_over_the_declared_features(capsys):
    main(["--users", "300", "--items", "120", "--days", "120", "--seeds", "1"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        f"seed 0 {name}" for name in ("declared", "with profiles", "placebo")
    ]
    told = [dict(part.rsplit(" ", 1) for part in line.split(": ")[1].split("  ")) for line in lines]
    gain = float(told[1]["click auc"]) - float(told[0]["click auc"])
    assert float(told[1]["click auc gain"]) == pytest.approx(gain, abs=2e-4)
