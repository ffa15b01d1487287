"""Builds one graph of health knowledge from galen's own seed and a user's own sources."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import msgspec
from rich.table import Table

from galen.data.manifest import NAME
from galen.knowledge.check import check_sources, refuse
from galen.knowledge.graph import TABLES, Graph, KnowledgeError
from galen.knowledge.joining import Tally, join
from galen.knowledge.sources import load_sources, shipped_sources


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a graph was made of."""

    folder: str
    version: str
    concepts: int
    relations: int
    sources: tuple[Tally, ...]

    def json(self) -> str:
        """Every count under its field's name, for a script."""
        return msgspec.json.format(msgspec.json.encode(asdict(self)), indent=1).decode()

    def table(self) -> Table:
        """Rows read, concepts and relations by source, and what was set aside, for a terminal."""
        title = f"{self.folder}: {self.concepts:,} concepts, {self.relations:,} relations"
        table = Table("source", title=f"{title}, version {self.version}")
        for column in ("rows read", "new concepts", "joined", "relations"):
            table.add_column(column, justify="right")
        table.add_column("set aside")
        for told in self.sources:
            aside = "\n".join(f"{rows:,} {why}" for why, rows in told.aside.items())
            numbers = (told.read, told.new, told.joined, told.relations)
            table.add_row(told.source, *(f"{number:,}" for number in numbers), aside)
        return table


def built_in() -> Graph:
    """The graph of what galen ships: its seed and the tables that may be passed on."""
    whole = join(shipped_sources())
    return Graph(whole.concepts, whole.relations)


def graph_of(folder: Path | str | None) -> Graph:
    """The graph of a folder that `build` wrote; galen's own where none is named.

    Raises:
        KnowledgeError: the folder is not a graph, or a file of it is not the one written.
    """
    return Graph.open(Path(folder)) if folder else built_in()


def build(
    given: Mapping[str, Sequence[Path]],
    folder: Path,
    now: datetime,
    shipped: bool = True,
    say: Callable[[str], None] = lambda what: None,
) -> BuildReport:
    """Write the graph of all sources to `folder`, whole or not at all.

    Raises:
        KnowledgeError: a source cannot be read, a row is wrong, or `folder` holds something else.
    """
    of_a_graph = all((folder / name).exists() for name in (NAME, *(f"{t}.parquet" for t in TABLES)))
    if folder.exists() and any(folder.iterdir()) and not of_a_graph:  # shops have a manifest, too
        raise KnowledgeError(f"{folder} holds something else; give an empty or new folder.")
    sources = load_sources(given, shipped, say)
    say("joining and checking")
    joined, problems = check_sources(sources, now.date())
    refuse(problems)
    graph = Graph(joined.concepts, joined.relations)
    say("writing")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as beside:
        graph.save(Path(beside) / "new", now.isoformat())
        _replace(folder, Path(beside) / "new", Path(beside) / "old")
    sizes = (len(graph), graph.relations.num_rows)
    return BuildReport(str(folder), graph.version, *sizes, joined.tallies)


def _replace(folder: Path, new: Path, old: Path) -> None:
    """Put a new folder in the place of one that may be there; the old one stays if that fails."""
    if folder.exists():
        folder.rename(old)
    try:
        new.rename(folder)
    except OSError:
        if old.exists():
            old.rename(folder)
        raise
