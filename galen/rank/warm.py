"""A network that goes on learning with a vocabulary that has grown."""

from collections.abc import Mapping

import torch
from torch import nn

from galen.data.arrays import Ints
from galen.nn.tables.embedding import FusedTable


def carried_over(
    old: nn.Module, new: nn.Module, changed: Mapping[str, Ints] | None = None
) -> nn.Module:
    """Give a fresh network what another has learned; ids that it did not know begin anew.

    `changed` names, by table, ids that stand for another value than they did.

    Raises:
        ValueError: the networks differ in more than the sizes of their tables.
    """
    held, fresh = dict(old.named_modules()), dict(new.named_modules())
    tables = {name for name, module in fresh.items() if isinstance(module, FusedTable)}
    weights = {f"{name}.weight" for name in tables}
    offsets = {f"{name}.{buffer}" for name in tables for buffer in ("offsets", "sizes")}
    state, mine = old.state_dict(), new.state_dict()
    for name, tensor in mine.items():
        if name in weights | offsets:
            continue
        if name not in state or state[name].shape != tensor.shape:
            raise ValueError(f"{name} differs; only tables may grow between two trainings.")
        mine[name] = state[name]
    new.load_state_dict(mine)
    for name in tables:
        before, after = held[name], fresh[name]
        assert isinstance(before, FusedTable)
        assert isinstance(after, FusedTable)
        _carry_table(before, after, changed or {})
    return new


def _carry_table(old: FusedTable, new: FusedTable, changed: Mapping[str, Ints]) -> None:
    with torch.no_grad():
        for table, (start, rows) in old.layout.items():
            first, size = new.layout[table]
            kept = torch.ones(min(rows, size), dtype=torch.bool)
            ids = changed.get(table)
            if ids is not None:
                kept[torch.from_numpy(ids[ids < len(kept)])] = False
            place = torch.nonzero(kept)[:, 0]
            new.weight[first + place] = old.weight[start + place]
