"""The next item of a history as a network reads it: SASRec, LiGR, HSTU or GRU4Rec.

The papers are named in `galen.nn.backbones`. All places of all histories teach; the newest event
of some people is held out to tell when to stop.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from galen.data.dataset import Dataset
from galen.data.schema import Kind
from galen.features.histories import columns_of, columns_of_requests, held_out, seconds
from galen.features.item_known import Attribute, described, known_of
from galen.features.item_text import TextEncoder
from galen.nn.backbones.backbone import Kind as BackboneKind
from galen.nn.backbones.backbone import Shape
from galen.nn.backbones.catalog import backbone
from galen.nn.continuing import Continuing, continuing
from galen.nn.histories import Columns, NextItemSource
from galen.nn.item_tower import ItemTower
from galen.nn.judging import Judge
from galen.nn.next_item import NextItem, Objective, Reader
from galen.nn.precision import Precision
from galen.nn.sequence_losses import Kind as Loss
from galen.nn.sequence_losses import Mean
from galen.nn.training import Course, Training, Watch, fit
from galen.pipeline.candidates import Candidates, Histories, Ints, Requests, Singles
from galen.recall.beginning import PROJECTION, Beginning
from galen.recall.factors import FoundVectors, VectorAnswer


@dataclass(frozen=True, slots=True)
class SequenceModel:
    """A backbone over item vectors, taught to tell the next item from others."""

    backbone: BackboneKind = "ligr"
    width: int = 64
    layers: int = 2
    heads: int = 1
    dropout: float = 0.3
    length: int = 50  # newest events that are read
    identity: bool = True  # has an item a vector of its own?
    identity_dropout: float = 0.0  # how often it is left out in training
    attributes: tuple[Attribute, ...] = ()  # whose words have vectors that items share
    text: bool = False  # do words of title, brand and categories count?
    text_size: int = 128
    words: str = ""  # folder of a TextEncoder that has read other catalogues too
    begin: str = ""  # folder of a sequence channel with text, of another shop, to go on from
    loss: Loss = "sampled"
    negatives: int = 1024  # of a mini-batch
    popular: float = 0.0  # share of negatives drawn as often as they were taken
    correct: bool = False
    temperature: float = 0.0
    calibration: float = 0.75
    stochastic: float = 2.0  # below 2, longer histories are thinned at random in training
    batch: int = 128  # histories
    learning_rate: float = 2e-3
    weight_decay: float = 0.0
    average: float = 0.0
    epochs: int = 100
    patience: int = 3
    plateau: float = 0.3
    held_out: int = 2000  # people whose newest event tells when to stop
    precision: Precision = "float32"  # each batch has its own shape, for which bfloat16 pays little
    repeat: bool = False
    seed: int = 0

    def fit(self, data: Dataset, *, watch: Watch | None = None) -> "SequenceIndex":
        """Learn; `watch` is told of each epoch. Where nobody took two items, nothing is learned.

        Raises:
            BeginningError: there is nothing to begin with, or it does not fit these settings.
        """
        columns = columns_of(data)
        items = len(data.catalogue)
        taken = np.bincount(columns.item, minlength=items) > 0
        begin = Beginning.load(Path(self.begin)) if self.begin else None
        encoder = begin.encoder if begin else None
        if self.text and encoder is None and self.words:
            encoder = TextEncoder.load(Path(self.words))
        elif self.text and encoder is None:
            encoder = TextEncoder.of(data.catalogue, self.text_size, self.seed)
        known = known_of(data.catalogue, self.attributes, encoder)
        torch.manual_seed(self.seed)
        tower = ItemTower(
            known,
            torch.from_numpy(taken),
            self.width,
            identity=self.identity,
            identity_dropout=self.identity_dropout,
        )
        objective = Objective(self.loss, self.temperature, self.correct, self.calibration)
        network = NextItem(tower, Reader(backbone(self.shape), len(Kind)), objective)
        if begin:
            begin.lay_into(network)
        learnable = taken | described(known)
        among = np.flatnonzero(taken) if (learnable & ~taken).any() else None
        some = bool(len(columns.item))
        course = self._taught(network, columns, among, watch) if some else Course()
        network.eval()
        with torch.inference_mode():
            vectors = tower.whole()
            answers = network.answers(vectors).numpy()
        found = FoundVectors(np.ascontiguousarray(answers), learnable & (some or bool(begin)))
        beginning = Beginning.of(network, encoder) if encoder else None
        return SequenceIndex(
            self, found, vectors, network.reader, data.clock == "time", course, beginning
        )

    def _taught(
        self, network: NextItem, columns: Columns, among: Ints | None, watch: Watch | None
    ) -> Course:
        learning, kept = held_out(columns, self.held_out, self.seed)
        source = NextItemSource(
            learning.of(np.flatnonzero(np.diff(learning.offsets) >= 2)),
            network.tower.items,
            self.batch,
            self.length,
            self.negatives,
            self.popular,
            self.stochastic,
            self.seed,
            among,
        )
        judge = Judge(kept, self.length)
        return fit(network, Mean(), source, judge, self.training, watch=watch)

    @property
    def shape(self) -> Shape:
        return Shape(self.backbone, self.width, self.layers, self.heads, self.dropout, self.length)

    @property
    def training(self) -> Training:
        return Training(
            epochs=self.epochs,
            batch=self.batch,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            average=self.average,
            patience=self.patience,
            plateau=self.plateau,
            monitor="ndcg",
            precision=self.precision,
            seed=self.seed,
        )

    def load(self, folder: Path) -> "SequenceIndex":
        saved = load_file(folder / "sequence.safetensors")
        facts = msgspec.json.decode((folder / "sequence.json").read_bytes(), type=_Facts)
        reader = Reader(backbone(self.shape), len(Kind))
        vectors = saved.pop("items")
        reader.load_state_dict(saved)
        reader.eval()
        found = FoundVectors.load(folder)
        beginning = Beginning.load(folder) if (folder / PROJECTION).exists() else None
        return SequenceIndex(self, found, vectors, reader, facts.timed, Course(), beginning)


class _Facts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    timed: bool  # are moments in seconds, or is only the order known?


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

    def retrieve(self, requests: Requests, k: int) -> Candidates:
        return self.answer(requests).best(k)

    def answer(self, requests: Requests) -> VectorAnswer:
        queries = self.queries(requests.taken)
        return VectorAnswer(self.found, queries, requests, self.settings.repeat)

    def queries(self, history: Histories, block: int = 2048) -> Singles:
        """(R, width): what each history asks of items; zeros where it has none that is known."""
        columns = columns_of_requests(
            history, len(self.items), self.settings.length, timed=self.timed
        )
        asking = np.flatnonzero(np.diff(columns.offsets))
        out = np.zeros((len(history), self.items.shape[1]), np.float32)
        with torch.inference_mode():
            for start in range(0, len(asking), block):
                people = asking[start : start + block]
                events = columns.of(people).events()
                states = self.reader(self.items.index_select(0, events.item), events)
                asked = _scaled(states[events.layout.last], self.settings.temperature)
                out[people] = asked.numpy()
        return out

    def continued(self, requests: Requests, places: int) -> Iterator[tuple[Ints, Continuing]]:
        """Requests with an event, ready for `places` items of a slate."""
        length = max(1, self.settings.length - places)
        columns = columns_of_requests(requests.taken, len(self.items), length, timed=self.timed)
        now = seconds(requests.at, timed=self.timed)
        yield from continuing(columns, now, self.reader, self.items, self._scores)

    def _scores(self, states: torch.Tensor, item: torch.Tensor) -> torch.Tensor:
        """(P, m) of items (P, m); NaN for items that nobody took."""
        asked = _scaled(states, self.settings.temperature)
        told = torch.einsum("pd,pmd->pm", asked, torch.from_numpy(self.found.vectors)[item])
        learned = torch.from_numpy(self.found.learned)[item]
        return told.masked_fill(~learned, torch.nan)

    def save(self, folder: Path) -> None:
        tensors = {name: t.contiguous() for name, t in self.reader.state_dict().items()}
        save_file(tensors | {"items": self.items.contiguous()}, folder / "sequence.safetensors")
        (folder / "sequence.json").write_bytes(msgspec.json.encode(_Facts(self.timed)))
        self.found.save(folder)
        if self.beginning is not None:
            self.beginning.save(folder)


def _scaled(states: torch.Tensor, temperature: float) -> torch.Tensor:
    return nn.functional.normalize(states, dim=-1) / temperature if temperature else states
