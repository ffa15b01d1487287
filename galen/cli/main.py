"""The command line: `galen COMMAND`."""

import sys

from galen.cli import bundles, compare, data, enrich, knowledge, rules, tables, teaching
from galen.cli.terminal import app, console

COMMANDS = (bundles, compare, data, enrich, knowledge, rules, tables, teaching)
"""Modules that add their commands to the application when they are read."""


def main() -> None:
    """Run the command line; an error that a person can mend is told in words, without a trace."""
    from galen.data.mendable import MendableError

    try:
        app()
    except MendableError as error:
        console.print(f"error: {error}", style="red", markup=False, highlight=False)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
