"""The command line: `galen COMMAND`."""

import sys

from galen.cli import bundles, compare, data, enrich, knowledge, rules, tables, teaching
from galen.cli.terminal import app, console

__all__ = ["COMMANDS", "app", "main"]

COMMANDS = (bundles, compare, data, enrich, knowledge, rules, tables, teaching)
"""Modules that add their commands to the application when they are read."""


def main() -> None:
    """Run the command line; an error that a person can mend is told in words, without a trace.

    Exit codes: 0 done, 1 what was given cannot be used, 2 the command was called wrongly, 130
    interrupted.
    """
    from galen.data.mendable import MendableError, in_words

    try:
        app()
    except (MendableError, OSError) as error:  # a path that cannot be read or written
        console.print(in_words(error), style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)
