"""Contracts and who keeps them, read from source without running it: which methods are untold.

A contract is a `Protocol`, kept by who has all that it declares, or a class with abstract methods,
kept by who comes from it. A class of a library is one too, for what its documentation tells of.
"""

import ast
import importlib
import inspect
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
PROPERTIES = {"property", "cached_property"}


@dataclass(frozen=True, eq=False)
class Class:
    """A class as its file has it; names of bases are whole, such as `torch.nn.Module`."""

    file: str
    node: ast.ClassDef
    bases: tuple[str, ...]
    public: bool  # neither it nor a class around it is private

    @cached_property
    def methods(self):
        return {n.name: n for n in self.node.body if isinstance(n, FUNCTIONS)}

    @cached_property
    def fields(self):
        """Names that are bound in its body, or on `self` in a method."""
        bound = [n.target for n in self.node.body if isinstance(n, ast.AnnAssign)]
        bound += [t for n in self.node.body if isinstance(n, ast.Assign) for t in n.targets]
        of_self = [n for n in ast.walk(self.node) if isinstance(n, ast.Attribute)]
        names = {n.attr for n in of_self if isinstance(n.ctx, ast.Store) and _is_self(n.value)}
        return names | {t.id for t in bound if isinstance(t, ast.Name)}

    @property
    def is_protocol(self):
        return "typing.Protocol" in self.bases

    @cached_property
    def declared(self):
        """What others are to bring, where this is a contract."""
        if self.is_protocol:
            return self.methods
        return {n: m for n, m in self.methods.items() if "abstractmethod" in _decorators(m)}


class Tree:
    """All classes of a package."""

    def __init__(self, sources):
        """Take texts by their paths, such as `galen/rank/model.py`."""
        self.classes = {}  # by their whole names
        for path, text in sorted(sources.items()):
            parsed, module = ast.parse(text), ".".join(Path(path).with_suffix("").parts)
            self.classes |= dict(_classes(path, parsed, module, _imported(parsed), True))
        self.contracts = [one for one in self.classes.values() if one.declared]

    def untold(self):
        """`file:line Class.method`: public, without a docstring, and told of by no contract."""
        return [
            f"{one.file}:{method.lineno} {one.node.name}.{name}"
            for one in self.classes.values()
            for name, method in one.methods.items()
            if one.public and not name.startswith("_") and not ast.get_docstring(method)
            if name in one.declared or not self._told_by_a_contract(one, name)
        ]

    def _told_by_a_contract(self, one, name):
        if any(_library_tells(base, name) for base in self._library_bases(one)):
            return True
        others = [contract for contract in self.contracts if contract is not one]
        return any(
            name in declared and ast.get_docstring(declared[name]) and self._keeps(one, contract)
            for contract, declared in ((other, self._declared(other)) for other in others)
        )

    def _keeps(self, one, contract):
        lineage = list(self._lineage(one))
        if contract in lineage or not contract.is_protocol:
            return contract in lineage
        fields = {name for part in self._lineage(contract) for name in part.fields}
        wanted = {**dict.fromkeys(fields), **self._declared(contract)}
        return all(self._has(one, name, method) for name, method in wanted.items())

    def _has(self, one, name, wanted):
        """Can the member be used as the wanted method is, or as a value where that is wanted?"""
        as_value = wanted is None or _is_property(wanted)
        for part in self._lineage(one):
            if name in part.methods:
                own = part.methods[name]
                return _is_property(own) if as_value else _is_called_like(own, wanted)
            if name in part.fields:
                return as_value
        return any(hasattr(_library(base), name) for base in self._library_bases(one))

    def _declared(self, contract):
        found = {}
        for part in self._lineage(contract):
            found = part.declared | found
        return found

    def _lineage(self, one):
        """The class, then those of the package that it comes from."""
        yield one
        for base in one.bases:
            if base in self.classes:
                yield from self._lineage(self.classes[base])

    def _library_bases(self, one):
        return {b for part in self._lineage(one) for b in part.bases if b not in self.classes}


def tree_of(folder):
    """The classes of a package that lies in a folder."""
    paths = folder.rglob("*.py")
    return Tree({str(path.relative_to(folder.parent)): path.read_text("utf-8") for path in paths})


def _classes(path, node, around, imported, public):
    """Whole names and classes of a module, those within classes too."""
    for one in node.body:
        if isinstance(one, ast.ClassDef):
            seen, name = public and not one.name.startswith("_"), f"{around}.{one.name}"
            yield name, Class(path, one, _bases(one, around, imported), seen)
            yield from _classes(path, one, name, imported, seen)


def _bases(one, module, imported):
    names = [ast.unparse(b.value if isinstance(b, ast.Subscript) else b) for b in one.bases]
    parted = [name.partition(".") for name in names]
    return tuple(imported.get(first, f"{module}.{first}") + dot + r for first, dot, r in parted)


def _imported(parsed):
    """Whole names by the names that a module has for them."""
    found = {}
    for node in ast.walk(parsed):
        if isinstance(node, ast.Import):
            found |= {name.asname: name.name for name in node.names if name.asname}
            plain = [name.name.partition(".")[0] for name in node.names if not name.asname]
            found |= dict(zip(plain, plain, strict=True))
        if isinstance(node, ast.ImportFrom):
            found |= {name.asname or name.name: f"{node.module}.{name.name}" for name in node.names}
    return found


def _is_called_like(own, wanted):
    """Has the method the other's parameters, and no more that must be given?"""
    if _is_property(own):
        return False
    mine, theirs = _parameters(own), _parameters(wanted)
    spare = list(mine)[len(theirs) :]
    return list(mine)[: len(theirs)] == list(theirs) and all(mine[name] for name in spare)


def _parameters(method):
    """What a caller gives, by name: has it a default?"""
    named = [*method.args.posonlyargs, *method.args.args]
    without = len(named) - len(method.args.defaults)
    found = {a.arg: place >= without for place, a in enumerate(named)}
    if "staticmethod" not in _decorators(method):
        del found[named[0].arg]
    defaults = zip(method.args.kwonlyargs, method.args.kw_defaults, strict=True)
    return found | {a.arg: default is not None for a, default in defaults}


def _is_property(method):
    return bool(PROPERTIES & _decorators(method))


def _decorators(method):
    return {ast.unparse(d).rpartition(".")[2] for d in method.decorator_list}


def _is_self(node):
    return isinstance(node, ast.Name) and node.id == "self"


@cache
def _library(name):
    """A class of a library; None where there is none, such as of what is built in."""
    module, _, last = name.rpartition(".")
    try:
        return getattr(importlib.import_module(module), last, None)
    except ImportError:
        return None


@cache
def _library_tells(base, name):
    return bool(inspect.getdoc(getattr(_library(base), name, None)))
