"""Shipped recipes made small enough for a test: the same parts, taught for a moment."""

from typing import Any

from galen.assembly.recipes.recipe import Recipe

SMALL: dict[str, dict[str, Any]] = {
    "als": {"factors": 4},
    "bpr": {"factors": 4, "iterations": 2},
    "generator": {"sizes": [4, 4], "width": 8, "layers": 1, "epochs": 1},
    "sequence": {"width": 8, "layers": 1, "epochs": 1},
    "two_tower": {"width": 8, "hidden": [8], "epochs": 1},
}
"""Settings of channels that would learn for long."""


def quick(recipe: Recipe) -> Recipe:
    """A copy of the tree with small networks, no deadlines to miss, and one epoch."""
    tree = recipe.to_tree()
    parts = [tree, *tree.get("surfaces", {}).values()]
    for one in parts:
        for part in one["recall"].values():
            part.update({"deadline": 60.0} | SMALL.get(part["model"], {}))
        rank = one.get("rank") or {}
        for model in (rank, *rank.get("members", ())):
            if model.get("training"):
                model["training"] = {"epochs": 1, "precision": "float32"}
            if model.get("model") == "gbdt":
                model["trees"] = 10
    return Recipe.from_tree(tree, where="quick")
