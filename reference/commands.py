"""The commands with their arguments and options, from the application itself."""

from collections.abc import Iterator
from typing import Any

import typer

from galen.cli.main import app
from reference.rows import table


def commands() -> str:
    """The page."""
    told = ["# Commands\n\n`galen COMMAND --help` says the same. Exit codes: 0 done, 1 what was "]
    told.append("given cannot be used, 2 called wrongly, 130 interrupted.\n")
    for words, command in _within(typer.main.get_command(app), ("galen",)):
        arguments = [p for p in command.params if p.param_type_name == "argument"]
        options = [p for p in command.params if p.param_type_name == "option"]
        names = " ".join(_argument(one) for one in arguments)
        told.append(f"\n## {' '.join(words)}\n\n`{' '.join((*words, names)).strip()}`\n\n")
        told.append((command.help or "").strip() + "\n\n")
        rows = [
            ("`" + "`, `".join((*o.opts, *o.secondary_opts)) + "`", _default(o), o.help or "")
            for o in options
        ]
        if rows:
            told.append(table(("option", "default", "meaning"), rows))
    return "".join(told)


def _within(command: Any, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield words, command
        return
    for name, one in sorted(inner.items()):  # as they were added hangs on what was read first
        yield from _within(one, (*words, name))


def _argument(one: Any) -> str:
    name = one.metavar or one.name.upper()
    return f"{name}..." if one.nargs == -1 or one.multiple else name


def _default(option: Any) -> str:
    if option.required:
        return "required"
    if option.default is None or option.default is False or option.default == "":
        return ""
    return "on" if option.default is True else f"`{option.default}`"
