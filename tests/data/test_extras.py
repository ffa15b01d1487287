"""Whoever lacks an optional part is told which extra brings it."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

from galen.data.extras import EXTRAS, MissingExtraError, extra
from galen.enrich.distilling.fine_tuning import FineTuning, tune
from galen.llm.minilm import MiniLm
from galen.llm.openai_compatible import Server, client_of
from galen.llm.text_encoder import read_folder
from galen.nn.exporting import Session
from galen.nn.learning.tensorboard import event_writer
from galen.nn.sequences.backbones.backbone import Shape
from galen.nn.sequences.backbones.hstu_fused import fusable
from galen.recall.search import search_of

ROOT = Path(__file__).parents[2]
KERNELS = "hstu_kernels"  # in Triton's own language, read where they are used alone
OPTIONAL = {module for modules in EXTRAS.values() for module in modules}
USES = {
    "ann": (lambda folder: search_of(np.ones((50, 4), np.float32), "approximate")),
    "fused": (lambda folder: fusable(Shape("hstu", attention="fused"), "cuda")),
    "local (vectors)": (lambda folder: MiniLm()),
    "local (a folder)": (lambda folder: read_folder(folder, "AutoModel", "encoder")),
    "local (teaching)": (lambda folder: tune(folder, [], folder / "to", FineTuning())),
    "onnx": (lambda folder: Session(folder / "network.onnx")),
    "openai": (lambda folder: client_of(Server("http://127.0.0.1:1/v1", "m"))),
    "tensorboard": event_writer,
}


def hide(monkeypatch, extra_name):
    for name in EXTRAS[extra_name]:
        monkeypatch.setitem(sys.modules, name, None)
        for loaded in [m for m in sys.modules if m.startswith(f"{name}.")]:
            monkeypatch.delitem(sys.modules, loaded)
    kernels = fusable.__module__.replace("hstu_fused", KERNELS)
    readers = {"tensorboard": "torch.utils.tensorboard", "fused": kernels}
    if extra_name in readers:
        monkeypatch.delitem(sys.modules, readers[extra_name], raising=False)


@pytest.mark.parametrize("use", USES)
def test_a_part_without_its_packages_names_the_extra(use, monkeypatch, tmp_path):
    name = use.split()[0]
    hide(monkeypatch, name)
    with pytest.raises(MissingExtraError, match=rf'pip install "galen\[{name}\]"'):
        USES[use](tmp_path)


def test_every_extra_has_a_use_here_and_stands_in_the_project_file():
    told = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {use.split()[0] for use in USES} == set(EXTRAS)
    assert set(told["optional-dependencies"]) - {"dev"} == set(EXTRAS)


def test_an_extra_that_there_is_not_cannot_be_asked_for():
    with pytest.raises(KeyError), extra("nothing", "this"):
        pass


def test_another_error_inside_an_extra_is_left_as_it_is():
    with pytest.raises(ValueError, match="broken"), extra("ann", "this"):
        raise ValueError("broken")


def test_no_file_imports_an_optional_module_when_it_is_read():
    found = []
    for path in (ROOT / "galen").rglob("*.py"):
        if path.stem == KERNELS:
            continue
        for node in ast.parse(path.read_text()).body:
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found += [f"{path}: {n}" for n in names if n.split(".")[0] in OPTIONAL]
    assert found == []


@pytest.mark.slow
def test_every_module_can_be_read_without_any_extra():
    code = f"""
import importlib, pkgutil, sys
for name in {sorted(OPTIONAL)}:
    sys.modules[name] = None
import galen
for found in pkgutil.walk_packages(galen.__path__, "galen."):
    if found.name != "galen.__main__" and not found.name.endswith("{KERNELS}"):
        importlib.import_module(found.name)
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
