"""One manner for all commands: help, options, exit codes and errors."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from command_walk import call, commands

from galen.assembly.bundles.bundle import Bundle

COMMANDS = commands()
GOOD = {"SHOP": "shop", "BUNDLE": "bundle", "PACK": "general", "KNOWLEDGE": "made"}
NONSENSE = ("nowhere/deeper/x", "garbage", "folder", "\x01;—", "-1")
NEVER_ENDS = {"serve", "demo"}
MAKE_THEIRS = {"demo", "synth", "knowledge build"}
OF_SEVERAL_MEANINGS = {
    "--budget": "what a language model may cost, or the seconds of a comparison",
    "--days": "how long a made-up shop was open, or how far back one looks",
    "--folder": "where a command keeps what is finished",
    "--items": "a number of a made-up shop, a file of an import",
    "--out": "the file that a command is for",
    "--pack": "evaluate asks through none unless it is told",
    "--protocol": "what is held out; a comparison cannot hold out nothing",
    "--provider": "who is asked, or who answered",
    "--recipe": "of a shop, of a network with a size, or with ranges",
    "--report": "evaluate writes into the bundle unless it is told",
    "--to": "a version, or what is written",
    "--users": "as --items",
}


def options_named(name):
    return [o for c in COMMANDS for o in c.options if f"--{name}" in o.opts]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a small shop, a bundle, and things that are neither."""
    folder = tmp_path_factory.mktemp("place")
    for words in (
        ["synth", "shop", "--users", "120", "--items", "60", "--days", "40", "--quiet"],
        ["train", "shop", "bundle", "--recipe", "popular", "--quiet"],
    ):
        subprocess.run([sys.executable, "-m", "galen", *words], cwd=folder, check=True)
    (folder / "folder").mkdir()
    (folder / "garbage").write_bytes(bytes(range(256)))
    return folder


def assert_told_in_words(code, said):
    """An error is one line, or click's three with the usage; a trace ends the test before."""
    assert code in (1, 2), said
    assert said.strip()
    assert "Traceback" not in said
    lines = said.strip().splitlines()
    assert len([line for line in lines if line.startswith("error: ")]) == 1 or code == 2


def test_the_help_fits_on_one_screen(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    code, said, _ = call(["--help"], capsys)
    lines = said.strip().splitlines()
    assert code == 0
    assert len(lines) <= 32
    assert max(map(len, lines)) <= 80
    assert "More:" not in said
    assert not [line for line in lines if line.endswith("...") and "ARGS" not in line]


@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_every_command_and_every_option_says_what_it_is_for(command, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    code, said, _ = call([*command.words, "--help"], capsys)
    assert code == 0
    for option in command.options:
        assert option.opts[0] in said
        assert option.help, option.opts


@pytest.mark.parametrize("name", ["json", "quiet", "seed", "knowledge"])
def test_an_option_is_the_same_in_every_command(name):
    found = options_named(name)
    assert len(found) > 3
    assert len({(o.help, *o.opts) for o in found}) == 1


def test_an_option_of_one_name_has_one_meaning_unless_it_is_listed():
    told = {}
    for command in COMMANDS:
        for option in command.options:
            told.setdefault(option.opts[0], {}).setdefault(option.help, []).append(str(command))
    several = {name: sorted(map(str, by)) for name, by in told.items() if len(by) > 1}
    assert sorted(several) == sorted(OF_SEVERAL_MEANINGS)


def test_every_command_but_the_server_and_the_signer_writes_json():
    without = {str(c) for c in COMMANDS if "json" not in {o.name for o in c.options}}
    assert without == {"serve", "rules sign"}


@pytest.mark.parametrize("command", COMMANDS, ids=str)
@pytest.mark.parametrize("wrong", ["nowhere", "garbage", "folder"])
def test_a_wrong_path_is_told_in_words(command, wrong, place, capsys, monkeypatch):
    monkeypatch.chdir(place)
    if str(command) in MAKE_THEIRS:
        pytest.skip("it makes its folder")
    if wrong == "folder" and str(command) == "knowledge check":
        pytest.skip("nothing is wrong in an empty folder")
    needed = [w for o in command.options if o.required for w in (o.opts[0], "nowhere")]
    code, _, said = call([*command.words, *[wrong] * len(command.arguments), *needed], capsys)
    assert_told_in_words(code, said)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["recommend", "shop", "shop"], "is a shop's, not a bundle's"),
        (["evaluate", "shop", "shop"], "is a shop's, not a bundle's"),
        (["recommend", "VERSION", "bundle"], "is one version of a bundle, not a shop"),
        (["rollback", "shop"], "is not a bundle's folder of versions"),
        (["rollback", "VERSION"], "is not a bundle's folder of versions"),
    ],
)
def test_a_shop_for_a_bundle_and_a_bundle_for_a_shop_are_told_apart(
    words, told, place, capsys, monkeypatch
):
    monkeypatch.chdir(place)
    version = str(next(Path("bundle").glob("*/manifest.json")).parent)
    code, _, said = call([version if word == "VERSION" else word for word in words], capsys)
    assert (code, told in " ".join(said.split())) == (1, True), said


def options_named_as(*names):
    return [
        pytest.param(command, option.opts[0], id=f"{command} {option.opts[0]}")
        for command in COMMANDS
        for option in command.options
        if option.opts[0] in names and str(command) != "rollback"  # whose --to is no path
    ]


def call_with(command, option, value, capsys):
    needed = [w for o in command.options if o.required for w in (o.opts[0], "nowhere")]
    arguments = ["nowhere"] * len(command.arguments)
    return call([*command.words, *arguments, *needed, option, value], capsys)


@pytest.mark.parametrize(
    ("command", "option"), options_named_as("--folder", "--to", "--tensorboard")
)
def test_a_file_where_a_folder_is_wanted_is_told_before_anything_is_done(
    command, option, place, capsys, monkeypatch
):
    monkeypatch.chdir(place)
    code, _, said = call_with(command, option, "garbage", capsys)
    assert (code, "is a file" in said) == (2, True), said


@pytest.mark.parametrize(
    ("command", "option"),
    options_named_as("--json", "--report", "--out", "--export", "--measures"),
)
def test_a_file_in_no_folder_is_told_before_anything_is_done(
    command, option, place, capsys, monkeypatch
):
    monkeypatch.chdir(place)
    code, _, said = call_with(command, option, "no/such", capsys)
    assert (code, "there is no folder 'no'" in " ".join(said.split())) == (2, True), said


@pytest.mark.parametrize("command", ["recommend", "explain-item"])
@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--user", ""),
        ("--user", "x" * 201),
        ("--recent", ",".join(["i1"] * 101)),
        ("--recent", "x" * 201),
        ("--query", "x" * 2001),
    ],
)
def test_what_cannot_be_asked_for_is_told_in_words(command, option, value, capsys):
    item = ["--item", "i1"] if command == "explain-item" else []
    code, _, said = call([command, "shop", "bundle", *item, option, value], capsys)
    assert code == 2
    assert option in said
    assert "character" in said or "at most 100" in said


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    folder = tmp_path_factory.mktemp("samples")
    for name in ("train", "valid", "test"):
        pq.write_table(pa.table({"label": [0, 1]}), folder / f"{name}.parquet")
    return folder


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (["train", "shop", "out", "--warm"], "--warm"),
        (["train", "shop", "out", "--tensorboard", "events"], "--tensorboard"),
        (["train", "SAMPLES", "out", "--protocol", "strict"], "--protocol"),
        (["evaluate", "SAMPLES", "out", "--pack", "eu"], "--pack"),
    ],
)
def test_an_option_that_means_nothing_there_is_refused(
    words, option, place, samples, capsys, monkeypatch
):
    monkeypatch.chdir(place)
    code, _, said = call([str(samples) if w == "SAMPLES" else w for w in words], capsys)
    assert code == 2
    assert option in said
    assert not Path("out").exists()


def test_a_shop_s_words_are_no_markup_of_the_terminal(place, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(place)
    shop = tmp_path / "shop"
    shutil.copytree(place / "shop", shop)
    items = pq.read_table(shop / "items.parquet")
    titles = pa.array(["Tablets [/] 20"] * len(items))
    items = items.set_column(items.schema.get_field_index("title"), items.field("title"), titles)
    pq.write_table(items, shop / "items.parquet")
    code, out, said = call(["recommend", shop, "bundle", "-n", "2", "--quiet"], capsys)
    assert (code, said) == (0, "")
    assert "[/]" in out


@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_a_wrong_call_ends_with_two(command, capsys):
    code, _, said = call([*command.words, "--no-such-option"], capsys)
    assert code == 2
    assert "No such option" in said


def test_an_unknown_command_is_corrected(capsys):
    code, _, said = call(["trian"], capsys)
    assert code == 2
    assert "train" in said


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_nonsense_for_any_option_is_told_in_words_or_taken(command, place, capsys, monkeypatch):
    monkeypatch.chdir(place)
    if str(command) in NEVER_ENDS:
        pytest.skip("it does not end by itself")
    names = [(a.metavar or a.name).strip("[]").rstrip(".").upper() for a in command.arguments]
    given = [GOOD.get(n, "items" if command.words[0] == "enrich" else "shop") for n in names]
    quiet = ["--quiet"] if "quiet" in {o.name for o in command.options} else []
    for option in [o for o in command.options if not getattr(o, "is_flag", False)]:
        others = [o for o in command.options if o.required and o is not option]
        needed = [w for o in others for w in (o.opts[0], "garbage")]
        for wrong in NONSENSE:
            words = [*command.words, *given, *needed, option.opts[0], wrong, *quiet]
            code, out, said = call(words, capsys)
            if code and not (str(command) == "knowledge claims" and "breaches in" in out):
                assert_told_in_words(code, said)


@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_every_command_can_be_told_to_be_quiet(command):
    assert [o.opts for o in command.options if "--quiet" in o.opts] == [["--quiet"]]


def test_quiet_leaves_nothing_but_results(place, capsys, monkeypatch):
    monkeypatch.chdir(place)
    Path("key").write_bytes(bytes(range(64)))
    for words in (
        ["recommend", "shop", "bundle", "-n", "2"],
        ["describe", "shop"],
        ["enrich", "groups", "shop"],
        ["enrich", "held", "items", "shop"],
        ["knowledge", "explain", "warfarin", "ibuprofen"],
        ["rules", "show", "general"],
        ["rules", "sign", "general", "--key", "key", "--out", "general.sig"],
        ["rules", "verify", "general", "--key", "key", "--signature", "general.sig"],
        ["rollback", "bundle", "--to", Bundle.open(Path("bundle")).version],
    ):
        code, out, said = call([*words, "--quiet"], capsys)
        assert code == 0
        assert out
        assert said == ""
        assert call(words, capsys)[2] != ""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_is_given_a_script_that_completes(shell):
    done = subprocess.run(
        [sys.executable, "-m", "galen", "--show-completion", shell],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        # Else typer asks which shell started this one, which is make's where make runs the tests.
        env={**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert "_GALEN_COMPLETE" in done.stdout or "COMPLETE" in done.stdout


@pytest.mark.slow
def test_an_interrupt_ends_with_130_and_without_a_trace(tmp_path):
    # Where a shell has put the tests into the background, processes begin with SIGINT ignored.
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    called = f"{heard}; from galen.cli.main import main; main()"
    words = ["synth", "shop", "--users", "500000", "--quiet"]
    running = subprocess.Popen(
        [sys.executable, "-c", called, *words], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    time.sleep(6)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "Traceback" not in said
