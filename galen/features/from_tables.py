"""Features that a recipe asks for besides the declared ones of every shop: read of tables once,
then computed for any rows, at requests and in training alike.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from galen.data.dataset import Dataset
from galen.pipeline.candidates import Batch, Candidates, Floats, Requests
from galen.pipeline.stages import Assembler


class TableFeatures(Protocol):
    """Features of rows by what was read of a table; each column is (N,), NaN where not known."""

    def columns(self, requests: Requests, candidates: Candidates) -> Mapping[str, Floats]: ...
    def past_columns(self, requests: Requests, candidates: Candidates) -> Mapping[str, Floats]:
        """As `columns`, for rows to learn from: nothing is known that came after their moments."""
        ...

    def untold(self) -> "TableFeatures":
        """The same features of a shop without the table: missing in every row."""
        ...

    def save(self, folder: Path) -> None: ...


class TableFeaturesSpec(Protocol):
    """Settings of such features; `of` reads the table of a shop, as far as `data` may know it."""

    def of(self, data: Dataset) -> TableFeatures: ...
    def load(self, folder: Path) -> TableFeatures: ...


@dataclass(frozen=True, slots=True)
class WithTables:
    """An assembler whose rows bring what tables say of them."""

    inner: Assembler
    tables: tuple[TableFeatures, ...]

    def assemble(self, requests: Requests, candidates: Candidates) -> Batch:
        """Every feature of every row, those of the tables among them."""
        for table in self.tables:
            candidates = candidates.with_columns(table.columns(requests, candidates))
        return self.inner.assemble(requests, candidates)


def with_tables(assembler: Assembler, tables: Iterable[TableFeatures]) -> Assembler:
    """The assembler with these features; itself where there are none."""
    more = tuple(tables)
    return WithTables(assembler, more) if more else assembler
