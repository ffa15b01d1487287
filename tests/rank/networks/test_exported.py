"""What a bundle serves scores as what was trained, for every network and way of serving."""

import numpy as np
import pytest
import torch
from rank.networks.schemas import PLAIN, RICH, plain_samples, rich_samples

from galen.assembly.catalog import NETWORKS
from galen.features.encoding.schema import Category, Schema, SchemaError
from galen.nn.exporting import ExportError
from galen.nn.learning.course import Course
from galen.nn.learning.training import Training
from galen.rank.calibration import Platt
from galen.rank.network import Network, NetworkModel
from galen.rank.serving import FILE, Serving

BOTH = ("click", "purchase")
ONNX = Serving(engine="onnx")


def model_of(name, serving, schema=RICH):
    """An untrained network as a model; its weights are as good as any for being the same."""
    torch.manual_seed(0)
    network = NETWORKS[name]().build(schema, BOTH).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    same = Platt(1.0, 0.0)
    return NetworkModel(schema, BOTH, network, (same, same), Course(), serving)


def served(name, model, folder):
    model.save(folder)
    return Network(NETWORKS[name](), Training(), serving=model.serving).load(folder)


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_an_exported_network_scores_as_the_trained_one(name, tmp_path):
    model = model_of(name, ONNX)
    there = served(name, model, tmp_path)
    assert there.session is not None
    for rows in (1, 50):
        samples = rich_samples(rows, seed=rows)
        np.testing.assert_allclose(there.score(samples), model.score(samples), atol=1e-5, rtol=0)


@pytest.mark.parametrize("engine", ["eager", "onnx"])
@pytest.mark.parametrize(("kind", "near"), [("bfloat16", 0.02), ("int8", 0.05)])
def test_small_tables_score_nearly_the_same(engine, kind, near, tmp_path):
    model = model_of("deepfm", Serving(engine=engine, tables=kind), PLAIN)
    samples = plain_samples(200)
    there = served("deepfm", model, tmp_path)
    apart = np.abs(there.score(samples) - model.score(samples)).max()
    assert 0 < apart < near


def test_int8_tables_are_a_quarter_of_the_file(tmp_path):
    sizes = {}
    schema = Schema(categories=(Category("user", 40_000), Category("item", 30)))
    for kind in ("float32", "int8"):
        folder = tmp_path / kind
        folder.mkdir()
        model_of("fm", Serving(engine="onnx", tables=kind), schema).save(folder)
        sizes[kind] = sum(file.stat().st_size for file in folder.glob(f"{FILE}*"))
    assert sizes["int8"] < 0.4 * sizes["float32"]  # each row of 10 numbers has a scale


def test_an_id_beyond_its_table_is_refused_by_the_exported_file_too(tmp_path):
    there = served("deepfm", model_of("deepfm", ONNX, PLAIN), tmp_path)
    samples = plain_samples(3)
    samples.categories[1, 1] = 30
    with pytest.raises(SchemaError, match="'item' has id 30"):
        there.score(samples)


def test_a_file_that_was_cut_short_is_told(tmp_path):
    model_of("fm", ONNX, PLAIN).save(tmp_path)
    whole = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ExportError, match=r"network\.onnx is not a whole ONNX file"):
        Network(NETWORKS["fm"](), serving=ONNX).load(tmp_path)
