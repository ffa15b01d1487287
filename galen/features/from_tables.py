"""Features that a recipe asks for besides the declared ones of every shop: read of tables once,
then computed for any rows, at requests and in training alike.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from galen.data.arrays import Floats
from galen.data.dataset import Dataset
from galen.pipeline.candidates import Batch, Candidates, Requests
from galen.pipeline.stages import Assembler


class TableFeatures(Protocol):
    """Features of rows by what was read of a table."""

    def columns(self, requests: Requests, candidates: Candidates) -> Mapping[str, Floats]:
        """The features of rows that are to be ranked: {name: (N,)}, NaN where not known.

        The names are the same whatever the table says.
        """
        ...

    def past_columns(self, requests: Requests, candidates: Candidates) -> Mapping[str, Floats]:
        """As `columns`, for rows to learn from: nothing is known that came after their moments."""
        ...

    def without_table(self) -> "TableFeatures":
        """The same features of a shop without the table: missing in every row."""
        ...

    def save(self, folder: Path) -> None:
        """Write what was read into a folder of its own, which exists, for `TableFeaturesSpec.load`.

        No request reads the table itself.
        """
        ...


class TableFeaturesSpec(Protocol):
    """Settings of such features, before a table was read."""

    def of(self, data: Dataset) -> TableFeatures:
        """Read the table of a shop; without one the features are missing in every row.

        Raises:
            EnrichedError: it cannot be read, or was made from later events than those of `data`.
        """
        ...

    def load(self, folder: Path) -> TableFeatures:
        """Read back, from the folder given to `TableFeatures.save`, features of equal values."""
        ...


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
