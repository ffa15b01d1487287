"""The wheel is whole: what galen reads while it runs is inside, and works outside the checkout."""

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
BUILD = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"


def run(*command, cwd, **environment):
    return subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built from a copy, so that no build folder stays in the checkout."""
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    skipped = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "galen", source / "galen", ignore=skipped)
    done = run(sys.executable, "-c", BUILD, str(source / "out"), cwd=source)
    assert done.returncode == 0, done.stderr
    (built,) = (source / "out").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A folder with the wheel alone; what it depends on comes from the environment."""
    folder = tmp_path_factory.mktemp("installed")
    options = ("--no-deps", "--no-index", "--no-compile", "--quiet", "--target", str(folder))
    done = run(sys.executable, "-m", "pip", "install", *options, str(wheel), cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


def galen(installed, cwd, *arguments):
    return run(str(installed / "bin/galen"), *arguments, cwd=cwd, PYTHONPATH=str(installed))


def test_the_wheel_holds_every_file_of_the_package_and_nothing_else(wheel):
    held = {n for n in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in n}
    files = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "galen").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert held == files


def test_the_wheel_carries_its_licences_its_command_and_its_extras(wheel):
    held = zipfile.ZipFile(wheel)
    told = f"galen-{PROJECT['version']}.dist-info"
    for licence in PROJECT["license-files"]:
        assert held.read(f"{told}/licenses/{licence}") == (ROOT / licence).read_bytes()
    assert "galen = galen.cli.main:main" in held.read(f"{told}/entry_points.txt").decode()
    metadata = held.read(f"{told}/METADATA").decode()
    for extra in PROJECT["optional-dependencies"]:
        assert f"Provides-Extra: {extra}\n" in metadata


@pytest.mark.slow
def test_an_installed_wheel_works_outside_the_checkout(installed, tmp_path):
    own = run(
        sys.executable,
        "-c",
        "import galen; print(galen.__file__)",
        cwd=tmp_path,
        PYTHONPATH=str(installed),
    )
    assert own.stdout.startswith(str(installed))
    (tmp_path / "key").write_bytes(bytes(range(32)))
    for arguments, said in (
        (["--version"], f"galen {PROJECT['version']}"),
        (["--help"], "recommend"),
        (["synth", "shop", "--users", "300", "--items", "120", "--quiet"], "120 items"),
        (["describe", "shop"], "quality.html"),
        (["train", "shop", "bundle", "--recipe", "popular", "--quiet"], "is current"),
        (["recommend", "shop", "bundle", "-n", "3", "--pack", "eu"], "popular"),
        (["rules", "sign", "eu", "--key", "key", "--out", "eu.sig"], "eu"),
        (["rules", "verify", "eu", "--key", "key", "--signature", "eu.sig"], "signed"),
        (["rules", "check", "us"], "no problem found"),
        (["knowledge", "build", "knowledge", "--quiet"], "concepts"),
        (["knowledge", "explain", "ibuprofen", "aspirin"], "ibuprofen"),
        (["enrich", "run", "items", "shop", "--dry-run", "--quiet"], "records"),
        (["evaluate", "nowhere", "bundle"], ""),
    ):
        done = galen(installed, tmp_path, *arguments)
        assert done.returncode == (1 if "nowhere" in arguments else 0), done.stderr
        assert said in done.stdout + done.stderr, done.stdout
