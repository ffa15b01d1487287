"""Kernels of Triton for `hstu_fused`: a program takes one tile of one head of one history.

Arguments are pointers, numbers and, as `constexpr`, sizes that the compiler must know. Triton reads
this file as a language of its own, so types are told here in words alone: query, key, value,
gradient and what is found are (T, heads, each), the rest is as `Biased` has it.
"""

from typing import Final

import triton
from triton import language as tl

from galen.nn.sequences.moments import GROWTH, SPANS

_GROWTH: Final = tl.constexpr(GROWTH)
_LAST: Final = tl.constexpr(SPANS - 1)


@triton.jit
def attend(
    query,
    key,
    value,
    by_place,
    by_span,
    moment,
    offsets,
    found,
    scale,
    furthest,
    heads,
    each,
    wide: tl.constexpr,
    rows: tl.constexpr,
):
    """What a tile of events finds in its history so far."""
    head = tl.program_id(1) % heads
    start, end = _bounds(offsets, tl.program_id(1) // heads)
    first = tl.program_id(0) * rows
    if first >= end:
        return
    asking = first + tl.arange(0, rows)
    asks, where, there = _tile(query, start, asking, end, head, heads, each, wide)
    summed = tl.zeros((rows, wide), tl.float32)
    for other in range(0, first + rows, rows):
        asked = other + tl.arange(0, rows)
        keys, _, _ = _tile(key, start, asked, end, head, heads, each, wide)
        values, _, _ = _tile(value, start, asked, end, head, heads, each, wide)
        place, step, sees = _apart(asking, asked, end, moment + start, furthest)
        bias = _biased(by_place, by_span, place, step, sees, head, heads)
        scores = tl.dot(asks, tl.trans(keys), input_precision="ieee") * scale + bias
        weights = tl.where(sees, scores * tl.sigmoid(scores), 0.0) / (asking + 1)[:, None]
        summed += tl.dot(weights.to(values.dtype), values, input_precision="ieee")
    tl.store(found + where, summed.to(found.dtype.element_ty), mask=there)


@triton.jit
def attend_backward(
    query,
    key,
    value,
    by_place,
    by_span,
    moment,
    offsets,
    gradient,
    to_query,
    to_key,
    to_value,
    to_place,
    to_span,
    scale,
    furthest,
    heads,
    each,
    wide: tl.constexpr,
    rows: tl.constexpr,
):
    """What a tile of events that are asked gives back; the last five pointers are to sums."""
    head = tl.program_id(1) % heads
    start, end = _bounds(offsets, tl.program_id(1) // heads)
    first = tl.program_id(0) * rows
    if first >= end:
        return
    asked = first + tl.arange(0, rows)
    keys, where, there = _tile(key, start, asked, end, head, heads, each, wide)
    values, _, _ = _tile(value, start, asked, end, head, heads, each, wide)
    of_keys = tl.zeros((rows, wide), tl.float32)
    of_values = tl.zeros((rows, wide), tl.float32)
    for other in range(first, end, rows):
        asking = other + tl.arange(0, rows)
        asks, asks_where, asks_there = _tile(query, start, asking, end, head, heads, each, wide)
        given, _, _ = _tile(gradient, start, asking, end, head, heads, each, wide)
        place, step, sees = _apart(asking, asked, end, moment + start, furthest)
        bias = _biased(by_place, by_span, place, step, sees, head, heads)
        scores = tl.dot(asks, tl.trans(keys), input_precision="ieee") * scale + bias
        gate = tl.sigmoid(scores)
        seen = (asking + 1)[:, None]
        weights = tl.where(sees, scores * gate, 0.0) / seen
        of_values += tl.dot(tl.trans(weights).to(given.dtype), given, input_precision="ieee")
        slope = tl.dot(given, tl.trans(values), input_precision="ieee")
        slope = tl.where(sees, slope * gate * (1.0 + scores * (1.0 - gate)), 0.0) / seen
        narrow = slope.to(keys.dtype)
        of_keys += tl.dot(tl.trans(narrow), asks, input_precision="ieee") * scale
        of_asks = tl.dot(narrow, keys, input_precision="ieee") * scale
        tl.atomic_add(to_query + asks_where, of_asks, mask=asks_there)
        tl.atomic_add(to_place + place * heads + head, slope, mask=sees)
        # Few spans occur in one tile: a sum of each spares thousands of additions to one number.
        last = tl.max(tl.where(sees, step, 0))
        for span in range(tl.min(tl.where(sees, step, _LAST)), last + 1):
            total = tl.sum(tl.where(step == span, slope, 0.0))
            tl.atomic_add(to_span + span * heads + head, total)
    tl.store(to_key + where, of_keys, mask=there)
    tl.store(to_value + where, of_values, mask=there)


@triton.jit
def _bounds(offsets, history):
    """Where a history begins, and how many events it has."""
    start = tl.load(offsets + history)
    return start, (tl.load(offsets + history + 1) - start).to(tl.int32)


@triton.jit
def _tile(part, start, place, end, head, heads, each, wide: tl.constexpr):
    """(rows, wide) of one head at places of a history, 0 where nothing is, and where that lies."""
    column = tl.arange(0, wide)
    where = ((start + place)[:, None] * heads + head) * each + column[None]
    there = (place < end)[:, None] & (column < each)[None]
    return tl.load(part + where, mask=there, other=0.0), where, there


@triton.jit
def _apart(asking, asked, end, moments, furthest):
    """(rows, rows): places and steps of time between events, and who sees whom."""
    back = asking[:, None] - asked[None]
    sees = (back >= 0) & (asking < end)[:, None]
    asking_at = tl.load(moments + asking, mask=asking < end, other=0.0)
    asked_at = tl.load(moments + asked, mask=asked < end, other=0.0)
    span = tl.maximum((asking_at[:, None] - asked_at[None]).to(tl.float32), 0.0)
    step = tl.minimum((tl.log(1.0 + span) / _GROWTH).to(tl.int32), _LAST)
    return tl.minimum(tl.maximum(back, 0), furthest), step, sees


@triton.jit
def _biased(by_place, by_span, place, step, sees, head, heads):
    """(rows, rows) of both biases."""
    far = tl.load(by_place + place * heads + head, mask=sees, other=0.0)
    long = tl.load(by_span + step * heads + head, mask=sees, other=0.0)
    return far.to(tl.float32) + long.to(tl.float32)
