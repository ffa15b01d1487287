"""Codes in, codes out: an encoder reads a history's codes, a decoder writes the next item's.

Rajput et al., "Recommender Systems with Generative Retrieval" (TIGER), NeurIPS 2023. Places are
learned vectors, counted from the newest item, where T5 has biases.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from galen.generative.prefixes import PrefixInputs
from galen.nn.dense import linear
from galen.nn.dropout import Dropout
from galen.nn.sequences.context import Asked, ContextWords, Tokens
from galen.nn.sequences.encoder_decoder import DecoderLayer, EncoderLayer, Memory
from galen.nn.sequences.jagged import Layout, layout_of, one_block
from galen.nn.sequences.moments import SPANS, gap_step
from galen.nn.sequences.packed_events import Events
from galen.nn.sequences.user_tokens import bucket_of


@dataclass(frozen=True, slots=True)
class TigerShape:
    """The size of the network; as many layers read as write."""

    width: int
    layers: int
    heads: int
    dropout: float
    length: int  # items of a history that are read
    user_tokens: int  # people share so many; 0 reads no person
    tokens: Tokens  # what is read beside items and the person


class TigerNetwork(nn.Module):
    """(R,) losses of beginnings: minus the log-probability of the codes that followed."""

    def __init__(self, shape: TigerShape, codes: Tensor, sizes: tuple[int, ...]) -> None:
        super().__init__()
        if shape.width % shape.heads:
            raise ValueError(f"width {shape.width} is no multiple of {shape.heads} heads.")
        width, layer = shape.width, (shape.width, shape.heads, shape.dropout)
        self.shape, self.sizes = shape, sizes
        self.codes: Tensor
        self.starts: Tensor
        self.register_buffer("codes", codes, persistent=False)  # (items, levels)
        starts = torch.tensor([0, *sizes[:-1]]).cumsum(0)
        self.register_buffer("starts", starts, persistent=False)
        self.words = nn.Embedding(sum(sizes), width)
        self.kinds = nn.Embedding(shape.tokens.kinds, width)
        self.gaps = nn.Embedding(SPANS + 1, width) if shape.tokens.gaps else None
        self.context = ContextWords(width, shape.tokens)
        self.places = nn.Parameter(torch.zeros(shape.length, width))
        self.users = nn.Embedding(shape.user_tokens + 1, width) if shape.user_tokens else None
        self.first = nn.Parameter(torch.empty(width))
        self.encoder = nn.ModuleList(EncoderLayer(*layer) for _ in range(shape.layers))
        self.decoder = nn.ModuleList(DecoderLayer(*layer) for _ in range(shape.layers))
        self.encoded_norm, self.written_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.write = nn.ModuleList(linear(width, size) for size in sizes)
        self.dropout = Dropout(shape.dropout)
        for table in (self.words.weight, self.places, self.first):
            nn.init.normal_(table, std=0.05)
        nn.init.zeros_(self.kinds.weight)
        if self.gaps is not None:
            nn.init.zeros_(self.gaps.weight)
        if self.users is not None:
            nn.init.normal_(self.users.weight, std=0.05)

    def forward(self, inputs: PrefixInputs) -> Tensor:
        memory = self.encode(inputs.events, inputs.asked)
        return -self.log_probabilities(memory, self.codes.index_select(0, inputs.wanted))

    def encode(self, events: Events, asked: Asked) -> Memory:
        """What is remembered of R histories and of when, where and by whom (R,) it is asked."""
        tokens, layout = self._tokens(events, asked)
        tokens = self.dropout(tokens)
        for layer in self.encoder:
            tokens = layer(tokens, layout)
        tokens = self.encoded_norm(tokens)
        kept = tuple(layer.remembered(tokens, layout) for layer in self._writers())
        return Memory(kept, one_block(layout).rows < len(tokens))

    def log_probabilities(self, memory: Memory, codes: Tensor) -> Tensor:
        """(R,) log-probabilities of codes (R, levels), each level read before the next."""
        rows, levels = codes.shape
        read = self.words(codes[:, :-1] + self.starts[:-1])
        first = self.first.expand(rows, 1, -1)
        written = self.dropout(torch.cat([first, read], dim=1).flatten(0, 1))
        layout = layout_of(torch.full((rows,), levels)).to(codes.device)
        sequence = torch.arange(rows, device=codes.device).repeat_interleave(levels)
        for layer, own in zip(self._writers(), memory.layers, strict=True):
            written = layer(written, layout, own, memory.there, sequence)
        written = written.view(rows, levels, -1)
        scores = [
            self.level(level, written[:, level]).gather(1, codes[:, level : level + 1])
            for level in range(levels)
        ]
        return torch.cat(scores, dim=1).sum(1)

    def level(self, level: int, written: Tensor) -> Tensor:
        """(rows, codes of the level) log-probabilities of what the decoder gave (rows, width)."""
        logits: Tensor = self.write[level](self.written_norm(written))
        return functional.log_softmax(logits.float(), dim=-1)

    def begin(self, memory: Memory) -> "Draft":
        """One empty row for each request."""
        rows = len(memory.there)
        sequence = torch.arange(rows, device=memory.there.device)
        return Draft(memory, sequence, tuple(layer.begin(rows) for layer in self._writers()))

    def extend(self, draft: "Draft", level: int, codes: Tensor) -> tuple[Tensor, "Draft"]:
        """What the decoder gives (rows, width) after `codes` (rows, level), and the state then."""
        if level:
            written = self.words(codes[:, -1] + self.starts[level - 1])
        else:
            written = self.first.expand(len(draft), -1)
        memory, after = draft.memory, []
        for layer, own, kept in zip(self._writers(), memory.layers, draft.kept, strict=True):
            written, fresh = layer.extend(written, own, memory.there, draft.sequence, kept)
            after.append(fresh)
        return written, Draft(memory, draft.sequence, tuple(after))

    def _tokens(self, events: Events, asked: Asked) -> tuple[Tensor, Layout]:
        """Tokens of the user and of what is asked, then each item's codes, oldest item first."""
        offsets, levels = events.layout.offsets, len(self.sizes)
        items = offsets[1:] - offsets[:-1]
        history = torch.repeat_interleave(items)
        read = self.words(self.codes.index_select(0, events.item) + self.starts)
        read = (read + self._beside(events, items[history])[:, None]).flatten(0, 1)
        before = self.context.read(events.at[events.layout.last], asked)
        if self.users is not None:
            before = [self.users(bucket_of(asked.user, self.shape.user_tokens)), *before]
        layout = layout_of((items * levels + len(before)).cpu()).to(read.device)
        rows = torch.arange(len(read), device=read.device)
        rows = rows + (history.repeat_interleave(levels) + 1) * len(before)
        tokens = read.new_zeros(int(layout.offsets[-1]), self.shape.width)
        tokens = tokens.index_copy(0, rows, read)
        for place, token in enumerate(before):
            tokens = tokens.index_copy(0, layout.offsets[:-1] + place, token)
        return tokens, layout

    def _beside(self, events: Events, items: Tensor) -> Tensor:
        """(T, width): what is read beside an event's item, in histories of so many items (T,)."""
        beside: Tensor = self.places.index_select(0, items - 1 - events.layout.place)
        beside = beside + self.kinds(events.kind)
        if self.gaps is not None:
            beside = beside + self.gaps(gap_step(events.at, events.layout.place))
        return beside

    def _writers(self) -> list[DecoderLayer]:
        return list(self.decoder)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Draft:
    """Rows of unfinished ids; rows of a request share what is remembered of its history."""

    memory: Memory
    sequence: Tensor  # (rows,) of the memory, ascending
    kept: tuple[tuple[Tensor, ...], ...]  # by layer: keys and values of what was written

    def __len__(self) -> int:
        return len(self.sequence)

    def take(self, rows: Tensor) -> "Draft":
        kept = tuple(tuple(part[rows] for part in own) for own in self.kept)
        return Draft(self.memory, self.sequence[rows], kept)


@dataclass(frozen=True, slots=True)
class TigerScorer:
    """The network as the decoder asks it; the context is what is remembered of the requests."""

    network: TigerNetwork

    def start(self, context: Memory) -> Draft:
        return self.network.begin(context)

    def step(self, state: Draft, level: int, codes: Tensor) -> tuple[Tensor, Draft]:
        written, after = self.network.extend(state, level, codes)
        return self.network.level(level, written), after
