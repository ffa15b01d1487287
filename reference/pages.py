"""Which pages there are, and writing them."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from reference.commands import commands
from reference.features import features
from reference.parts import parts
from reference.recipe import recipe
from reference.settings import settings
from reference.tables import tables

FOLDER: Final = Path(__file__).parent.parent / "docs/reference"
PAGES: Final[dict[str, Callable[[], str]]] = {
    "commands.md": commands,
    "features.md": features,
    "parts.md": parts,
    "recipe.md": recipe,
    "settings.md": settings,
    "tables.md": tables,
}
MADE: Final = "\nMade from the code by `python -m reference`; change it there.\n"


def pages() -> dict[str, str]:
    """The text of every page by its file's name."""
    found = {}
    for name, make in PAGES.items():
        title, _, rest = make().partition("\n")
        found[name] = f"{title}\n{MADE}{rest.rstrip()}\n"
    return found


def write(folder: Path = FOLDER) -> None:
    """Write the pages; a page that is no more is left for a person to remove."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")
