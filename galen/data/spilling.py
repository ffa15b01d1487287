"""Where a database puts what does not fit in memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory


@contextmanager
def spill_folder() -> Iterator[str]:
    """A folder among the system's temporary ones (`TMPDIR` moves them), gone afterwards.

    DuckDB's own choice is the folder in which a command was run: people's purchases would lie
    there, and stay where the command was killed.
    """
    with TemporaryDirectory(prefix="galen-") as folder:
        yield folder
