"""One recipe laid over another, so that it says only what it adds, changes or leaves out."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from galen.assembly.recipes.recipe import RecipeError
from galen.data.did_you_mean import did_you_mean

WITHOUT: Final = "without"
"""The key that lists what is left out of the recipe below: "recall.als", "rank", "rerank.mmr"."""

OF_STAGE: Final = {
    "recall": ("quota", "deadline"),
    "rank": (
        "examples",
        "limit",
        "negatives",
        "moments",
        "by_propensity",
        "fit_blend",
        "seed",
        "features",
    ),
}
"""What stays of a part when another model takes its place: what is of the stage, not the model."""


def laid_over(under: Mapping[str, Any], over: Mapping[str, Any], where: str) -> dict[str, Any]:
    """`under` without what `over` leaves out, then with the keys of `over` on it.

    Tables are joined key by key, anything else is replaced. A part that names another model keeps
    of the part below only what is of the stage.

    Raises:
        RecipeError: what is to be left out is not there.
    """
    kept = dict(under)
    for path in _paths(over.get(WITHOUT, []), where):
        kept = _left_out(kept, path.split("."), f"{where}: {WITHOUT} = {path!r}")
    own = {key: value for key, value in over.items() if key != WITHOUT}
    return _joined(kept, own, ())


def _paths(listed: object, where: str) -> list[str]:
    if isinstance(listed, list) and all(isinstance(path, str) for path in listed):
        return listed
    raise RecipeError(f'{where}: {WITHOUT} must be a list of paths, as in ["recall.als", "rank"].')


def _left_out(tree: Mapping[str, Any], steps: list[str], where: str) -> dict[str, Any]:
    """The tree without one key; an entry of a list of parts goes by its model."""
    first, *rest = steps
    _check(first, tree, where)
    if not rest:
        return {key: value for key, value in tree.items() if key != first}
    inner = tree[first]
    if isinstance(inner, Mapping):
        return {**tree, first: _left_out(inner, rest, where)}
    models = [part.get("model", "") for part in inner] if isinstance(inner, list) else []
    name = ".".join(rest)
    _check(name, models, where)
    return {**tree, first: [part for part in inner if part.get("model") != name]}


def _check(name: str, known: Iterable[str], where: str) -> None:
    names = list(known)
    if name not in names:
        hint = did_you_mean(name, names)
        raise RecipeError(f"{where}: the recipe below has no {name!r}.{hint}")


def _joined(
    under: Mapping[str, Any], over: Mapping[str, Any], path: tuple[str, ...]
) -> dict[str, Any]:
    joined = dict(under)
    for key, value in over.items():
        below, at = under.get(key), (*path, key)
        whole = path == ("surfaces",)  # each is a recipe of its own
        if isinstance(value, Mapping) and isinstance(below, Mapping) and not whole:
            joined[key] = _joined(_of_same_model(below, value, at), value, at)
        else:
            joined[key] = value
    return joined


def _of_same_model(
    under: Mapping[str, Any], over: Mapping[str, Any], path: tuple[str, ...]
) -> Mapping[str, Any]:
    """The part below; of another model, only what is of the stage."""
    is_part = path == ("rank",) or (path[0] == "recall" and len(path) == 2)
    usual = path[-1]
    if not is_part or "model" not in over or over["model"] == under.get("model", usual):
        return under
    return {key: value for key, value in under.items() if key in OF_STAGE[path[0]]}
