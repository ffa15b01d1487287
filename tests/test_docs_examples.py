"""Every example of the documentation: recipes are right, commands can be called, Python runs."""

import re
import shlex
import tomllib
from pathlib import Path

import click
import msgspec
import numpy as np
import pytest
import typer

from galen.assembly.check import check_recipe
from galen.assembly.recipes.recipe import Recipe, RecipeError
from galen.assembly.recipes.shipped import find_recipe
from galen.cli.main import app
from galen.data.importing.mapping import read_mapping
from galen.features.encoding.tables import TableColumns
from galen.knowledge.pack import read_pack
from galen.llm.providers import ProviderSettings
from galen.serve.settings import read_settings

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("docs/**/*.md"), ROOT / "README.md"])
BLOCKS = [
    (page, language, re.sub(rf"^{indent}", "", text, flags=re.MULTILINE))
    for page in PAGES
    for indent, language, text in re.findall(
        r"^( *)```(\w*)\n(.*?)^ *```$", page.read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
]
RECIPE_KEYS = set(Recipe.__dataclass_fields__) - {"name"} | {"extends", "without"}
RUN_BY = {
    "claims-and-red-flags.md": "knowledge/test_guide.py",
    "comparing.md": "test_docs.py",
    "embeddings.md": "enrich/test_guide.py",
    "evaluation.md": "test_docs_examples.py",
    "item-to-item.md": "enrich/test_item_to_item_guide.py",
    "own-model.md": "rank/networks/test_own_model.py",
}


def test_blocks_are_of_languages_whose_examples_are_tested():
    assert {language for _, language, _ in BLOCKS} <= {"toml", "sh", "python", "mermaid", ""}
    assert len(BLOCKS) > 60


def recipe_of(text, folder):
    """A recipe as it stands, or its part laid over a way that has what it speaks of."""
    tree = tomllib.loads(text)
    path = folder / "example.toml"
    if "extends" not in tree and not {"recall", "filters"} <= set(tree):
        way = "scaled" if {"rank", "tune", "samples"} & set(tree) else "hybrid"
        text = f'extends = "{way}"\n{text}'
    path.write_text(text)
    return find_recipe(str(path))


def is_recipe(page, text):
    return set(tomllib.loads(text)) <= RECIPE_KEYS


def toml_blocks(wanted):
    return [
        pytest.param(page, text, id=f"{page.name}-{place}")
        for place, (page, language, text) in enumerate(BLOCKS)
        if language == "toml" and is_recipe(page, text) == wanted
    ]


@pytest.mark.parametrize(("page", "text"), toml_blocks(True))
def test_every_recipe_and_every_part_of_one_is_right(page, text, tmp_path):
    if page.name == "own-model.md":  # its model is the reader's own
        with pytest.raises(RecipeError, match="two_towers"):
            check_recipe(recipe_of(text, tmp_path))
        return
    check_recipe(recipe_of(text, tmp_path))


def read_as_pack(path):
    tree = tomllib.loads(path.read_text())
    if "name" not in tree:  # a part of a pack
        whole = 'base = "general"\nname = "part"\nedition = "1"\ndate = 2026-12-01\n'
        path.write_text(whole + path.read_text())
    assert read_pack(path).rules


def read_as_sequence(path):
    settings = tomllib.loads(path.read_text())
    tree = {"name": "part", "filters": [], "recall": {"sequence": settings}}
    check_recipe(Recipe.from_tree(tree, where="part"))


def read_as(kind):
    return lambda path: msgspec.convert(tomllib.loads(path.read_text()), kind)


READERS = {
    "container.md": lambda path: read_settings(path, {}),
    "serving.md": lambda path: read_settings(path, {}),
    "eligibility.md": read_as_pack,
    "own-rule-pack.md": read_as_pack,
    "language-models.md": read_as(ProviderSettings),
    "own-data.md": read_mapping,
    "embeddings.md": read_as(TableColumns),
    "ranking-models.md": read_as(TableColumns),
    "sequences-and-generation.md": read_as_sequence,
}
"""Who reads a page's TOML that is no recipe; that of knowledge is followed in `test_docs`."""


@pytest.mark.parametrize(("page", "text"), toml_blocks(False))
def test_all_other_toml_is_read_by_what_it_is_written_for(page, text, tmp_path):
    if page.name == "knowledge.md":
        assert "test_the_guide_of_knowledge_can_be_followed" in read("test_docs.py")
        return
    path = tmp_path / "example.toml"
    path.write_text(text)
    READERS[page.name](path)


def read(test):
    return (ROOT / "tests" / test).read_text("utf-8")


def test_every_page_with_python_has_a_test_that_runs_it():
    pages = {page.name for page, language, _ in BLOCKS if language == "python"}
    assert pages == set(RUN_BY)
    for page, test in RUN_BY.items():
        assert page in read(test)
        assert "```python" in read(test)
        assert "exec(" in read(test)


def test_the_guide_of_evaluation_reckons_what_another_policy_is_worth(capsys):
    text = (ROOT / "docs/guides/evaluation.md").read_text()
    (example,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    draw = np.random.default_rng(0)
    action = draw.integers(3, size=4000)
    names = {
        "action": action,
        "position": np.zeros(4000, int),
        "reward": (action == 2).astype(float),
        "propensity": np.full(4000, 1 / 3),
        "probabilities": np.tile([0.0, 0.0, 1.0], (4000, 1)),
        "rewards": np.tile([0.0, 0.0, 1.0], (4000, 1)),
    }
    exec(example, names)
    assert capsys.readouterr().out.startswith("1.0000 [1.0000, 1.0000]")


def lines():
    """Every line of a shell block that calls galen: page, words."""
    for page, language, text in BLOCKS:
        if language != "sh":
            continue
        for line in text.replace("\\\n", " ").splitlines():
            if called := re.match(r"(?:\w+=\S+ |torchrun .* -m )?galen (.*)", line):
                words = shlex.split(called[1], comments=True)
                stops = [words.index(stop) for stop in ("&", "|", ">", "&&") if stop in words]
                yield page, words[: min(stops, default=len(words))]


def in_a_sentence():
    """Every call within a text: page, words."""
    for page in PAGES:
        for call in re.findall(r"`galen\s([^`]+)`", page.read_text("utf-8")):
            words = [word for word in call.split() if word != "…"]
            if words[0] != "COMMAND":
                yield page, words


def command_of(words):
    """The command that words call, and what is left for it; fails where there is none."""
    command, name, rest = typer.main.get_command(app), "galen", list(words)
    while rest and hasattr(command, "commands") and not rest[0].startswith("-"):
        name = rest.pop(0)
        assert name in command.commands, f"there is no command {name!r}"
        command = command.commands[name]
    return name, command, rest


@pytest.mark.parametrize(
    ("page", "words"), [pytest.param(*one, id=shlex.join(one[1])[:60]) for one in lines()]
)
def test_every_line_of_a_shell_example_can_be_called(page, words):
    name, command, rest = command_of(words)
    try:
        assert command.make_context(name, rest).info_name == name
    except click.ClickException as error:
        pytest.fail(f"{page.name}: galen {shlex.join(words)}: {error.format_message()}")


def test_commands_named_in_sentences_are_there_with_their_options():
    found = list(in_a_sentence())
    assert len(found) > 50
    for page, words in found:
        _, command, rest = command_of(words)
        known = {"--help", *(o for p in command.params for o in (*p.opts, *p.secondary_opts))}
        for word in rest:
            option = word.split("=")[0]
            assert not option.startswith("-") or option in known, f"{page.name}: {words}"
