"""``vienna openapi``: the description that the control plane publishes of its own API."""

from __future__ import annotations

import typer

from vienna_cli.terminal import Terminal, command


def openapi(terminal: Terminal) -> None:
    """Print the OpenAPI 3.1 document of the control plane."""
    terminal.printer.data(terminal.client.request("GET", "/openapi.json"))


def register(app: typer.Typer) -> None:
    command(app, "openapi")(openapi)
