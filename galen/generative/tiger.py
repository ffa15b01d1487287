"""TIGER as a recall channel or the whole answer: an encoder–decoder over semantic ids.

Rajput et al., "Recommender Systems with Generative Retrieval" (TIGER), NeurIPS 2023.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from galen.data.arrays import Ints
from galen.data.dataset import Dataset
from galen.features.histories import (
    asked_by,
    columns_of,
    columns_of_requests,
    lessons_of,
    tokens_of,
)
from galen.features.tokenizing.coding import Coding
from galen.features.tokenizing.item_vectors import Source
from galen.features.tokenizing.semantic_ids import SemanticIds
from galen.features.tokenizing.tokenizers import TokenizerName
from galen.generative.answering import Allowed, answered, everything, ndcg
from galen.generative.decoding import Found, beam
from galen.generative.prefixes import PrefixSource
from galen.generative.tiger_network import TigerNetwork, TigerScorer, TigerShape
from galen.generative.trie import Trie
from galen.nn.learning.course import Course
from galen.nn.learning.passes import EnoughSteps
from galen.nn.learning.precision import Precision
from galen.nn.learning.sequence_losses import Mean
from galen.nn.learning.training import Training, Watch, fit, follow, usable
from galen.nn.sequences.context import Asked, Moment
from galen.nn.sequences.encoder_decoder import Memory
from galen.nn.sequences.histories import Columns
from galen.nn.sequences.judging import HeldOut
from galen.nn.sequences.next_item_training import training_of
from galen.pipeline.candidates import Candidates, Requests, no_candidates
from galen.pipeline.stages import Retriever


@dataclass(frozen=True, slots=True)
class Tiger:
    """Each epoch learns from `targets` places of each history, drawn anew."""

    tokenizer: TokenizerName = "residual_kmeans"
    tokenizer_settings: Mapping[str, Any] = field(default_factory=dict)
    sizes: tuple[int, ...] = (256, 256, 256)
    sources: tuple[Source, ...] = ("taken", "attributes", "text")
    vector_size: int = 64
    user_tokens: int = 2000  # people are hashed to; 0 reads no person
    gaps: bool = False  # is the time between events read?
    context: tuple[Moment, ...] = ()  # what of the moment and place of asking is read
    width: int = 64  # numbers of a code's vector and of every layer
    layers: int = 2  # of the encoder, and of the decoder
    heads: int = 2  # of attention; they must divide `width`
    dropout: float = 0.1
    length: int = 20  # newest items that are read
    targets: int = 4  # places of each history that an epoch learns from
    beam: int = 50
    batch: int = 128
    learning_rate: float = 2e-3
    average: float = 0.0
    epochs: int = 100
    patience: int = 3
    plateau: float = 0.3
    held_out: int = 1000
    precision: Precision = "float32"
    device: str = "cpu"
    repeat: bool = False
    seed: int = 0

    def fit(self, data: Dataset, *, watch: Watch | None = None) -> "TigerIndex":
        """Make semantic ids, then learn to write them; `watch` is told of each epoch.

        Raises:
            SemanticIdError: the tokenizer has no such settings, or makes no codes of these sizes.
            TrainingError: the loss is not finite, or nothing can be learned on the device.
        """
        return self._learned(data, Course(), watch)

    def again(self, data: Dataset, learned: Retriever) -> "TigerIndex":
        assert isinstance(learned, TigerIndex)
        return self._learned(data, learned.course, None)

    def _learned(self, data: Dataset, before: Course, watch: Watch | None) -> "TigerIndex":
        usable(self.device)
        columns = columns_of(data)
        ids = self.coding.ids(data, self.seed)
        torch.manual_seed(self.seed)
        timed = data.clock == "time"
        judged = not before.epochs
        learning, kept = lessons_of(columns, self.held_out, self.seed, judged=judged)
        network, course = self._network(ids, timed), Course()
        if len(learning.item):
            source = self._source(learning)
            if kept is None:
                course = follow(network, Mean(), source, before, self._training, watch=watch)
            else:
                judge = _Judge(self, kept)
                course = fit(network, Mean(), source, judge, self._training, watch=watch)
        facts = _Facts(bool(course.epochs), data.users, timed)
        return TigerIndex(self, ids, network.to("cpu").eval(), facts, course)

    def load(self, folder: Path) -> "TigerIndex":
        ids = SemanticIds.load(folder)
        facts = msgspec.json.decode((folder / "tiger.json").read_bytes(), type=_Facts)
        network = self._network(ids, facts.timed)
        network.load_state_dict(load_file(folder / "tiger.safetensors"))
        return TigerIndex(self, ids, network.eval(), facts, Course())

    @property
    def tables(self) -> tuple[str, ...]:
        """Those that semantic ids are made of."""
        return self.coding.tables

    @property
    def coding(self) -> Coding:
        """The part of the settings that says how items get their ids."""
        return Coding(
            self.tokenizer, self.sizes, self.sources, self.vector_size, self.tokenizer_settings
        )

    def _source(self, learning: Columns) -> EnoughSteps:
        return EnoughSteps(PrefixSource(learning, self.batch, self.length, self.targets, self.seed))

    def _network(self, ids: SemanticIds, timed: bool) -> TigerNetwork:
        shape = TigerShape(
            self.width,
            self.layers,
            self.heads,
            self.dropout,
            self.length,
            self.user_tokens,
            tokens_of(self.gaps, self.context, timed=timed),
        )
        return TigerNetwork(shape, torch.from_numpy(ids.codes), ids.sizes)

    @property
    def _training(self) -> Training:
        return training_of(self, average=self.average, precision=self.precision)


class _Facts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    learned: bool  # was there anything to learn from?
    users: int  # who came later is read as unknown
    timed: bool = False  # are moments seconds, not places in an order?


@dataclass(frozen=True)
class TigerIndex:
    """An encoder–decoder that has learned."""

    settings: Tiger
    ids: SemanticIds
    network: TigerNetwork
    facts: _Facts
    course: Course

    def retrieve(self, requests: Requests, k: int) -> Candidates:
        """At most k items a request, whatever may be shown."""
        return self.generate(requests, k, everything)

    def generate(self, requests: Requests, k: int, allowed: Allowed) -> Candidates:
        """At most k items a request, none but those that are allowed."""
        if not self.facts.learned:
            return no_candidates(("score",))
        timed, length = self.facts.timed, self.settings.length
        read = columns_of_requests(requests.taken, len(self.ids), length, timed=timed)
        asking = np.flatnonzero(np.diff(read.offsets))
        own, users = read.of(asking), self.facts.users
        asked = asked_by(requests, asking, timed=timed, users=users)

        def write(part: slice, mask: Tensor, wanted: int) -> Found:
            memory = remembered(self.network, own.of(_rows(part)), asked.take(part))
            width = max(self.settings.beam, wanted)
            return written(self.network, self.trie, memory, mask, wanted, width)

        return answered(
            write,
            requests,
            asking,
            k,
            allowed,
            items=len(self.ids),
            repeat=self.settings.repeat,
        )

    @cached_property
    def trie(self) -> Trie:
        """Of all items of the catalogue that was learned from."""
        return Trie.of(self.ids.codes, self.ids.sizes)

    def save(self, folder: Path) -> None:
        plain = {name: t.contiguous() for name, t in self.network.state_dict().items()}
        save_file(plain, folder / "tiger.safetensors")
        (folder / "tiger.json").write_bytes(msgspec.json.encode(self.facts))
        self.ids.save(folder)


@torch.inference_mode()
def written(
    network: TigerNetwork, trie: Trie, memory: Memory, eligible: Tensor, k: int, width: int
) -> Found:
    """The k best of `eligible` (R, items) after R histories, by a beam of `width` prefixes."""
    return beam(TigerScorer(network), memory, trie.masked(eligible), width=width, k=k)


@torch.inference_mode()
def remembered(network: TigerNetwork, read: Columns, asked: Asked) -> Memory:
    """What the network remembers of histories, each of one event or more."""
    device = network.codes.device
    return network.encode(read.events().to(device), asked.to(device))


@dataclass(frozen=True)
class _Judge:
    """NDCG@10 of what was held out, and the log-loss of its codes."""

    settings: Tiger
    kept: HeldOut

    def __call__(self, network: nn.Module) -> dict[str, float]:
        assert isinstance(network, TigerNetwork)
        network.eval()
        read, asked = self.kept.before.newest(self.settings.length), self.kept.asked
        assert asked is not None
        device = network.codes.device
        trie = Trie.of(network.codes.cpu().numpy(), network.sizes).to(device)
        wanted = network.codes[torch.from_numpy(self.kept.wanted).to(device)]
        total = 0.0

        def memory(part: slice) -> Memory:
            return remembered(network, read.of(_rows(part)), asked.take(part))

        with torch.inference_mode():
            for start in range(0, len(wanted), 512):
                part = slice(start, min(start + 512, len(wanted)))
                total += float(network.log_probabilities(memory(part), wanted[part]).sum())

        def write(part: slice, mask: Tensor, k: int) -> Found:
            return written(network, trie, memory(part), mask, k, 20)

        gain = ndcg(write, self.kept, len(network.codes), repeat=self.settings.repeat)
        return {"ndcg": gain, "loss": -total / len(wanted)}


def _rows(part: slice) -> Ints:
    return np.arange(part.start, part.stop)
