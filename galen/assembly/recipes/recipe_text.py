"""A recipe written as TOML: only what differs from the defaults, so that a person can read it."""

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from galen.assembly.recipes.recipe import RankPart, RecallPart, Recipe

BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
TUNE: Final = "tune"


def toml_of(recipe: Recipe, comment: str = "") -> str:
    """The text of a TOML file that `read_recipe` reads back as this recipe.

    Its name is that of the file; recipes of surfaces are files of their own, not named here.
    """
    tree = recipe.to_tree()
    recall = {
        name: _part(part, RecallPart, {"model": name}) for name, part in tree["recall"].items()
    }
    whole = {"filters": tree["filters"], "recall": recall}
    if tree.get("rank"):
        whole["rank"] = _rank(tree["rank"])
    others = ("blend", "rerank", "fusion", "tune", "samples")
    whole |= {key: tree[key] for key in others if tree.get(key)}
    head = [f"# {line}" for line in comment.splitlines()]
    return "\n".join([*head, *_lines(whole, "")]).strip() + "\n"


def value_text(value: Any) -> str:
    """One value as TOML has it in a line.

    Raises:
        TypeError: TOML has no such value.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(value_text, value))}]"
    if isinstance(value, Mapping):
        pairs = (f"{_key(key)} = {value_text(one)}" for key, one in value.items())
        return f"{{{', '.join(pairs)}}}"
    raise TypeError(f"{value!r} cannot be written as TOML.")


def _lines(tree: Mapping[str, Any], at: str) -> Iterator[str]:
    """Values of a table first, then its tables, then its arrays of tables."""
    inline = at == TUNE  # a range is read best in one line
    tables = {k: v for k, v in tree.items() if isinstance(v, Mapping) and not inline}
    arrays = {k: v for k, v in tree.items() if _is_array_of_tables(v) and not inline}
    for key, value in tree.items():
        if key not in tables and key not in arrays:
            yield f"{_key(key)} = {value_text(value)}"
    for key, table in tables.items():
        path = f"{at}.{_key(key)}" if at else _key(key)
        if path == TUNE or not table or not all(isinstance(v, Mapping) for v in table.values()):
            yield f"\n[{path}]"
        yield from _lines(table, path)
    for key, array in arrays.items():
        path = f"{at}.{_key(key)}" if at else _key(key)
        for table in array:
            yield f"\n[[{path}]]"
            yield from _lines(table, path)


def _is_array_of_tables(value: object) -> bool:
    return isinstance(value, list | tuple) and bool(value) and isinstance(value[0], Mapping)


def _rank(tree: Mapping[str, Any]) -> dict[str, Any]:
    lean = _part(tree, RankPart, {})
    for key, write in (("extend", dict), ("members", _rank)):
        if lean.get(key):
            lean[key] = [write(one) for one in lean[key]]
    return lean


def _part(tree: Mapping[str, Any], kind: Any, usual: Mapping[str, Any]) -> dict[str, Any]:
    """A part without what goes without saying."""
    fresh = dataclasses.asdict(kind(model=""))
    known = {**fresh, "model": None, **usual}
    own = {key: value for key, value in tree.items() if key not in known or value != known[key]}
    return {
        k: v for k, v in own.items() if v is not None and (k not in fresh or v not in ((), [], {}))
    }


def _key(name: str) -> str:
    return name if BARE.fullmatch(name) else json.dumps(name, ensure_ascii=False)
