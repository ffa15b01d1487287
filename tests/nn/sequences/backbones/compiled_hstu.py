"""Compiles the kernels of `hstu_fused` for a GPU by its capability: `compiled_hstu.py 90`.

Triton's compiler needs no GPU. Prints a kernel and its bytes of shared memory in each line.
"""

import sys

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from galen.nn.sequences.backbones.hstu_kernels import attend, attend_backward

SIZES = {"wide": 64, "rows": 64}
NUMBERS = {"scale": "fp32", "furthest": "i32", "heads": "i32", "each": "i32"}
POINTERS = {"moment": "*fp64", "offsets": "*i64", "by_place": "*fp32", "by_span": "*fp32"}


def kind(name):
    if name in SIZES:
        return "constexpr"
    if name.startswith("to_"):  # sums
        return "*fp32"
    return NUMBERS.get(name) or POINTERS.get(name) or "*bf16"


def main(capability: str) -> None:
    for kernel in (attend, attend_backward):
        signature = {name: kind(name) for name in kernel.arg_names}
        target = GPUTarget("cuda", int(capability), 32)
        done = triton.compile(ASTSource(kernel, signature, SIZES), target=target)
        assert done.asm["cubin"]
        print(kernel.__name__, done.metadata.shared)


if __name__ == "__main__":
    main(sys.argv[1])
