"""The parts of recipes with their settings, from the catalogue of parts."""

import dataclasses
import inspect
from collections.abc import Callable, Mapping
from typing import Any, Final, Union, get_args, get_origin

from galen.assembly import catalog
from reference.glossary import shared
from reference.rows import remarks_of_class, summary, table

KINDS: Final[tuple[tuple[str, str, Mapping[str, Callable[..., Any]]], ...]] = (
    ("Channels", "`[recall.NAME]`, by `model`", catalog.RETRIEVERS),
    ("Rankers", "`[rank]`, by `model`", catalog.RANKERS),
    ("Networks", "`[rank]`, by `model`", catalog.NETWORKS),
    ("Extensions", "`[[rank.extend]]`, by `model`", catalog.EXTENSIONS),
    ("Features of tables", "`[[rank.features]]`, by `model`", catalog.FEATURES),
    ("Filters", "`filters`, by name", catalog.FILTERS),
    ("Rerankers", "`[[rerank]]`, by `model`", {**catalog.RERANKERS, **catalog.BORROWERS}),
)
GIVEN: Final = ("catalogue", "channel", "rule", "reason")
"""What a part is given by the recipe around it, and not by its own settings."""


def parts() -> str:
    """The page."""
    told = [
        "# Parts of recipes\n\nHow they are put together: [recipes](../guides/recipes.md); "
        "what else stands in their files: [the file of a recipe](recipe.md).\n"
    ]
    for title, where, found in KINDS:
        told.append(f"\n## {title}\n\n{where}.\n")
        for name, part in sorted(found.items()):
            told.append(f"\n### {name}\n\n{summary(part)}\n")
            rows = settings_of(title, part)
            if rows:
                told.append("\n" + table(("setting", "kind", "default", "meaning"), rows))
    return "".join(told)


def settings_of(kind: str, part: Any) -> list[tuple[str, str, str, str]]:
    """Name, kind, default and meaning of each setting of a part, and of tables within it."""
    said = shared(kind) | (remarks_of_class(part) if inspect.isclass(part) else {})
    made = _made(part)
    rows = []
    for name, one in inspect.signature(part).parameters.items():
        if name in GIVEN:
            continue
        value = made.get(name, one.default)
        default = "required" if value is one.empty else f"`{value!r}`"
        kinds = (one.annotation, *get_args(one.annotation))
        within = [inner for inner in kinds if _is_table(inner)]
        told = _kind_told(one.annotation)
        for named in ("typing.", "collections.abc.", *(f"{inner.__module__}." for inner in within)):
            told = told.replace(named, "")
        rows.append((f"`{name}`", f"`{told}`", default, said.get(name, "")))
        for inner in within:
            rows += [(f"`{name}.{row[0][1:]}", *row[1:]) for row in settings_of(kind, inner)]
    return rows


def _kind_told(kind: Any) -> str:
    """A kind as it is written; `bool | Literal[…]`, which Python tells as a Union, too."""
    if get_origin(kind) is Union:
        return " | ".join(inspect.formatannotation(one) for one in get_args(kind))
    return inspect.formatannotation(kind)


def _is_table(kind: Any) -> bool:
    """Whether a setting of this kind is a table of settings of its own."""
    return isinstance(kind, type) and dataclasses.is_dataclass(kind)


def _made(part: Any) -> dict[str, Any]:
    """Defaults that are made anew for each part."""
    fields = dataclasses.fields(part) if dataclasses.is_dataclass(part) else ()
    return {
        field.name: field.default_factory()
        for field in fields
        if field.default_factory is not dataclasses.MISSING
    }
