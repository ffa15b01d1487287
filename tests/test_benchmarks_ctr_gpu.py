"""The GPU benchmark runs end to end where there is no GPU, and says what it did not measure."""

import json

import pytest
import torch

from benchmarks import ctr_gpu
from benchmarks.criteo_shape import SIZES, drawn, schema_of

SMALL = ["--device", "cpu", "--batch", "512", "--steps", "3"]
SMALL += ["--parameters", "1e6", "--block-parameters", "1e4"]


def test_every_workload_is_measured_on_a_cpu_without_its_shares(tmp_path, capsys):
    file = tmp_path / "rows.json"
    ctr_gpu.main([*SMALL, "--json", str(file)])
    rows = json.loads(file.read_text())
    assert [row["model"] for row in rows] == ["dlrm", "dcnv2", "din", "rankmixer", "hstu"]
    for row in rows:
        metrics = row["metrics"]
        assert min(metrics.values()) > 0
        assert metrics["table_parameters"] == pytest.approx(1e6, rel=1e-3)
        assert not [name for name in metrics if name.startswith("share")]
    lines = capsys.readouterr().out.splitlines()
    assert "target 6,000,000 samples/s: not measured" in lines[0]
    assert lines[-1].endswith("shares of peak FLOPs and of memory bandwidth are not measured.")


def test_flops_are_six_for_each_row_and_dense_weight(tmp_path):
    file = tmp_path / "rows.json"
    ctr_gpu.main([*SMALL, "--models", "dlrm", "--steps", "1", "--json", str(file)])
    metrics = json.loads(file.read_text())[0]["metrics"]
    products = 3 * 2 * 27 * 27 * 128 * 512  # forward, and a gradient for either side
    offsets = 512 + 256 + 128 + 1024 + 1024 + 512 + 256 + 1
    first = 2 * 512 * 26 * 512  # the numbers themselves need no gradient
    weights = metrics["dense_parameters"] - offsets
    assert metrics["flops_per_step"] == 6 * 512 * weights - first + products


def test_a_model_that_does_not_fit_is_told_with_what_to_make_smaller(capsys):
    with pytest.raises(SystemExit):
        ctr_gpu.main([*SMALL, "--models", "dlrm", "--parameters", "1e15"])
    error = capsys.readouterr().err
    assert "dlrm: the device has not enough memory for 512 rows a step" in error
    assert "make --batch or --parameters smaller" in error


def test_an_unknown_workload_is_refused_with_those_there_are(capsys):
    with pytest.raises(SystemExit):
        ctr_gpu.main(["--models", "dlrn"])
    assert "'dlrn'; there are dlrm, dcnv2" in capsys.readouterr().err


@pytest.mark.parametrize("parameters", [1e6, 4e9])
def test_tables_have_the_asked_number_of_parameters_in_the_proportions_of_criteo(parameters):
    sizes = [field.size for field in schema_of(parameters, 16).categories]
    assert sum(sizes) * 16 == pytest.approx(parameters, rel=1e-4)
    scale = parameters / 16 / sum(SIZES)
    assert sizes[10] == pytest.approx(SIZES[10] * scale, rel=1e-2)
    assert min(sizes) >= 2


def test_drawn_ids_are_rows_of_their_tables_and_the_same_for_the_same_seed():
    schema = schema_of(1e5, 16, history=5)
    first, second = (drawn(schema, 64, torch.Generator().manual_seed(3)).inputs for _ in range(2))
    sizes = torch.tensor([field.size for field in schema.categories])
    assert ((first.categories >= 0) & (first.categories < sizes)).all()
    assert first.history.shape == (64, 5, 2)
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
