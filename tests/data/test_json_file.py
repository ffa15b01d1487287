"""Figures are written so that every parser reads them."""

import json
from dataclasses import dataclass

import numpy as np

from galen.data.json_file import write_json_file


@dataclass(frozen=True)
class Figures:
    auc: float
    place: object


def test_what_is_no_number_is_null_and_numbers_of_numpy_are_numbers(tmp_path):
    path = tmp_path / "figures.json"
    told = [Figures(float("nan"), tmp_path), Figures(np.float64(0.5), np.float32(0.25))]
    write_json_file(path, {"each": told, "all": np.array([1, 2]), "most": np.float64("inf")})
    assert json.loads(path.read_text(), parse_constant=lambda name: 1 / 0) == {
        "each": [{"auc": None, "place": str(tmp_path)}, {"auc": 0.5, "place": 0.25}],
        "all": [1, 2],
        "most": None,
    }
