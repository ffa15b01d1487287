"""A generator as a recall channel, a ranker's neighbour, or the whole answer.

It writes the semantic ids of the next items, so that only items that exist and may be shown can
come out; see `galen.generative.network` for the papers.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from galen.data.arrays import Ints
from galen.data.dataset import Dataset
from galen.data.schema import Kind
from galen.features.histories import (
    columns_of,
    lessons_of,
    some_bought,
)
from galen.features.item_known import known_of
from galen.features.item_text import TextEncoder
from galen.features.tokenizing.semantic_ids import SemanticIdError, SemanticIds
from galen.generative.generator_index import GeneratorIndex
from galen.generative.generator_settings import GeneratorSettings
from galen.generative.network import NextCodes
from galen.generative.preferring.preference import Preferred, Wares, prefer
from galen.generative.writing_judge import WritingJudge, took_again, whole_items
from galen.nn.learning.course import Course
from galen.nn.learning.passes import EnoughSteps
from galen.nn.learning.sequence_losses import Mean
from galen.nn.learning.training import Watch, fit, follow, usable
from galen.nn.sequences.backbones.hstu_fused import fusable
from galen.nn.sequences.buying import Buying
from galen.nn.sequences.code_head import CodeHead
from galen.nn.sequences.histories import Columns, NextItemSource
from galen.nn.sequences.item_tower import ItemTower
from galen.pipeline.stages import Retriever


@dataclass(frozen=True, slots=True)
class Generator(GeneratorSettings):
    """`parallel` writes all levels at once and scores the whole catalogue; else a beam is kept.

    `dense` learns an inner product of state and item beside the codes, whose weight is chosen on
    people held out. `identity` gives each item a vector of its own among those that are read, and
    `attributes` and `text` vectors by what is said of it. With `cold`, which needs `dense`, so many
    items that nobody took may join what is written, and the dense score orders all.
    """

    def fit(self, data: Dataset, *, watch: Watch | None = None) -> GeneratorIndex:
        """Make semantic ids, then learn to write them; `watch` is told of each epoch.

        Raises:
            SemanticIdError: `cold` without `dense`, a share or temperature that cannot be, or ids
                cannot be made.
            TrainingError: the loss is not finite, or nothing can be learned on the device.
            AttentionError: fused attention without HSTU on a GPU.
        """
        return self._learned(data, None, watch)

    def again(self, data: Dataset, learned: Retriever) -> GeneratorIndex:
        assert isinstance(learned, GeneratorIndex)
        judged = self.preference is not None or not learned.course.epochs  # by people held out
        return self._learned(data, None if judged else learned, None)

    def _learned(
        self, data: Dataset, before: GeneratorIndex | None, watch: Watch | None
    ) -> GeneratorIndex:
        if self.cold and not self.dense:
            raise SemanticIdError("cold items are found by the dense score: set dense = true.")
        if self.temperature < 0 or not 0 <= (self.cold_share or 0) <= 1:
            raise SemanticIdError("a temperature is 0 or more, and cold_share is of 0 to 1.")
        fusable(self.shape, self.device)
        usable(self.device)
        columns = columns_of(data, self.kinds)
        ids = self.coding.ids(data, self.seed)
        torch.manual_seed(self.seed)
        judged = before is None
        learning, kept = lessons_of(columns, self.held_out, self.seed, judged=judged)
        network = self._network(ids, learning, data)
        again = took_again(kept) if self.repeat == "auto" else self.repeat
        judged_by = kept if len(learning.item) else None
        judge = WritingJudge(self.length, again, judged_by, self.beam)
        course, preferred = self._taught(network, learning, data, before or judge, watch)
        network.eval()
        cold = np.flatnonzero(np.bincount(learning.item, minlength=len(ids)) == 0)
        if before is not None:
            mix, level, again = before.mix, before.level, before.repeat
        else:
            mix = judge.best_mix(network, cold=self.cold > 0) if self.dense else 0.0
            again = judge.repeats(network, mix) if self.repeat == "auto" else again
            level = self._level(replace(judge, repeat=again), network, mix, cold)
        network.to("cpu")
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
            level,
            bool(course.epochs),
            cold,
            preferred,
            data.users,
            again,
        )

    def _taught(
        self,
        network: NextCodes,
        learning: Columns,
        data: Dataset,
        judge: WritingJudge | GeneratorIndex,
        watch: Watch | None,
    ) -> tuple[Course, Preferred | None]:
        """How it learned to tell what follows, then what is preferred.

        People held out judge it, or it goes the way of one that has learned.
        """
        if not len(learning.item):
            return Course(), None
        source = self._source(learning, len(network.codes))
        if isinstance(judge, GeneratorIndex):
            course = follow(network, Mean(), source, judge.course, self.training, watch=watch)
            return course, None
        course = fit(network, Mean(), source, judge, self.training, watch=watch)
        preferred = None
        if self.preference is not None:
            preferred = prefer(
                network,
                learning,
                Wares.of(data.catalogue, network.codes),
                judge,
                self.preference,
                repeat=judge.repeat,
                device=self.device,
                seed=self.seed,
                watch=watch,
            )
        return course, preferred

    def load(self, folder: Path) -> GeneratorIndex:
        return GeneratorIndex.load(self, folder)

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
            self.reader(data.clock == "time"),
            head,
            codes,
            dense=self.dense,
            temperature=self.temperature,
            buying=Buying(self.width, int(Kind.PURCHASE)) if buys else None,
            purchase_weight=self.purchase_weight,
        )

    def _level(
        self, judge: WritingJudge, network: NextCodes, mix: float, cold: Ints
    ) -> float | None:
        if not self.cold:
            return None
        share = judge.share_of(cold) if self.cold_share is None else self.cold_share
        return judge.level(network, mix, cold, share)

    def _source(self, learning: Columns, items: int) -> EnoughSteps:
        source = NextItemSource(
            learning,
            items,
            self.batch,
            self.length,
            self.negatives if self.dense else 0,
            0.0,
            2.0,
            self.seed,
            np.unique(learning.item) if self.dense else None,
        )
        return EnoughSteps(source)
