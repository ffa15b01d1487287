"""How a benchmark is run from a shell: what a person can mend is told in words."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from galen.data.mendable import MendableError, in_words
from galen.data.replacing import why_not_written


def run_in_words(main: Callable[[], None]) -> None:
    """Run a benchmark; a wrong table or path ends in one line and status 1, as `galen` does."""
    try:
        main()
    except (MendableError, OSError) as error:
        print(in_words(error), file=sys.stderr)
        sys.exit(1)


def whole_numbers(text: str) -> tuple[int, ...]:
    """What `1000,20000` says, as the type of an argument."""
    return tuple(map(int, text.split(",")))


def at_least_one(text: str) -> int:
    """A whole number of 1 or more, as the type of an argument.

    Raises:
        ArgumentTypeError: it is less.
        ValueError: it is no whole number.
    """
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"{number} is less than 1.")
    return number


def file_to_write(text: str) -> Path:
    """A path, as the type of an argument: that its folder is there is seen before hours are spent.

    Raises:
        ArgumentTypeError: there is no folder for it, or the path is one.
    """
    if why := why_not_written(Path(text)):
        raise argparse.ArgumentTypeError(why)
    return Path(text)
