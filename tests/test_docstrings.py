"""Every public method says what it is for, or keeps a contract that says it once for all."""

from pathlib import Path

import pytest
from contracts import Tree, tree_of

GALEN = Path(__file__).parent.parent / "galen"

CONTRACT = '''
from typing import Protocol

class Channel(Protocol):
    """A contract of two."""

    @property
    def name(self) -> str:
        """As it stands in traces."""

    def retrieve(self, requests: list[int], k: int) -> list[int]:
        """At most k items a request."""
'''

KEPT = """
from shop.stages import Channel

class Popular:
    name: str = "popular"

    def retrieve(self, requests, k, *, watch=None): ...
"""


def untold(text):
    """The methods that break the rule in a package of the contract and this file."""
    return Tree({"shop/stages.py": CONTRACT, "shop/popular.py": text}).untold()


def test_every_public_method_of_galen_is_told_where_it_stands_or_in_a_contract():
    found = tree_of(GALEN).untold()
    assert not found, "say what these are for:\n" + "\n".join(found)


def test_galen_has_the_contracts_that_its_rooms_are_held_to():
    told = {one.node.name for one in tree_of(GALEN).contracts}
    assert {"Retriever", "Filter", "Reranker", "ModelSpec", "Tokenizer", "LanguageModel"} <= told


def test_a_method_without_a_docstring_is_found_by_file_and_line():
    assert untold("class Popular:\n    def best(self): ...\n") == ["shop/popular.py:2 Popular.best"]


def test_a_property_and_a_method_of_a_class_within_a_class_are_found():
    source = "class A:\n    class B:\n        @property\n        def size(self): ...\n"
    assert untold(source) == ["shop/popular.py:4 B.size"]


def test_what_a_documented_contract_declares_needs_no_words_of_its_own():
    assert untold(KEPT) == []


@pytest.mark.parametrize(
    "less",
    [
        KEPT.replace('    name: str = "popular"\n', ""),  # not all that the contract declares
        KEPT.replace("requests, k, *", "requests, *"),  # not as the contract calls it
        KEPT.replace("watch=None", "watch"),  # more than the contract gives
        KEPT.replace("def retrieve", "def fetch"),  # of another name
    ],
)
def test_who_does_not_keep_the_whole_contract_needs_words(less):
    (found,) = untold(less)
    assert found.startswith("shop/popular.py:")


def test_a_contract_itself_needs_words_for_all_that_it_declares():
    silent = CONTRACT.replace('        """At most k items a request."""\n', "        ...\n")
    tree = Tree({"shop/stages.py": silent, "shop/popular.py": KEPT})
    assert tree.untold() == [
        "shop/popular.py:7 Popular.retrieve",
        "shop/stages.py:11 Channel.retrieve",
    ]


def test_an_abstract_method_speaks_for_those_that_come_from_its_class_alone():
    source = '''
from abc import ABC, abstractmethod

class Layer(ABC):
    @abstractmethod
    def after(self, events):
        """What goes on."""

class Linear(Layer):
    def after(self, events): ...

class Other:
    def after(self, events): ...
'''
    assert untold(source) == ["shop/popular.py:13 Other.after"]


def test_a_library_s_class_speaks_for_what_it_documents():
    source = """
from torch import nn

class Dense(nn.Module):
    def forward(self, values): ...
    def widths(self): ...
"""
    assert untold(source) == ["shop/popular.py:6 Dense.widths"]


def test_what_is_private_needs_no_words():
    source = "class _Inner:\n    def best(self): ...\n\nclass A:\n    def _best(self): ...\n"
    assert untold(source) == []
