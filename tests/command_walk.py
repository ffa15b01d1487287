"""Every command of galen with its parameters, and how to run one as a person does."""

import sys
from dataclasses import dataclass

import typer

from galen.cli.main import main
from galen.cli.terminal import app


@dataclass(frozen=True)
class Command:
    """`words` call it."""

    words: tuple[str, ...]
    parameters: list

    def __str__(self):
        return " ".join(self.words)

    @property
    def arguments(self):
        return [p for p in self.parameters if p.param_type_name == "argument"]

    @property
    def options(self):
        return [p for p in self.parameters if p.param_type_name == "option"]


def commands():
    """All that can be called, in the order of the help."""
    return list(_within(typer.main.get_command(app), ()))


def _within(command, words):
    inner = getattr(command, "commands", None)
    if inner is None:
        yield Command(words, command.params)
        return
    for name, one in inner.items():
        yield from _within(one, (*words, name))


def call(words, capsys):
    """Exit code, what was printed, and what was said besides."""
    before, sys.argv, code = sys.argv, ["galen", *map(str, words)], 0
    try:
        main()
    except SystemExit as ended:
        code = ended.code or 0
    finally:
        sys.argv = before
    said = capsys.readouterr()
    return code, said.out, said.err
