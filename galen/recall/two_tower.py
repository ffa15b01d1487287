"""Two towers: a history and an item as unit vectors, taught by in-batch and hard negatives.

Yi et al., RecSys 2019, for the loss and its correction; hard negatives beside the easy ones of a
mini-batch follow Huang et al., "Embedding-based Retrieval in Facebook Search", KDD 2020.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from galen.data.arrays import Singles
from galen.data.dataset import Dataset
from galen.features.histories import columns_of, lessons_of
from galen.features.item_known import Attribute, findable, known_of, with_codes
from galen.features.item_text import TextEncoder
from galen.features.tokenizing.coding import Coding
from galen.nn.learning.course import Course
from galen.nn.learning.passes import EnoughSteps
from galen.nn.learning.sequence_losses import Mean
from galen.nn.learning.training import Training, Watch, fit, follow, usable
from galen.nn.sequences.histories import Columns
from galen.nn.sequences.item_tower import ItemTower
from galen.nn.sequences.next_item_training import training_of
from galen.nn.sequences.two_tower import TwoTower as Network
from galen.nn.sequences.two_tower import UserTower
from galen.pipeline.candidates import Candidates, Histories, Requests
from galen.pipeline.stages import Retriever
from galen.recall.factors import FoundVectors, VectorAnswer
from galen.recall.history_pairs import PairJudge, PairSource, newest_first
from galen.recall.item_graph import ItemGraph
from galen.recall.search import SearchKind


@dataclass(frozen=True, slots=True)
class TwoTower:
    """An item is the sum of its own vector and of those of its attributes, its words and its codes,
    so that one that nobody took yet has a vector too; a person is read from their newest items, so
    that new events count.
    """

    width: int = 128
    hidden: tuple[int, ...] = (128,)  # widths of the layers over a person's mean vector
    dropout: float = 0.4
    recent: int = 10  # newest items that are read
    decay: float = 0.6  # of an older item in the mean, per place
    temperature: float = 0.1  # of cosines; lower learns more from the nearest negatives
    hard: int = 4  # negatives of each row, from the item graph
    identity: bool = True
    identity_dropout: float = 0.0
    attributes: tuple[Attribute, ...] = ("brand", "category", "department")
    text: bool = False
    text_size: int = 128
    codes: Coding | None = None
    batch: int = 1024  # pairs, each other's negatives
    learning_rate: float = 3e-3
    weight_decay: float = 0.0
    epochs: int = 12
    patience: int = 3
    plateau: float = 0.3
    held_out: int = 2000
    device: str = "cpu"
    repeat: bool = False
    search: SearchKind = "exact"
    seed: int = 0

    @property
    def tables(self) -> tuple[str, ...]:
        """Those that semantic codes are made of, where it reads codes."""
        return () if self.codes is None else self.codes.tables

    def fit(self, data: Dataset, *, watch: Watch | None = None) -> "TwoTowerIndex":
        """Learn; `watch` is told of each epoch. Where nobody took two items, nothing is learned.

        Raises:
            TrainingError: the loss is not finite, or nothing can be learned on the device.
            SemanticIdError: codes are asked for, and cannot be made.
            SearchError: approximate search was asked for and cannot be had.
        """
        return self._learned(data, Course(), watch)

    def again(self, data: Dataset, learned: Retriever) -> "TwoTowerIndex":
        assert isinstance(learned, TwoTowerIndex)
        return self._learned(data, learned.course, None)

    def _learned(self, data: Dataset, before: Course, watch: Watch | None) -> "TwoTowerIndex":
        usable(self.device)
        columns = columns_of(data)
        items = len(data.catalogue)
        judged = not before.epochs
        learning, kept = lessons_of(columns, self.held_out, self.seed, judged=judged)
        count = np.bincount(learning.item, minlength=items)
        encoder = TextEncoder.of(data.catalogue, self.text_size, self.seed) if self.text else None
        known = known_of(data.catalogue, self.attributes, encoder)
        if self.codes is not None:
            known = with_codes(known, *self.codes.ids_and_there(data, self.seed))
        torch.manual_seed(self.seed)
        tower = ItemTower(
            known,
            torch.from_numpy(count > 0),
            self.width,
            identity=self.identity,
            identity_dropout=self.identity_dropout,
        )
        network = Network(tower, self._users(), torch.from_numpy(count), self.temperature)
        learnable, course = findable(known, count > 0, identity=self.identity), Course()
        if count.any() and learnable.any():
            judge = PairJudge(kept, self.recent, self.repeat, learnable) if kept else before
            course = self._taught(network, learning, data, judge, watch)
        network.to("cpu").eval()
        with torch.inference_mode():
            vectors, answers = tower.whole(), network.answers(torch.arange(items)).numpy()
        learned = learnable & bool(course.epochs)
        found = FoundVectors.by(self.search, np.ascontiguousarray(answers), learned)
        return TwoTowerIndex(self, found, vectors, network.users, course)

    def _taught(
        self,
        network: Network,
        learning: Columns,
        data: Dataset,
        judge: PairJudge | Course,
        watch: Watch | None,
    ) -> Course:
        """How it learned, judged by people held out or as it went before."""
        # The graph has read what is held out: of it come negatives alone, which tell little.
        graph = ItemGraph(neighbours=100).fit(data).weights
        source = EnoughSteps(
            PairSource(learning, graph, self.batch, self.recent, self.hard, self.seed)
        )
        if isinstance(judge, Course):
            return follow(network, Mean(), source, judge, self._training(), watch=watch)
        return fit(network, Mean(), source, judge, self._training(), watch=watch)

    def _training(self) -> Training:
        return training_of(self, weight_decay=self.weight_decay)

    def _users(self) -> UserTower:
        return UserTower(self.width, self.hidden, self.decay, self.dropout)

    def load(self, folder: Path) -> "TwoTowerIndex":
        saved = load_file(folder / "two_tower.safetensors")
        vectors = saved.pop("items")
        users = self._users()
        users.load_state_dict(saved)
        users.eval()
        found = FoundVectors.load(folder, self.search)
        return TwoTowerIndex(self, found, vectors, users, Course())


@dataclass(frozen=True)
class TwoTowerIndex:
    """Towers that have learned; the item tower has given its vectors and is not kept."""

    settings: TwoTower
    found: FoundVectors
    items: torch.Tensor  # (items, width) as histories are read
    users: UserTower
    course: Course

    def retrieve(self, requests: Requests, k: int) -> Candidates:
        return self.answer(requests).best(k)

    def answer(self, requests: Requests) -> VectorAnswer:
        queries = self.queries(requests.taken)
        return VectorAnswer(self.found, queries, requests, self.settings.repeat)

    def queries(self, history: Histories, block: int = 4096) -> Singles:
        """(R, width) of unit length; zeros where a history has no item that is known."""
        history = history.take(history.item < len(self.items))
        out = np.zeros((len(history), self.items.shape[1]), np.float32)
        asking = np.flatnonzero(history.length)
        ends, lengths = history.offsets[1:], history.length
        with torch.inference_mode():
            for start in range(0, len(asking), block):
                rows = asking[start : start + block]
                newest = newest_first(history.item, ends[rows], lengths[rows], self.settings.recent)
                ids = torch.from_numpy(newest)
                out[rows] = self.users(self.items[ids.clamp_min(0)], ids >= 0).numpy()
        return out

    def save(self, folder: Path) -> None:
        tensors = {name: t.contiguous() for name, t in self.users.state_dict().items()}
        save_file(tensors | {"items": self.items.contiguous()}, folder / "two_tower.safetensors")
        self.found.save(folder)
