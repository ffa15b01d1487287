"""Checks a file or folder of knowledge by its path, whichever kind it is."""

import tomllib
from datetime import date
from pathlib import Path

from galen.knowledge.check import check_folder, check_sources
from galen.knowledge.graph import KnowledgeError
from galen.knowledge.loading.loaded import RowProblem
from galen.knowledge.loading.own import load_own
from galen.knowledge.sources import SEED, load_sources, read_sources


def check_path(path: Path, today: date, shipped: bool = True) -> list[RowProblem]:
    """Every problem of a folder of knowledge, of TOML files of your own, or of a file of sources.

    A file that cannot be read at all is one problem.
    """
    try:
        if path.is_dir() and not any(path.glob("*.toml")):
            return check_folder(path, today)
        if _lists_sources(path):
            return check_sources(load_sources(read_sources(path), shipped), today)[1]
        if path.resolve() == SEED.resolve():
            return check_sources([load_own(path)], today)[1]
        return check_sources(load_sources({"own": [path]}, shipped), today)[1]
    except KnowledgeError as error:
        return [RowProblem(str(path), "", str(error))]


def _lists_sources(path: Path) -> bool:
    try:
        return path.is_file() and "sources" in tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return False  # told with its place when it is read
