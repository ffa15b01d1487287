"""A device that is not the processor where there is no other: placement is checked, not speed.

Its tensors compute on the processor, but an operation that mixes them with tensors that are not
there is refused, as a GPU refuses it. Started as a program, it learns each case here and there and
writes which answers differ. torch cannot forget a device: so a process of its own.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch.utils import backend_registration
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

NAME = "elsewhere"
COPIES = (torch.ops.aten._to_copy.default, torch.ops.aten.copy_.default)


class There(torch.Tensor):
    """A tensor on that device; `held` is what it is here."""

    @staticmethod
    def __new__(cls, held):
        made = torch.Tensor._make_wrapper_subclass(
            cls, held.size(), strides=held.stride(), dtype=held.dtype, device=f"{NAME}:0"
        )
        made.held = held
        return made

    def __init__(self, held): ...

    def __deepcopy__(self, memo):
        copy = There(self.held.clone()).requires_grad_(self.requires_grad)
        if isinstance(self, torch.nn.Parameter):
            copy = torch.nn.Parameter(copy, self.requires_grad)
        return memo.setdefault(id(self), copy)

    def tolist(self):
        return self.held.tolist()

    @classmethod
    def __torch_dispatch__(cls, operation, types, args=(), kwargs=None):
        return done(operation, args, kwargs or {})


class Watched(TorchDispatchMode):
    """Within it, tensors can be made there."""

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        return done(operation, args, kwargs or {})


def done(operation, args, kwargs):
    tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)]
    there = any(isinstance(tensor, There) for tensor in tensors)
    device = kwargs.get("device")
    wanted = there if device is None else torch.device(device).type == NAME
    own = {name: held(value) for name, value in kwargs.items() if name != "device"}
    if operation is torch.ops.aten._fused_sdp_choice.default:
        return 0  # attention by plain products, which any device has
    if operation not in COPIES and there:
        apart = [t for t in tensors if not isinstance(t, There) and t.dim()]
        if apart or own.get("generator") is not None:
            raise RuntimeError(f"{operation} mixes devices.")
    found = operation(*tree_map(held, args), **own)
    written = [
        args[place] if place < len(args) else kwargs.get(argument.name)
        for place, argument in enumerate(operation._schema.arguments)
        if argument.alias_info is not None and argument.alias_info.is_write
    ]
    if written and operation._schema.returns:
        return written[0] if len(written) == 1 else tuple(written)
    return tree_map(lambda leaf: lifted(leaf, tensors), found) if wanted else found


def held(value):
    """What a tensor there is here; also of the tensors in lists and tuples."""
    return tree_map(lambda leaf: leaf.held if isinstance(leaf, There) else leaf, value)


def lifted(leaf, tensors):
    """A result as a tensor there; one that was not copied must not be the tensor here."""
    if not isinstance(leaf, torch.Tensor):
        return leaf
    return There(leaf.clone() if any(leaf is tensor for tensor in tensors) else leaf)


def as_tensor(value, device=None):
    """torch's own makes tensors out of sight of a dispatch mode."""
    return value if device is None else value.to(device)


def main(out):
    module = backend_registration._DummyBackendModule
    module.get_amp_supported_dtype = lambda _=None: [torch.bfloat16, torch.float32]
    backend_registration._setup_privateuseone_for_python_backend(NAME)
    torch.inference_mode, torch.as_tensor = torch.no_grad, as_tensor
    from nn.sequences.device_cases import CASES  # which binds torch's, so that it waits for ours
    from worlds import known_world

    world = known_world()
    data = world.data.take(world.data.item != 5)
    asked = world.requests([[0, 1, 2], [7, 8], [13]])
    differ = []
    for name, here in CASES.items():
        expected = here.fit(data).retrieve(asked, 5)
        with Watched():
            learned = replace(here, device=NAME).fit(data)
        found = learned.retrieve(asked, 5)
        scores = expected.columns["score"], found.columns["score"]
        if not np.array_equal(expected.item, found.item) or not np.allclose(*scores, atol=1e-3):
            differ.append(name)
    Path(out).write_text(json.dumps(differ))


if __name__ == "__main__":
    main(sys.argv[1])
