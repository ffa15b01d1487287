"""States of people as a network reads their histories; of those kept, only new events are read."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from galen.data.arrays import Ints
from galen.features.histories import Taken, asked_by, columns_of_requests
from galen.nn.sequences.context import Asked
from galen.nn.sequences.continuing import Continuing, Score, continuing
from galen.nn.sequences.histories import Columns
from galen.nn.sequences.reader import Read, Reader
from galen.pipeline.candidates import Requests
from galen.pipeline.kept import KeptStates


@dataclass(frozen=True)
class _Known:
    """A history that was read, and what is kept of it."""

    columns: Columns  # of one person
    read: Read

    def begins(self, other: Columns) -> bool:
        """Does another history go on from this one?"""
        events = len(self.columns.item)
        return events <= len(other.item) and all(
            np.array_equal(mine, theirs[:events])
            for mine, theirs in (
                (self.columns.item, other.item),
                (self.columns.kind, other.kind),
                (self.columns.at, other.at),
            )
        )


@torch.inference_mode()
def states_of(
    reader: Reader,
    vectors: Tensor,
    columns: Columns,
    requests: Requests,
    *,
    timed: bool,
    users: int | None = None,
    block: int = 2048,
) -> tuple[Tensor, Ints]:
    """States (A, width) of the requests (A,) that have an event; items are rows of `vectors`.

    Rows of users from `users` on came after the reader had learned, and are nobody's for it.

    Where requests bring a place to keep states, known people's are kept there. A history that is
    as long as the network reads loses its oldest event to the newest, and is read anew.
    """
    asking = np.flatnonzero(np.diff(columns.offsets))
    found = [torch.zeros(0, reader.backbone.shape.width)]
    if requests.kept is not None:
        for one in asking.tolist():
            asked = asked_by(requests, np.array([one]), timed=timed, users=users)
            own = columns.of(np.array([one]))
            user = int(requests.user[one])
            found.append(_read_on(reader, vectors, own, asked, requests.kept, user))
        return torch.cat(found), asking
    for start in range(0, len(asking), block):
        people = asking[start : start + block]
        asked = asked_by(requests, people, timed=timed, users=users)
        events = columns.of(people).events(asked)
        states = reader(vectors.index_select(0, events.item), events)
        found.append(states[events.layout.last])
    return torch.cat(found), asking


def going_on(
    reader: Reader,
    vectors: Tensor,
    requests: Requests,
    places: int,
    score: Score,
    *,
    kinds: Collection[Taken],
    timed: bool,
    users: int | None = None,
) -> Iterator[tuple[Ints, Continuing]]:
    """Requests (P,) with an event of these kinds, ready for `places` items of a slate."""
    length = max(1, reader.length - places)
    asked = asked_by(requests, np.arange(len(requests)), timed=timed, users=users)
    columns = columns_of_requests(requests.taken, len(vectors), length, timed=timed, kinds=kinds)
    return continuing(columns, asked, reader, vectors, score)


def _read_on(
    reader: Reader, vectors: Tensor, columns: Columns, asked: Asked, kept: KeptStates, user: int
) -> Tensor:
    """(1, width): the state of one history, from what was kept of it where it goes on from that."""
    item, kind = torch.from_numpy(columns.item), torch.from_numpy(columns.kind)
    at = torch.from_numpy(columns.at)
    known = kept.get(reader, user) if user >= 0 else None
    if isinstance(known, _Known) and known.begins(columns):
        read = known.read
        for place in range(read.kept.events, len(item)):
            here = slice(place, place + 1)
            read = reader.extend(vectors[item[here]], kind[here], at[here], read, asked)[1]
    else:
        read = reader.keep(vectors[item][None], kind[None], at[None], asked)[1]
    if user >= 0:
        kept.put(reader, user, _Known(columns, read))
    return reader.states_for(read, asked)
