"""From two folders to a running server with its page."""

import os
from pathlib import Path

import msgspec
import typer

from galen.assembly.bundle import Bundle
from galen.console.app import create_app
from galen.data.enriched import enriched_folder, origins
from galen.data.shop import Shop
from galen.serve.http import server
from galen.serve.service import Service
from galen.serve.settings import check_reach, folder_of_log, read_settings


def serve_shop(
    shop: Path,
    bundle: Path,
    *,
    settings_file: Path | None = None,
    host: str | None = None,
    port: int | None = None,
    quiet: bool = False,
) -> None:
    """Serve the API and the page until told to stop; the log lies beside the shop.

    Raises:
        SettingsError: a setting is wrong, or the address is public and there are no keys.
        ShopError, BundleError, LogError: a folder cannot be opened.
    """
    settings = read_settings(settings_file, os.environ)
    changes = {"host": host, "port": port}
    given = {name: value for name, value in changes.items() if value is not None}
    settings = check_reach(msgspec.structs.replace(settings, **given))
    folder = folder_of_log(settings, shop)
    service = Service.open(Shop.open(shop), Bundle.open(bundle), folder, settings)
    if not quiet:
        typer.echo(f"serving http://{settings.host}:{settings.port} · log in {folder}")
    server.run(create_app(service, settings, origins(enriched_folder(shop))), settings)
