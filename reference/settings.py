"""The settings of the server, from the structure that reads them."""

import inspect
from typing import Any

import msgspec

from galen.serve.keys import Key
from galen.serve.settings import PREFIX, Settings
from reference.rows import remarks_of_class, table


def settings() -> str:
    """The page."""
    told = "# Settings of the server\n\nA TOML file (`galen serve --settings FILE`), or variables "
    told += f"`{PREFIX}<NAME>`, which stand above it. `keys` are in the file only.\n\n"
    return f"{told}{_fields(Settings)}\n## [[keys]]\n\n{_fields(Key)}"


def _fields(kind: type[msgspec.Struct]) -> str:
    said, rows = remarks_of_class(kind), []
    for field in msgspec.structs.fields(kind):
        default = "required" if field.required else f"`{field.default!r}`"
        names = f"`{field.name}`", f"`{_name(field.type)}`"
        rows.append((*names, default, said.get(field.name, "")))
    return table(("setting", "kind", "default", "meaning"), rows)


def _name(kind: Any) -> str:
    plain = getattr(kind, "__origin__", kind) if hasattr(kind, "__metadata__") else kind
    return inspect.formatannotation(plain).replace("typing.", "").replace("galen.serve.keys.", "")
