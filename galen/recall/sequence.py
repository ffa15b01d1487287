"""The next item of a history as a network reads it: SASRec, LiGR, HSTU or GRU4Rec.

The papers are named in `galen.nn.sequences.backbones`. All places of all histories teach; the
newest event of some people is held out to tell when to stop.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import torch
from safetensors.torch import load_file, save_file

from galen.data.arrays import Bools, Ints
from galen.data.dataset import Dataset
from galen.data.schema import Kind
from galen.features.histories import (
    EVERY,
    Taken,
    columns_of,
    columns_of_requests,
    lessons_of,
    some_bought,
    tokens_of,
)
from galen.features.item_known import Attribute, findable, known_of, with_codes, with_encoded
from galen.features.item_text import TextEncoder
from galen.features.item_vectors import TABLE, Use, beginning, formed, read_encoded
from galen.features.reading import going_on, states_of
from galen.features.tokenizing.coding import Coding
from galen.nn.cosines import asked
from galen.nn.learning.course import Course
from galen.nn.learning.passes import EnoughSteps
from galen.nn.learning.precision import Precision, resolved
from galen.nn.learning.sequence_losses import Kind as Loss
from galen.nn.learning.sequence_losses import Mean
from galen.nn.learning.training import Training, Watch, fit, follow, usable
from galen.nn.sequences.backbones.backbone import Attention, Shape
from galen.nn.sequences.backbones.backbone import Kind as BackboneKind
from galen.nn.sequences.backbones.catalog import backbone
from galen.nn.sequences.backbones.hstu_fused import fusable
from galen.nn.sequences.buying import Buying
from galen.nn.sequences.context import Key
from galen.nn.sequences.continuing import Continuing
from galen.nn.sequences.histories import Columns, NextItemSource
from galen.nn.sequences.item_tower import SPREAD, ItemTower, Known
from galen.nn.sequences.judging import Judge
from galen.nn.sequences.next_item import NextItem, Objective
from galen.nn.sequences.next_item_training import training_of
from galen.nn.sequences.reader import Reader
from galen.pipeline.candidates import Candidates, Requests
from galen.pipeline.stages import Answer, Retriever
from galen.recall.beginning import BUYING, PROJECTION, Beginning
from galen.recall.bought_next import BoughtNext
from galen.recall.factors import FoundVectors, VectorAnswer


@dataclass(frozen=True, slots=True)
class SequenceModel:
    """A backbone over item vectors, taught to tell the next item from others."""

    backbone: BackboneKind = "ligr"
    width: int = 64
    layers: int = 2
    heads: int = 1
    dropout: float = 0.3
    length: int = 50
    attention: Attention = "blocks"
    identity: bool = True
    identity_dropout: float = 0.0
    attributes: tuple[Attribute, ...] = ("brand", "category", "department")
    text: bool = False
    text_size: int = 128
    codes: Coding | None = None
    words: str = ""  # folder of a TextEncoder that has read other catalogues too
    encoded: Use = "none"  # are vectors of the shop's table read beside words?
    encoded_size: int = 64  # numbers of an item, as pca and whitened vectors
    encoded_table: str = TABLE
    begin_items: Use = "none"  # do items' own vectors begin as vectors of that table?
    begin: str = ""  # folder of a sequence channel with text, of other shops, to go on from
    loss: Loss = "sampled"  # softmax weighs all items, the others those drawn
    negatives: int = 2048  # of a mini-batch
    popular: float = 1.0  # share of negatives drawn as often as they were taken
    correct: bool = True  # for how often negatives are drawn
    temperature: float = 0.0  # of cosines, such as 0.05; 0 scores by inner products
    calibration: float = 0.75  # t of gSASRec, for gbce: 1 undoes what drawing does, 0 nothing
    kinds: tuple[Taken, ...] = EVERY  # of events that are read
    gaps: bool = False  # is the time between events read?
    context: tuple[Key, ...] = ()  # what of the moment and place of asking is read
    purchase_weight: float = 0.0  # of the probability that what comes next is bought
    stochastic: float = 2.0  # below 2, longer histories are thinned at random in training
    batch: int = 128
    learning_rate: float = 2e-3
    weight_decay: float = 0.0
    average: float = 0.0
    epochs: int = 100
    patience: int = 3
    plateau: float = 0.3
    held_out: int = 2000
    precision: Precision = "float32"
    softmax_precision: Precision = "float32"  # of the scores of `softmax`, which are many and alike
    device: str = "cpu"
    repeat: bool = False
    seed: int = 0

    @property
    def tables(self) -> tuple[str, ...]:
        """The table of vectors, where they are read, begun with or made into codes."""
        own = () if self.encoded == self.begin_items == "none" else (self.encoded_table,)
        return own if self.codes is None else (*own, *self.codes.tables)

    def fit(self, data: Dataset, *, watch: Watch | None = None) -> "SequenceIndex":
        """Learn; `watch` is told of each epoch. Where nobody took two items, nothing is learned.

        Raises:
            TrainingError: the loss is not finite, or nothing can be learned on the device.
            AttentionError: fused attention without HSTU on a GPU.
            BeginningError: there is nothing to begin with, or it does not fit these settings.
            TextError: the folder of `words` holds none.
            EnrichedError: vectors are asked for, and their table is missing or cannot be used.
            SemanticIdError: codes are asked for, and cannot be made.
        """
        return self._learned(data, Course(), watch)

    def again(self, data: Dataset, learned: Retriever) -> "SequenceIndex":
        assert isinstance(learned, SequenceIndex)
        return self._learned(data, learned.course, None)

    def _learned(self, data: Dataset, before: Course, watch: Watch | None) -> "SequenceIndex":
        fusable(self.shape, self.device)
        columns = columns_of(data, self.kinds)
        timed = data.clock == "time"
        judged = not before.epochs
        learning, kept = lessons_of(columns, self.held_out, self.seed, judged=judged)
        taken = np.bincount(learning.item, minlength=len(data.catalogue)) > 0
        begin = Beginning.load(Path(self.begin)) if self.begin else None
        encoder = begin.encoder if begin else self._encoder(data)
        known, own = self._known(data, encoder)
        buys = self.purchase_weight > 0 and some_bought(learning)
        network = self._network(known, own, taken, buys=buys, timed=timed)
        if begin:
            begin.lay_into(network)
        learnable = findable(known, taken, identity=self.identity)
        course = Course()
        if len(learning.item) and learnable.any():
            judge = Judge(kept, self.length, self.repeat, learnable) if kept else before
            course = self._taught(network, learning, judge, watch)
        taught = bool(course.epochs or begin)
        network.to("cpu").eval()
        with torch.inference_mode():
            vectors = network.tower.whole()
            answers = network.answers(vectors).numpy()
        found = FoundVectors.by("exact", np.ascontiguousarray(answers), learnable & taught)
        whole = encoder is not None and self.encoded == "none"  # another shop has other vectors
        learned = Beginning.of(network, encoder) if encoder and whole else None
        parts = network.reader, timed, course, learned, network.buying, data.users
        return SequenceIndex(self, found, vectors, *parts)

    def _encoder(self, data: Dataset) -> TextEncoder | None:
        """What reads the words of items, where they are read."""
        if not self.text:
            return None
        if self.words:
            return TextEncoder.load(Path(self.words))
        return TextEncoder.of(data.catalogue, self.text_size, self.seed)

    def _network(
        self, known: Known, own: torch.Tensor | None, taken: Bools, *, buys: bool, timed: bool
    ) -> NextItem:
        """A network that has not learned, of a catalogue of which `taken` (items,) was taken."""
        torch.manual_seed(self.seed)
        tower = ItemTower(
            known,
            torch.from_numpy(taken),
            self.width,
            identity=self.identity,
            identity_dropout=self.identity_dropout,
            begin=own,
        )
        objective = Objective(
            self.loss,
            self.temperature,
            self.correct,
            self.calibration,
            self.purchase_weight,
            products=resolved(self.softmax_precision, usable(self.device)),
        )
        buying = Buying(self.width, int(Kind.PURCHASE)) if buys else None
        return NextItem(tower, self._reader(timed), objective, buying)

    def _known(
        self, data: Dataset, encoder: TextEncoder | None
    ) -> tuple[Known, torch.Tensor | None]:
        """What is known of items, and what their own vectors begin with."""
        known = known_of(data.catalogue, self.attributes, encoder)
        if self.codes is not None:
            known = with_codes(known, *self.codes.ids_and_there(data, self.seed))
        if self.encoded == self.begin_items == "none":
            return known, None
        found, own = read_encoded(data, self.encoded_table), None
        if self.encoded != "none":
            vectors = formed(found, self.encoded, self.encoded_size, self.seed)
            known = with_encoded(known, found, vectors)
        if self.begin_items != "none":
            laid = beginning(found, self.begin_items, self.width, SPREAD, self.seed)
            own = torch.from_numpy(laid)
        return known, own

    def _taught(
        self, network: NextItem, learning: Columns, judge: Judge | Course, watch: Watch | None
    ) -> Course:
        """How it learned, judged by people held out or as it went before."""
        taken, items = np.unique(learning.item), network.tower.items
        source = EnoughSteps(
            NextItemSource(
                learning,
                items,
                self.batch,
                self.length,
                self.negatives,
                self.popular,
                self.stochastic,
                self.seed,
                taken if len(taken) < items else None,
            )
        )
        if isinstance(judge, Course):
            return follow(network, Mean(), source, judge, self.training, watch=watch)
        return fit(network, Mean(), source, judge, self.training, watch=watch)

    @property
    def shape(self) -> Shape:
        """The part of the settings that says what backbone reads histories."""
        widths = self.width, self.layers, self.heads
        return Shape(self.backbone, *widths, self.dropout, self.length, self.attention)

    @property
    def training(self) -> Training:
        """How the network learns; NDCG of people held out tells when to stop."""
        return training_of(
            self,
            weight_decay=self.weight_decay,
            average=self.average,
            precision=self.precision,
        )

    def load(self, folder: Path) -> "SequenceIndex":
        saved = load_file(folder / "sequence.safetensors")
        facts = msgspec.json.decode((folder / "sequence.json").read_bytes(), type=_Facts)
        reader, vectors = self._reader(facts.timed), saved.pop("items")
        buying = Buying(self.width, int(Kind.PURCHASE)) if facts.buys else None
        if buying is not None:
            own = {name: saved.pop(f"{BUYING}{name}") for name in buying.state_dict()}
            buying.load_state_dict(own)
        reader.load_state_dict(saved)
        reader.eval()
        found = FoundVectors.load(folder)
        beginning = Beginning.load(folder) if (folder / PROJECTION).exists() else None
        parts = reader, facts.timed, Course(), beginning, buying, facts.users
        return SequenceIndex(self, found, vectors, *parts)

    def _reader(self, timed: bool) -> Reader:
        return Reader(backbone(self.shape), tokens_of(self.gaps, self.context, timed=timed))


class _Facts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    timed: bool  # are moments in seconds, or is only the order known?
    buys: bool = False  # was it learned what is bought?
    users: int | None = None  # who came later is read as unknown; None in bundles of before


@dataclass(frozen=True)
class SequenceIndex:
    """A network that has learned, with the vectors that it scores."""

    settings: SequenceModel
    found: FoundVectors
    items: torch.Tensor  # (items, width) as events are read
    reader: Reader
    timed: bool
    course: Course
    beginning: Beginning | None = None  # what another shop may begin with, where text counts
    buying: Buying | None = None
    users: int | None = None  # rows from here on came after it had learned

    def retrieve(self, requests: Requests, k: int) -> Candidates:
        return self.answer(requests).best(k)

    def answer(self, requests: Requests) -> Answer:
        states = self.states(requests)
        queries = asked(states, self.settings.temperature).numpy()
        answer = VectorAnswer(self.found, queries, requests, self.settings.repeat)
        if self.buying is None:
            return answer
        return BoughtNext(answer, states, self.buying, self.items, self.settings.purchase_weight)

    def states(self, requests: Requests) -> torch.Tensor:
        """(R, width): what each request's person is like; zeros where nothing known was taken."""
        settings, items = self.settings, len(self.items)
        columns = columns_of_requests(
            requests.taken, items, settings.length, timed=self.timed, kinds=settings.kinds
        )
        read = self.reader, self.items, columns
        found, asking = states_of(*read, requests, timed=self.timed, users=self.users)
        out = torch.zeros(len(requests), self.items.shape[1])
        out[torch.from_numpy(asking)] = found
        return out

    def continued(self, requests: Requests, places: int) -> Iterator[tuple[Ints, Continuing]]:
        """Requests with an event, ready for `places` items of a slate."""
        read, kinds = (self.reader, self.items, requests, places), self.settings.kinds
        timed, users = self.timed, self.users
        return going_on(*read, self._scores, kinds=kinds, timed=timed, users=users)

    def _scores(self, states: torch.Tensor, item: torch.Tensor) -> torch.Tensor:
        """(P, m) of items (P, m); NaN for items that nobody took."""
        queries = asked(states, self.settings.temperature)
        score = torch.einsum("pd,pmd->pm", queries, torch.from_numpy(self.found.vectors)[item])
        if self.buying is not None:
            bought = self.buying.log_probabilities(states, self.items[item])
            score = score + self.settings.purchase_weight * bought
        learned = torch.from_numpy(self.found.learned)[item]
        return score.masked_fill(~learned, torch.nan)

    def save(self, folder: Path) -> None:
        tensors = {"items": self.items} | self.reader.state_dict()
        if self.buying is not None:
            own = self.buying.state_dict()
            tensors |= {f"{BUYING}{name}": tensor for name, tensor in own.items()}
        plain = {name: t.contiguous() for name, t in tensors.items()}
        save_file(plain, folder / "sequence.safetensors")
        facts = _Facts(self.timed, self.buying is not None, self.users)
        (folder / "sequence.json").write_bytes(msgspec.json.encode(facts))
        self.found.save(folder)
        if self.beginning is not None:
            self.beginning.save(folder)
