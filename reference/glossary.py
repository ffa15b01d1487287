"""Meanings of settings that many parts share; what a part says at its own field stands above them.

A name is here where two parts or more mean the same by it, told once instead of at each of them.
"""

from collections.abc import Mapping
from typing import Final

EVERYWHERE: Final[Mapping[str, str]] = {
    "dropout": "share of activations left out at random in training; 0 keeps all",
    "knowledge": "folder of `galen knowledge build`; galen's own where empty",
    "seed": "of all random draws; the same one learns the same again",
    "threads": "of the processor; more of them wait for each other on a busy machine",
}

OF_KIND: Final[Mapping[str, Mapping[str, str]]] = {
    "Channels": {
        "attention": "of hstu while it learns: in blocks, or a GPU's own kernel, extra `fused`",
        "attributes": "columns of the catalogue whose vectors are added to an item's",
        "average": "decay of averaged weights for each step; 0 keeps the last weights",
        "backbone": "kind of the layers that read a history; gru4rec is recurrent",
        "batch": "histories a step",
        "beam": "unfinished ids kept at each level; more miss less and take longer",
        "codes": "how semantic ids are made, whose vectors are added to an item's; None adds none",
        "decay": "weight of an older item, per place in the history; 1 weighs all alike",
        "device": "to learn on, as torch names it; requests are answered on the processor",
        "encoded_table": "the shop's table that vectors are read from",
        "epochs": "passes over the histories at most, or 16 steps where a pass is fewer; "
        "`patience` may end them sooner",
        "factors": "numbers of a vector, of a person or an item",
        "folder": "of `galen knowledge build`; galen's own knowledge where empty",
        "half_life": "days (places, without a clock) in which a count halves; None: never",
        "heads": "of attention; they must divide `width`; gru4rec has none",
        "held_out": "people, a fifth at most, whose newest event tells when to stop",
        "identity": "has an item a vector of its own?",
        "identity_dropout": "how often an item's own vector is left out in training",
        "layers": "of the backbone, one after the other",
        "learning_rate": "of Adam, until `plateau` lowers it",
        "length": "newest events that are read",
        "neighbours": "kept for each item",
        "patience": "epochs without gain for people held out before training stops",
        "plateau": "factor on the rate after an epoch that is no better",
        "precision": "of products in training; bfloat16 pays little for batches of uneven shape",
        "recent": "newest items of a history that count",
        "regularisation": "lambda of the paper, the L2 penalty on vectors",
        "repeat": "may items of the history be proposed again?",
        "search": "approximate reads clusters of many items (extra `ann`), exact reads all",
        "sizes": "codes of each level; one more level tells apart items that share all",
        "sources": "what an item's codes are made of; `encoded` is the shop's table of vectors",
        "text": "do words of title, brand and categories count?",
        "text_size": "numbers that an item's words become, where `text` is on",
        "tokenizer": "what makes codes of vectors; fsq and product_codes give levels no order",
        "tokenizer_settings": "of the tokenizer's own, but for its sizes",
        "vector_size": "numbers of each of `sources`, from which codes are made",
        "weight_decay": "L2 penalty of Adam on all weights; 0 has none",
        "width": "numbers of an item's vector and of a person's state",
    },
    "Rankers": {
        "calibration": "from scores to probabilities: a sigmoid, or a rising line with ties",
        "categories": "False reads numbers only",
        "feature_share": "of the features that each tree may read, drawn anew",
        "learning_rate": "factor on what each tree adds; lower wants more trees",
        "leaves": "of a tree at most; more follow finer combinations",
        "patience": "trees without a better validation loss before training stops",
        "row_share": "of the rows that each tree learns from, drawn anew",
        "rows_per_leaf": "rows of a leaf at least; fewer where there are few in all",
        "trees": "of each objective at most; `patience` may end them sooner",
    },
    "Networks": {
        "activation": "of hidden layers; prelu and dice learn their slope",
        "attention": "hidden width of the attention unit",
        "dimension": "numbers of the embedding of each field",
        "expert": "widths of the layers of each expert",
        "hidden": "widths of the tower's layers",
        "norm": "of hidden layers: batch over the rows of a step, layer within each row",
        "size": "scale of all layers; four times is twice as wide and a layer deeper",
    },
}
"""By the title under which the page tells of a kind of part."""


def shared(kind: str) -> dict[str, str]:
    """Meanings that parts of a kind need not tell themselves."""
    return {**EVERYWHERE, **OF_KIND.get(kind, {})}
