"""A generator as a recall channel, a ranker's neighbour, or the whole answer.

It writes the semantic ids of the next items, so that only items that exist and may be shown can
come out; see `galen.generative.network` for the papers.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import msgspec
import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from galen.data.dataset import Dataset
from galen.data.schema import Kind
from galen.features.histories import (
    EVERY,
    Taken,
    asked_by,
    columns_of,
    columns_of_requests,
    held_out,
    some_bought,
    tokens_of,
)
from galen.features.item_known import Attribute, known_of
from galen.features.item_text import TextEncoder
from galen.features.reading import states_of
from galen.generative.answering import Allowed, answered, everything
from galen.generative.cold import Cold
from galen.generative.network import NextCodes
from galen.generative.preferring.preference import Preference, Preferred, Wares, prefer
from galen.generative.scoring import WrittenAnswer
from galen.generative.tokenizing.coding import Coding
from galen.generative.tokenizing.item_vectors import Source
from galen.generative.tokenizing.semantic_ids import SemanticIdError, SemanticIds
from galen.generative.tokenizing.tokenizers import TokenizerName
from galen.generative.trie import Trie
from galen.generative.writing import Writer
from galen.generative.writing_judge import WritingJudge, whole_items
from galen.nn.learning.precision import Precision
from galen.nn.learning.sequence_losses import Mean
from galen.nn.learning.training import Course, Training, Watch, fit, follow
from galen.nn.sequences.backbones.backbone import Kind as BackboneKind
from galen.nn.sequences.backbones.backbone import Shape
from galen.nn.sequences.backbones.catalog import backbone
from galen.nn.sequences.buying import Buying
from galen.nn.sequences.code_head import CodeHead
from galen.nn.sequences.context import Key
from galen.nn.sequences.continuing import Continuing, continuing
from galen.nn.sequences.histories import Columns, NextItemSource
from galen.nn.sequences.item_tower import ItemTower
from galen.nn.sequences.reader import Reader
from galen.pipeline.candidates import Candidates, Ints, Requests, no_candidates
from galen.pipeline.stages import Retriever


@dataclass(frozen=True, slots=True)
class Generator:
    """`parallel` writes all levels at once and scores the whole catalogue; else a beam is kept.

    `dense` learns an inner product of state and item beside the codes, whose weight is chosen on
    people held out. `identity` gives each item a vector of its own among those that are read, and
    `attributes` and `text` vectors by what is said of it. With `cold`, which needs `dense`, so many
    items that nobody took may join what is written, and the dense score orders all.
    """

    tokenizer: TokenizerName = "residual_kmeans"
    sizes: tuple[int, ...] = (256, 256, 256)
    sources: tuple[Source, ...] = ("taken", "attributes", "text")
    vector_size: int = 64
    backbone: BackboneKind = "ligr"
    width: int = 128
    layers: int = 2
    heads: int = 1
    dropout: float = 0.3
    length: int = 50
    parallel: bool = False
    dense: bool = False
    temperature: float = 0.0  # of the dense score as cosines; 0 scores by inner products
    identity: bool = False
    identity_dropout: float = 0.0  # how often an own vector is left out in training
    attributes: tuple[Attribute, ...] = ()
    text: bool = False
    text_size: int = 128
    cold: int = 0
    cold_share: float | None = None  # of ten places; cold items' share of the catalogue if None
    negatives: int = 1024
    kinds: tuple[Taken, ...] = EVERY  # of events that are read
    gaps: bool = False  # is the time between events read?
    context: tuple[Key, ...] = ()  # what of the moment and place of asking is read
    purchase_weight: float = 0.0  # of the probability that what comes next is bought
    beam: int = 50
    batch: int = 128
    learning_rate: float = 2e-3
    average: float = 0.0
    epochs: int = 100
    patience: int = 3
    plateau: float = 0.3
    held_out: int = 1000
    precision: Precision = "float32"  # each batch has its own shape, for which bfloat16 pays little
    repeat: bool = False
    preference: Preference | None = None  # training after the one that tells what follows
    seed: int = 0

    def fit(self, data: Dataset, *, watch: Watch | None = None) -> "GeneratorIndex":
        """Make semantic ids, then learn to write them; `watch` is told of each epoch.

        Raises:
            SemanticIdError: `cold` without `dense`, a share or temperature that cannot be, or ids
                cannot be made.
        """
        return self._learned(data, None, watch)

    def again(self, data: Dataset, learned: Retriever) -> "GeneratorIndex":
        assert isinstance(learned, GeneratorIndex)
        judged = self.preference is not None or not learned.course.epochs  # by people held out
        return self._learned(data, None if judged else learned, None)

    def _learned(
        self, data: Dataset, before: "GeneratorIndex | None", watch: Watch | None
    ) -> "GeneratorIndex":
        if self.cold and not self.dense:
            raise SemanticIdError("cold items are found by the dense score: set dense = true.")
        if self.temperature < 0 or not 0 <= (self.cold_share or 0) <= 1:
            raise SemanticIdError("a temperature is 0 or more, and cold_share is of 0 to 1.")
        columns = columns_of(data, self.kinds)
        ids = self.coding.ids(data, self.seed)
        torch.manual_seed(self.seed)
        network = self._network(ids, columns, data)
        course, preferred, judge = self._taught(network, ids, columns, data, before, watch)
        network.eval()
        cold = np.flatnonzero(np.bincount(columns.item, minlength=len(ids)) == 0)
        if before is not None:
            mix, lift = before.mix, before.lift
        else:
            mix = judge.best_mix(network) if self.dense else 0.0
            lift = self._lift(judge, network, cold)
        return GeneratorIndex(
            self,
            ids,
            network.reader,
            network.head,
            whole_items(network),
            data.clock == "time",
            course,
            network.buying,
            mix,
            lift,
            bool(course.epochs),
            cold,
            preferred,
        )

    def _taught(
        self,
        network: NextCodes,
        ids: SemanticIds,
        columns: Columns,
        data: Dataset,
        before: "GeneratorIndex | None",
        watch: Watch | None,
    ) -> tuple[Course, Preferred | None, WritingJudge]:
        """How it learned to tell what follows, then what is preferred, and who judged it."""
        nobody = WritingJudge(self.length, None)
        if not len(columns.item):
            return Course(), None, nobody
        if before is not None:
            source = self._source(columns, ids)
            course = follow(network, Mean(), source, before.course, self._training, watch=watch)
            return course, None, nobody
        learning, kept = held_out(columns, self.held_out, self.seed)
        source, judge = self._source(learning, ids), WritingJudge(self.length, kept)
        course = fit(network, Mean(), source, judge, self._training, watch=watch)
        preferred = None
        if self.preference is not None:
            preferred = prefer(
                network,
                learning,
                Wares.of(data.catalogue, network.codes),
                judge,
                self.preference,
                repeat=self.repeat,
                seed=self.seed,
                watch=watch,
            )
        return course, preferred, judge

    def load(self, folder: Path) -> "GeneratorIndex":
        saved = load_file(folder / "generator.safetensors")
        facts = msgspec.json.decode((folder / "generator.json").read_bytes(), type=_Facts)
        ids = SemanticIds.load(folder)
        reader = self._reader(facts.timed)
        head = CodeHead(self.width, ids.sizes, parallel=self.parallel)
        buying = Buying(self.width, int(Kind.PURCHASE)) if facts.buys else None
        parts = {"reader": reader, "head": head}
        for name, part in (parts | ({} if buying is None else {"buying": buying})).items():
            start = f"{name}."
            part.load_state_dict(
                {key.removeprefix(start): t for key, t in saved.items() if key.startswith(start)}
            )
            part.eval()
        items, nothing = saved["items"], Course()
        index = GeneratorIndex(self, ids, reader, head, items, facts.timed, nothing, buying)
        cold = saved["cold"].numpy()
        known = {name: getattr(facts, name) for name in ("mix", "lift", "learned", "preferred")}
        return replace(index, cold=cold, **known)

    @property
    def coding(self) -> Coding:
        return Coding(self.tokenizer, self.sizes, self.sources, self.vector_size)

    @property
    def shape(self) -> Shape:
        return Shape(self.backbone, self.width, self.layers, self.heads, self.dropout, self.length)

    @property
    def _training(self) -> Training:
        return Training(
            epochs=self.epochs,
            batch=self.batch,
            learning_rate=self.learning_rate,
            average=self.average,
            patience=self.patience,
            plateau=self.plateau,
            monitor="ndcg",
            precision=self.precision,
            seed=self.seed,
        )

    def _reader(self, timed: bool) -> Reader:
        return Reader(backbone(self.shape), tokens_of(self.gaps, self.context, timed=timed))

    def _network(self, ids: SemanticIds, columns: Columns, data: Dataset) -> NextCodes:
        codes = torch.from_numpy(ids.codes)
        catalogue = data.catalogue
        encoder = TextEncoder.of(catalogue, self.text_size, self.seed) if self.text else None
        known = known_of(catalogue, self.attributes, encoder)
        learned = torch.from_numpy(np.bincount(columns.item, minlength=len(ids)) > 0)
        tower = ItemTower(
            replace(known, codes=codes, sizes=known.sizes + ids.sizes),
            learned,
            self.width,
            identity=self.identity,
            identity_dropout=self.identity_dropout,
        )
        head = CodeHead(self.width, ids.sizes, parallel=self.parallel)
        buys = self.purchase_weight > 0 and some_bought(columns)
        return NextCodes(
            tower,
            self._reader(data.clock == "time"),
            head,
            codes,
            dense=self.dense,
            temperature=self.temperature,
            buying=Buying(self.width, int(Kind.PURCHASE)) if buys else None,
            purchase_weight=self.purchase_weight,
        )

    def _lift(self, judge: WritingJudge, network: NextCodes, cold: Ints) -> float:
        if not self.cold:
            return 0.0
        share = len(cold) / len(network.codes) if self.cold_share is None else self.cold_share
        return judge.lift(network, torch.from_numpy(cold), share)

    def _source(self, learning: Columns, ids: SemanticIds) -> NextItemSource:
        return NextItemSource(
            learning.of(np.flatnonzero(np.diff(learning.offsets) >= 2)),
            len(ids),
            self.batch,
            self.length,
            self.negatives if self.dense else 0,
            0.0,
            2.0,
            self.seed,
            np.unique(learning.item) if self.dense else None,
        )


class _Facts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    timed: bool
    mix: float
    learned: bool  # was there anything to learn from?
    lift: float = 0.0
    buys: bool = False  # was it learned what is bought?
    preferred: Preferred | None = None


@dataclass(frozen=True)
class GeneratorIndex:
    """A generator that has learned."""

    settings: Generator
    ids: SemanticIds
    reader: Reader
    head: CodeHead
    items: Tensor  # (items, width)
    timed: bool
    course: Course
    buying: Buying | None = None
    mix: float = 0.0
    lift: float = 0.0  # of the dense scores of items that nobody took
    learned: bool = True
    cold: Ints = field(default_factory=lambda: np.empty(0, np.int64))  # items that nobody took
    preferred: Preferred | None = None

    def retrieve(self, requests: Requests, k: int) -> Candidates:
        """At most k items a request, whatever may be shown."""
        return self.generate(requests, k, everything)

    def generate(self, requests: Requests, k: int, allowed: Allowed) -> Candidates:
        """At most k items a request, none but those that are allowed."""
        if not self.learned:
            return no_candidates(("score",))
        states, asking = self._states(requests)
        writer = self.writer
        return answered(
            lambda part, mask, wanted: writer.best(states[part], mask, wanted),
            requests,
            asking,
            k,
            allowed,
            items=len(self.items),
            repeat=self.settings.repeat,
        )

    def answer(self, requests: Requests) -> WrittenAnswer:
        """Scores of any items, so that a generator can rank what others propose."""
        read = self._states if self.learned else _nobody
        return WrittenAnswer(requests, self.writer, self.retrieve, read)

    @cached_property
    def writer(self) -> Writer:
        """What writes, over all items of the catalogue that was learned from."""
        trie = Trie.of(self.ids.codes, self.ids.sizes)
        codes = torch.from_numpy(np.ascontiguousarray(self.ids.codes.T)).T
        settings, cold = self.settings, None
        if settings.cold and len(self.cold):
            cold = Cold(torch.from_numpy(self.cold), settings.cold, self.lift)
        return Writer(
            self.head,
            trie,
            codes,
            self.items,
            settings.beam,
            self.mix,
            self.buying,
            settings.purchase_weight,
            cold,
            settings.temperature,
        )

    def continued(self, requests: Requests, places: int) -> Iterator[tuple[Ints, Continuing]]:
        """Requests with an event, ready for `places` items of a slate."""
        if not self.learned:
            return
        scored, length = self.writer, max(1, self.settings.length - places)
        asked = asked_by(requests, np.arange(len(requests)), timed=self.timed)
        columns = self._columns(requests, length)
        yield from continuing(columns, asked, self.reader, self.items, scored.scores)

    def _columns(self, requests: Requests, length: int) -> Columns:
        items, kinds = len(self.items), self.settings.kinds
        return columns_of_requests(requests.taken, items, length, timed=self.timed, kinds=kinds)

    def save(self, folder: Path) -> None:
        tensors = {f"reader.{name}": t for name, t in self.reader.state_dict().items()}
        tensors |= {f"head.{name}": t for name, t in self.head.state_dict().items()}
        if self.buying is not None:
            tensors |= {f"buying.{name}": t for name, t in self.buying.state_dict().items()}
        tensors |= {"items": self.items, "cold": torch.from_numpy(self.cold)}
        plain = {name: t.contiguous() for name, t in tensors.items()}
        save_file(plain, folder / "generator.safetensors")
        buys = self.buying is not None
        facts = _Facts(self.timed, self.mix, self.learned, self.lift, buys, self.preferred)
        (folder / "generator.json").write_bytes(msgspec.json.encode(facts))
        self.ids.save(folder)

    def _states(self, requests: Requests) -> tuple[Tensor, Ints]:
        """States of the requests that have an event, and which those are."""
        columns = self._columns(requests, self.settings.length)
        return states_of(self.reader, self.items, columns, requests, timed=self.timed)


def _nobody(requests: Requests) -> tuple[Tensor, Ints]:
    """A generator that has learned nothing reads nobody."""
    return torch.zeros(0, 1), np.empty(0, np.int64)
