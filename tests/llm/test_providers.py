import re
from pathlib import Path

import pytest

from galen.llm.budget import Budgeted
from galen.llm.language_model import LanguageModelError, Trouble
from galen.llm.providers import KINDS, open_embedder, open_provider, read_settings
from galen.llm.retrying import Retrying
from galen.llm.rules import RulesModel

RULES = RulesModel("words", 1, lambda p: "x")


def settings(tmp_path, text):
    path = tmp_path / "provider.toml"
    path.write_text(text)
    return read_settings(str(path))


def test_rules_need_no_file():
    provider = open_provider(read_settings("rules"), RULES)
    assert provider.model.name == "rules:words@1"
    assert provider.budget is None


def test_a_server_is_opened_with_its_wrappers(tmp_path):
    text = 'kind = "openai"\naddress = "http://127.0.0.1:1/v1"\nmodel = "m"\nprice_read = 1.0\n'
    provider = open_provider(settings(tmp_path, text), budget=2.0)
    assert isinstance(provider.model, Retrying)
    assert isinstance(provider.model.inner, Budgeted)  # so that each try is reckoned with
    assert (provider.model.name, provider.model.endpoint) == (
        "openai:m",
        "http://127.0.0.1:1/v1",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('kind = "oracle"', "'oracle' is none of rules, recorded"),
        ('kind = "openai"\nmodel = "m"', "needs `address`"),
        ('kind = "recorded"', "needs `file`"),
        ('kind = "openai"\nkey = "sk-1"', "unknown field `key`"),
        ('kind = "openai"\nseconds = "soon"', r"\$\.seconds"),
        ("kind =", "provider.toml"),
    ],
)
def test_a_wrong_setting_is_told(tmp_path, text, said):
    with pytest.raises(LanguageModelError, match=said):
        open_provider(settings(tmp_path, text))


def test_what_is_no_provider_is_told_with_what_there_is(tmp_path):
    with pytest.raises(LanguageModelError, match="`rules`, `recorded`, or a TOML file"):
        read_settings("gpt")
    with pytest.raises(LanguageModelError, match="cannot be read"):
        read_settings(str(tmp_path / "none.toml"))


@pytest.mark.parametrize("budget", [0.0, 1.0])
def test_a_budget_needs_prices(tmp_path, budget):
    text = 'kind = "openai"\naddress = "http://127.0.0.1:1/v1"\nmodel = "m"\n'
    with pytest.raises(LanguageModelError, match="a budget needs prices"):
        open_provider(settings(tmp_path, text), budget=budget)


def test_a_task_without_rules_says_so():
    with pytest.raises(LanguageModelError, match="has no rules"):
        open_provider(read_settings("rules"))


def test_an_embedder_has_a_name_or_a_file(tmp_path):
    assert open_embedder("minilm").name.startswith("minilm:")
    path = tmp_path / "e.toml"
    path.write_text('kind = "recorded"\nfile = "x"\n')
    with pytest.raises(LanguageModelError, match="gives no vectors"):
        open_embedder(str(path))


def test_the_guide_names_every_kind_and_trouble_and_its_settings_are_known(tmp_path, monkeypatch):
    monkeypatch.setenv("SHOP_MODEL_KEY", "sk-1")
    monkeypatch.chdir(tmp_path)
    guide = (Path(__file__).parents[2] / "docs/guides/language-models.md").read_text()
    (text,) = re.findall(r"```toml\n(.*?)```", guide, re.DOTALL)
    assert open_provider(settings(tmp_path, text), budget=1.0).model.name == "openai:small"
    rows = re.findall(r"^\| `(\w+)` \|", guide, re.MULTILINE)
    assert set(rows) == {*KINDS, *(trouble.value for trouble in Trouble)}
