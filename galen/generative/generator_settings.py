"""The settings of a generator, and what follows from them alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from galen.features.histories import EVERY, Taken, tokens_of
from galen.features.item_known import Attribute
from galen.features.tokenizing.coding import Coding
from galen.features.tokenizing.item_vectors import Source
from galen.features.tokenizing.tokenizers import TokenizerName
from galen.generative.preferring.preference import Preference
from galen.nn.learning.precision import Precision
from galen.nn.learning.training import Training
from galen.nn.sequences.backbones.backbone import Attention, Shape
from galen.nn.sequences.backbones.backbone import Kind as BackboneKind
from galen.nn.sequences.backbones.catalog import backbone
from galen.nn.sequences.context import Key
from galen.nn.sequences.next_item_training import training_of
from galen.nn.sequences.reader import Reader


@dataclass(frozen=True, slots=True)
class GeneratorSettings:
    """How a generator makes ids, reads, writes and learns; see `Generator`."""

    tokenizer: TokenizerName = "residual_kmeans"
    tokenizer_settings: Mapping[str, Any] = field(default_factory=dict)
    sizes: tuple[int, ...] = (256, 256, 256)
    sources: tuple[Source, ...] = ("taken", "attributes", "text")
    vector_size: int = 64
    backbone: BackboneKind = "ligr"
    width: int = 128
    layers: int = 2
    heads: int = 1
    dropout: float = 0.3
    length: int = 50
    attention: Attention = "blocks"
    parallel: bool = False  # all codes at once, the whole catalogue scored; else a beam
    dense: bool = False  # is a score of state and item learned beside the codes?
    temperature: float = 0.0  # of the dense score as cosines; 0 scores by inner products
    identity: bool = False
    identity_dropout: float = 0.0  # how often an own vector is left out in training
    attributes: tuple[Attribute, ...] = ()
    text: bool = False
    text_size: int = 128
    cold: int = 0  # items that nobody took that may join; above 0 needs `dense`
    cold_share: float | None = None  # of ten places; as people held out take cold items if None
    negatives: int = 1024  # items drawn a step for `dense`, unread without it
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
    device: str = "cpu"
    serving: Precision = "float32"  # products of what has learned; bfloat16 pays in batches
    repeat: bool | Literal["auto"] = False  # of the history; "auto": as people held out take again
    preference: Preference | None = None  # training after the one that tells what follows
    seed: int = 0

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

    @property
    def shape(self) -> Shape:
        """The part of the settings that says what backbone reads histories."""
        widths = self.width, self.layers, self.heads
        return Shape(self.backbone, *widths, self.dropout, self.length, self.attention)

    @property
    def training(self) -> Training:
        """How the network learns; NDCG of people held out tells when to stop."""
        return training_of(self, average=self.average, precision=self.precision)

    def reader(self, timed: bool) -> Reader:
        """A reader that has not learned; with `timed`, moments are in seconds and may be read."""
        return Reader(backbone(self.shape), tokens_of(self.gaps, self.context, timed=timed))
