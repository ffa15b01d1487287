"""From two folders to a running server with its page."""

import os
from pathlib import Path

import msgspec
import typer

from galen.assembly.bundles.bundle import Bundle
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
        ShopError, BundleError, LogError, PackError: a folder or the pack cannot be used.
        OSError: the address cannot be listened at.
    """
    settings = read_settings(settings_file, os.environ)
    changes = {"host": host, "port": port}
    given = {name: value for name, value in changes.items() if value is not None}
    settings = check_reach(msgspec.structs.replace(settings, **given))
    folder = folder_of_log(settings, shop)
    service = Service.open(Shop.open(shop), Bundle.open(bundle), folder, settings)

    def listening(port: int) -> None:
        if not quiet:
            typer.echo(f"serving http://{settings.host}:{port} · log in {folder}")

    app = create_app(service, settings, origins(enriched_folder(shop)))
    server.run(app, settings, listening=listening)
