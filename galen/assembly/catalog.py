"""Every part by its name in a recipe. A new part is one file elsewhere and one entry here.

The annotations are the conformance check: a part with a wrong signature fails mypy on its line.
"""

from collections.abc import Callable, Mapping
from typing import Final

from galen.data.catalogue import Catalogue
from galen.eligibility.rules.age import OldEnough
from galen.eligibility.rules.hidden import NotHidden
from galen.eligibility.rules.prescription import PrescriptionBySurface
from galen.eligibility.rules.region import SoldInRegion
from galen.eligibility.rules.stock import InStock
from galen.features.from_tables import TableFeaturesSpec
from galen.features.profile_fit import ProfileFit
from galen.generative.generator import Generator
from galen.generative.tiger import Tiger
from galen.pipeline.stages import Filter, Reranker, RetrieverSpec
from galen.rank.gbdt import Gbdt
from galen.rank.leaves import Leaves
from galen.rank.logistic import Logistic
from galen.rank.model import ExtensionSpec, ModelSpec
from galen.rank.networks.autoint import AutoInt
from galen.rank.networks.bst import Bst
from galen.rank.networks.dcn import Dcn
from galen.rank.networks.dcnv2 import DcnV2
from galen.rank.networks.deepfm import DeepFm
from galen.rank.networks.dien import Dien
from galen.rank.networks.din import Din
from galen.rank.networks.dlrm import Dlrm
from galen.rank.networks.esmm import Esmm
from galen.rank.networks.ffm import Ffm
from galen.rank.networks.finalmlp import FinalMlp
from galen.rank.networks.finalnet import FinalNet
from galen.rank.networks.fm import Fm
from galen.rank.networks.fwfm import FwFm
from galen.rank.networks.gdcn import Gdcn
from galen.rank.networks.hstu import Hstu
from galen.rank.networks.long_history import LongHistory
from galen.rank.networks.masknet import MaskNet
from galen.rank.networks.mmoe import Mmoe
from galen.rank.networks.pepnet import PepNet
from galen.rank.networks.ple import Ple
from galen.rank.networks.rankmixer import RankMixer
from galen.rank.networks.shared_bottom import SharedBottom
from galen.rank.networks.sim import Sim
from galen.rank.networks.spec import NetworkSpec
from galen.rank.networks.star import Star
from galen.rank.networks.wide_deep import WideDeep
from galen.rank.networks.wukong import Wukong
from galen.rank.networks.xdeepfm import XDeepFm
from galen.rank.pair_statistics import PairStatistics
from galen.rank.vector_fields import VectorFields
from galen.rank.xgboost import XGBoost
from galen.recall.als import Als
from galen.recall.bpr import Bpr
from galen.recall.content import Content
from galen.recall.ease import Ease
from galen.recall.i2i import I2i
from galen.recall.item_graph import ItemGraph
from galen.recall.knowledge import Knowledge
from galen.recall.needs import Needs
from galen.recall.popular import Popular
from galen.recall.repurchase import Repurchase
from galen.recall.seasonal import Seasonal
from galen.recall.sequence import SequenceModel
from galen.recall.siblings import Siblings
from galen.recall.slim import Slim
from galen.recall.two_tower import TwoTower
from galen.recall.words import Words
from galen.rerank.bought_recently import BoughtRecently
from galen.rerank.explore import Explore
from galen.rerank.mmr import Mmr
from galen.rerank.one_per_product import OnePerProduct
from galen.rerank.slate_writer import SlateWriter

RETRIEVERS: Final[Mapping[str, Callable[..., RetrieverSpec]]] = {
    "als": Als,
    "bpr": Bpr,
    "content": Content,
    "ease": Ease,
    "generator": Generator,
    "i2i": I2i,
    "item_graph": ItemGraph,
    "knowledge": Knowledge,
    "needs": Needs,
    "popular": Popular,
    "repurchase": Repurchase,
    "seasonal": Seasonal,
    "words": Words,
    "sequence": SequenceModel,
    "siblings": Siblings,
    "slim": Slim,
    "tiger": Tiger,
    "two_tower": TwoTower,
}

RANKERS: Final[Mapping[str, Callable[..., ModelSpec]]] = {
    "gbdt": Gbdt,
    "logistic": Logistic,
    "xgboost": XGBoost,
}

EXTENSIONS: Final[Mapping[str, Callable[..., ExtensionSpec]]] = {
    "leaves": Leaves,
    "pair_statistics": PairStatistics,
    "vector_fields": VectorFields,
}

NETWORKS: Final[Mapping[str, Callable[..., NetworkSpec]]] = {
    "autoint": AutoInt,
    "bst": Bst,
    "dcn": Dcn,
    "dcnv2": DcnV2,
    "deepfm": DeepFm,
    "dien": Dien,
    "din": Din,
    "dlrm": Dlrm,
    "esmm": Esmm,
    "ffm": Ffm,
    "finalmlp": FinalMlp,
    "finalnet": FinalNet,
    "fm": Fm,
    "fwfm": FwFm,
    "gdcn": Gdcn,
    "hstu": Hstu,
    "long_history": LongHistory,
    "masknet": MaskNet,
    "mmoe": Mmoe,
    "pepnet": PepNet,
    "ple": Ple,
    "rankmixer": RankMixer,
    "shared_bottom": SharedBottom,
    "sim": Sim,
    "star": Star,
    "wide_deep": WideDeep,
    "wukong": Wukong,
    "xdeepfm": XDeepFm,
}

FEATURES: Final[Mapping[str, Callable[..., TableFeaturesSpec]]] = {
    "profile_fit": ProfileFit,
}

FILTERS: Final[Mapping[str, Callable[[Catalogue], Filter]]] = {
    "prescription": PrescriptionBySurface,
    "stock": InStock,
    "hidden": NotHidden,
    "region": SoldInRegion,
    "age": OldEnough,
}

RERANKERS: Final[Mapping[str, Callable[..., Reranker]]] = {
    "bought_recently": BoughtRecently,
    "explore": Explore,
    "mmr": Mmr,
    "one_per_product": OnePerProduct,
}

BORROWERS: Final[Mapping[str, Callable[..., Reranker]]] = {
    "slate_writer": SlateWriter,
}
"""Rerankers that ask the model of a channel of the recipe, which `channel` names."""

LENDERS: Final = ("generator", "sequence")
"""Models of channels that a reranker may ask: each index of theirs is a `Continuer`."""
