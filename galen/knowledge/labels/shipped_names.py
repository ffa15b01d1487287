"""Names of common ingredients in other languages and spellings, written for galen."""

import tomllib
from importlib.resources import files
from typing import Final

LANGUAGES: Final = ("english", "japanese", "chinese")


def shipped_names() -> dict[str, tuple[str, ...]]:
    """Other names by the name that a vocabulary of ingredients gives each."""
    folder = files("galen.knowledge") / "names"
    found: dict[str, tuple[str, ...]] = {}
    for language in LANGUAGES:
        table = tomllib.loads((folder / f"{language}.toml").read_text("utf-8"))
        for name, others in table["names"].items():
            found[name] = (*found.get(name, ()), *others)
    return found
