"""How a benchmark is run from a shell: what a person can mend is told in words."""

import sys
from collections.abc import Callable

from galen.data.mendable import MendableError


def in_words(main: Callable[[], None]) -> None:
    """Run a benchmark; a wrong table or path ends in one line and status 1, as `galen` does."""
    try:
        main()
    except (MendableError, OSError) as error:
        missing = isinstance(error, FileNotFoundError) and error.errno is None  # pyarrow's
        told = f"{error}: there is no such file; check the path." if missing else error
        print(f"error: {told}", file=sys.stderr)
        sys.exit(1)


def whole_numbers(text: str) -> tuple[int, ...]:
    """What `1000,20000` says, as the type of an argument."""
    return tuple(map(int, text.split(",")))
