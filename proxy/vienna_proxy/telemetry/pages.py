"""The pages of the listener for operators."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from vienna_proxy.telemetry.admin import Page, Pages
from vienna_proxy.telemetry.metrics import CONTENT_TYPE, Metrics


def pages(metrics: Metrics, unwell: Callable[[], str | None]) -> Pages:
    """By path. ``unwell``: why it is not to be given calls, in a word or two of ours; None when it is."""

    async def alive() -> Page:
        return Page(HTTPStatus.OK, b"ok\n")

    async def ready() -> Page:
        why = unwell()
        if why is None:
            return Page(HTTPStatus.OK, b"ready\n")
        return Page(HTTPStatus.SERVICE_UNAVAILABLE, f"{why}\n".encode())

    async def shown() -> Page:
        return Page(HTTPStatus.OK, await metrics.page(), CONTENT_TYPE)

    return {"/healthz": alive, "/readyz": ready, "/metrics": shown}
