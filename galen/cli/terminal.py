"""What every command shares: the application, its options' types, and how progress is shown."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from galen.cli.grouped_help import GroupedCommands

app = typer.Typer(
    cls=GroupedCommands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
console = Console(stderr=True)


def _tell_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"galen {version('galen')}")
        raise typer.Exit


@app.callback()
def galen(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_tell_version, is_eager=True, help="Print the version and end."
        ),
    ] = False,
) -> None:
    """galen: a recommender for health shops."""


def _can_be_written(path: Path | None) -> Path | None:
    from galen.data.replacing import why_not_written

    if path is not None and (why := why_not_written(path)):
        raise typer.BadParameter(why)
    return path


def file_option(*names: str, help: str) -> Any:
    """An option that names a file to be written; that it can be is seen before anything is done."""
    return typer.Option(*names, help=help, callback=_can_be_written)


def folder_option(*names: str, help: str) -> Any:
    """An option that names a folder to be written into; one that is a file is refused."""
    return typer.Option(*names, help=help, file_okay=False)


ShopFolder = Annotated[
    Path, typer.Argument(help="The shop's folder.", metavar="SHOP", file_okay=False)
]
BundleFolder = Annotated[
    Path, typer.Argument(help="The bundle's folder.", metavar="BUNDLE", file_okay=False)
]
JsonFile = Annotated[Path | None, file_option("--json", help="Write the figures to this file.")]
Seed = Annotated[int, typer.Option(min=0, help="Decides every random draw.")]
Knowledge = Annotated[
    Path | None,
    typer.Option("--knowledge", help="A folder of `galen knowledge build`; else galen's own."),
]
Report = Annotated[Path | None, file_option(help="Where the HTML report goes.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress, only results and errors.")]


@contextmanager
def doing(quiet: bool) -> Iterator[Callable[[str], None]]:
    """A line that says what is being done and for how long, for flows of several steps."""
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=quiet) as progress:
        current: list[Any] = []

        def say(what: str) -> None:
            if current:
                progress.update(current[-1], total=1, completed=1)
            current.append(progress.add_task(what, total=None))

        yield say
        if current:
            progress.update(current[-1], total=1, completed=1)


@contextmanager
def bar(quiet: bool, what: str) -> Iterator[Callable[[str, int, int], None]]:
    """A bar of rows or bytes done, for flows that know how much there is."""
    from rich.progress import Progress

    with Progress(console=console, disable=quiet) as progress:
        task = progress.add_task(what, total=None)

        def advance(doing: str, done: int, total: int) -> None:
            progress.update(task, description=doing, completed=done, total=total or None)

        yield advance


def write_json(path: Path | None, told: Any) -> None:
    """Write the figures of a command, as text that is JSON already or as what it was told with."""
    import msgspec

    from galen.data.json_file import write_json_file

    if path is None:
        return
    write_json_file(path, msgspec.Raw(told.encode()) if isinstance(told, str) else told)


def warn_of_never_shown(shop: Path) -> None:
    """Of a shop most of whose items may not be shown, say so: slates and figures are near empty."""
    from galen.data.never_shown import NeverShown
    from galen.data.shop import Shop

    found = NeverShown.in_shop(Shop.open(shop))
    if found.most:
        typer.echo(f"note: {found.told()}", err=True)


def show(table: Any) -> None:
    """Print a wide table whole, also where the terminal is narrow or a file."""
    Console(width=max(console.width, 112), markup=False).print(table)  # cells hold a shop's words


def show_fitted(table: Any) -> None:
    """Print a table as wide as the terminal is."""
    Console(markup=False).print(table)


def none_given(why: str, **options: Any) -> None:
    """Refuse options that mean nothing here, rather than go without what was asked for.

    Raises:
        BadParameter: one has a value.
    """
    for name, value in options.items():
        if value:
            raise typer.BadParameter(why, param_hint=f"--{name}")


def pairs(given: list[str] | None, option: str) -> dict[str, str]:
    """name=value, each once."""
    pairs = {}
    for text in given or ():
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise typer.BadParameter(f"{text!r} is not name=value", param_hint=option)
        pairs[name] = value
    return pairs


def numbers(text: str, kind: Any) -> list[Any]:
    """Comma-separated numbers."""
    try:
        return [kind(part) for part in text.split(",")]
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no list of numbers: {error}") from error
