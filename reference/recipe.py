"""What stands in a recipe's file beside the settings of its parts."""

import dataclasses
from typing import Final

from galen.assembly.recipes.extending import WITHOUT
from galen.assembly.recipes.recipe import RankPart, RecallPart, Recipe, SamplesPart
from galen.assembly.recipes.shipped import EXTENDS
from galen.nn.learning.training import Training
from galen.rank.blended import Blending
from galen.rank.serving import Serving
from galen.recall.fusion import Fusion
from reference.parts import settings_of
from reference.rows import first_sentence, remarks_of_class, table

TABLES: Final[tuple[tuple[str, type, str], ...]] = (
    ("[recall.NAME]", RecallPart, "The settings of its model stand beside these."),
    ("[fusion]", Fusion, ""),
    ("[rank]", RankPart, "The settings of its model stand beside these."),
    ("[rank.training]", Training, "Of networks."),
    ("[rank.serving]", Serving, "Of networks."),
    ('[rank], with model = "blend"', Blending, "Each of its `[[rank.members]]` is as `[rank]`."),
    ("[samples]", SamplesPart, ""),
)
OF_THE_FILE: Final = {
    EXTENDS: "the recipe that this one is laid over: a shipped name, or a path",
    WITHOUT: "parts that are left out of it, by their paths",
}


def recipe() -> str:
    """The page."""
    told = [
        "# The file of a recipe\n\nHow to write one: [recipes](../guides/recipes.md); what each "
        "model can be told: [parts of recipes](parts.md).\n\n",
        table(("key", "meaning"), [(f"`{key}`", said) for key, said in _keys().items()]),
    ]
    for title, kind, more in TABLES:
        said = " ".join(text for text in (first_sentence(kind.__doc__ or ""), more) if text)
        told.append(f"\n## `{title}`\n\n{said}\n\n")
        told.append(table(("setting", "kind", "default", "meaning"), _settings(kind)))
    return "".join(told)


def _keys() -> dict[str, str]:
    said = remarks_of_class(Recipe)
    names = (field.name for field in dataclasses.fields(Recipe))
    return OF_THE_FILE | {name: said.get(name, "") for name in names}


def _settings(kind: type) -> list[tuple[str, str, str, str]]:
    """As of any part; what stands in `settings` is told with the part's model."""
    return [row for row in settings_of("", kind) if row[0] != "`settings`"]
