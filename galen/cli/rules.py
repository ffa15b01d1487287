"""Commands of rule packs: show one, check it, see what another would change."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from galen.cli.grouped_help import KNOWLEDGE
from galen.cli.terminal import (
    JsonFile,
    Knowledge,
    Quiet,
    ShopFolder,
    app,
    doing,
    file_option,
    show,
    write_json,
)

if TYPE_CHECKING:
    from galen.knowledge.pack import Pack

rules = typer.Typer(
    help="Rule packs: what may be shown where, with references.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(rules, name="rules", rich_help_panel=KNOWLEDGE)

PackName = Annotated[
    str, typer.Argument(help="general, eu, us, cn, or a TOML file.", metavar="PACK")
]
KeyFile = Annotated[Path, typer.Option(help="A file of 32 random bytes or more.")]


def _read(pack: str, quiet: bool) -> "Pack":
    from galen.knowledge.pack import read_pack

    with doing(quiet) as say:
        say("reading the pack")
        return read_pack(pack)


@rules.command("show")
def show_(pack: PackName, json: JsonFile = None, quiet: Quiet = False) -> None:
    """List a pack's rules with their references and dates."""
    from rich.table import Table

    from galen.knowledge.pack_check import concepts_of

    read = _read(pack, quiet)
    table = Table("rule", "about", "reference", "read")
    for rule in read.rules:
        about = ", ".join(concepts_of(rule)) or type(rule).__name__.lower()
        table.add_row(rule.id, about, rule.citation, str(rule.date))
    write_json(json, {"version": read.version, "said": read.said, "rules": read.rules})
    show(table)
    typer.echo(f"{read.version}\n{read.said}")


@rules.command("check")
def check_(
    pack: PackName, knowledge: Knowledge = None, json: JsonFile = None, quiet: Quiet = False
) -> None:
    """Refuse a pack that contradicts itself, is out of date, or names what nobody knows."""
    from galen.knowledge.build import graph_of
    from galen.knowledge.pack import PackError
    from galen.knowledge.pack_check import check_pack

    read = _read(pack, quiet)
    problems = check_pack(read, graph_of(knowledge), datetime.now(UTC).date())
    write_json(json, problems)
    if problems:
        raise PackError("\n".join(f"{pack}: {problem}" for problem in problems))
    if not quiet:
        typer.echo(f"{read.version}: no problem found in {len(read.rules)} rules")


@rules.command("sign")
def sign_(
    pack: PackName,
    key: KeyFile,
    out: Annotated[Path | None, file_option(help="The signature; else PACK.sig.")] = None,
    quiet: Quiet = False,
) -> None:
    """Sign a pack as it is now, its base with it (HMAC-SHA256: one key signs and verifies)."""
    from galen.knowledge.pack_signature import read_key, sign, signature_file, write_signature

    signature = sign(_read(pack, quiet), read_key(key))
    file = out or signature_file(pack)
    write_signature(signature, file)
    typer.echo(f"{file}: {signature.pack}, key {signature.key}")


@rules.command("verify")
def verify_(
    pack: PackName,
    key: KeyFile,
    signature: Annotated[Path | None, typer.Option(help="Else PACK.sig.")] = None,
    json: JsonFile = None,
    quiet: Quiet = False,
) -> None:
    """Refuse a pack that is not what the key signed."""
    from galen.knowledge.pack_signature import read_key, read_signature, signature_file, verify

    read, told = _read(pack, quiet), read_signature(signature or signature_file(pack))
    verify(read, told, read_key(key))
    write_json(json, {"pack": read.version, "key": told.key})
    typer.echo(f"{read.version} is what key {told.key} signed")


@rules.command("audit")
def audit(
    file: Annotated[Path, typer.Argument(help="audit.jsonl of a server's log.", metavar="FILE")],
    last: Annotated[str, typer.Option(help="A digest noted before, which must be there.")] = "",
    json: JsonFile = None,
    quiet: Quiet = False,
) -> None:
    """Print an audit trail and follow its chain; 1 where it is broken, and at which line."""
    from galen.data.mendable import MendableError
    from galen.serve.durable.audit import read_audit

    with doing(quiet) as say:
        say("following the chain")
        try:
            told = read_audit(file)
        except OSError as error:
            raise MendableError(f"{file} cannot be read: {error}.") from error
    write_json(json, {"entries": told.entries, "broken": told.broken, "last": told.last})
    for entry in told.entries:
        said = " ".join(f"{name}={value}" for name, value in entry.told.items())
        typer.echo(f"{entry.number} {entry.at} {entry.event} by {entry.by or 'no key'}: {said}")
    if told.broken is not None:
        raise MendableError(f"{file}, line {told.broken}: the chain is broken; {told.why}.")
    if last and last not in {told.last, *(entry.before for entry in told.entries)}:
        raise MendableError(f"{file}: no line has the digest {last}; lines were taken off.")
    typer.echo(f"{len(told.entries):,} lines, the chain holds; note the last digest: {told.last}")


@rules.command("dry-run")
def dry_run(
    shop: ShopFolder,
    pack: PackName,
    old: Annotated[str, typer.Option(help="The pack in force.")] = "general",
    days: Annotated[int, typer.Option(min=1, help="Of the newest impressions.")] = 1,
    knowledge: Knowledge = None,
    json: JsonFile = None,
    quiet: Quiet = False,
) -> None:
    """Show what another pack would have changed on the slates of the last days."""
    from galen.data.dataset import Dataset
    from galen.data.shop import Shop
    from galen.eligibility.guard import Guard
    from galen.evaluate.pack_trial import try_pack
    from galen.knowledge.build import graph_of
    from galen.knowledge.labels.contents import IngredientReader
    from galen.knowledge.pack import read_pack

    opened = Shop.open(shop)
    with doing(quiet) as say:
        say("reading the shop")
        data, graph = Dataset.read(opened), graph_of(knowledge)
        reader = IngredientReader.of(graph)
        both = [Guard.over(data.catalogue, graph, reader, read_pack(p)) for p in (old, pack)]
        say("asking both packs")
        trial = try_pack(data, opened.read("users"), both[0], both[1], days)
    write_json(json, trial)
    if trial.changes:
        show(trial.table())
    typer.echo(
        f"{trial.rows:,} impressions of {days} days, {trial.old} against {trial.new}: "
        f"{'these rules differ' if trial.changes else 'nothing would change'}"
    )
