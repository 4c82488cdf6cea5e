"""TLS that the control plane ends by itself: 1.3 only, and the certificates that sidecars show.

A client need not show a certificate, since people do not have one. One that is shown must lead to our client CA and
to nothing else, or the handshake fails; what it is worth is for ``api.peer`` to say.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Literal, Self

from pydantic import model_validator

from vienna_control.ports import StartError
from vienna_control.section import Section


class TlsConfig(Section):
    """Section ``control.tls``: the control plane ends TLS (1.3) by itself.

    Attributes:
        cert: PEM file: the server's certificate, then what leads to its root.
        key: PEM file of its private key.
        require_client_cert: ``sidecars``: a sidecar needs its key and its certificate; ``none``: one of them.
    """

    cert: Path | None = None
    key: Path | None = None
    require_client_cert: Literal["none", "sidecars"] = "none"

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.cert is None) != (self.key is None):
            raise ValueError("cert and key belong together: set both")
        if self.require_client_cert != "none" and self.cert is None:
            raise ValueError("require_client_cert needs cert and key: without TLS nobody shows a certificate")
        return self

    def placed(self, base: Path) -> TlsConfig:
        """With paths that are relative to ``base`` made absolute."""
        return self.model_copy(update=self.based(base, "cert", "key"))


def server_context(settings: TlsConfig, client_ca_pem: str) -> ssl.SSLContext | None:
    """The context to listen with; None without TLS. Raises ``StartError`` for files that will not do."""
    if settings.cert is None or settings.key is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(settings.cert, settings.key, password="")  # never ask at a terminal
    except (OSError, ssl.SSLError) as error:
        raise StartError(
            f"control.tls: {settings.cert} and {settings.key} are not a certificate and its unencrypted key "
            f"({type(error).__name__})"
        ) from None
    context.verify_mode = ssl.CERT_OPTIONAL
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    context.load_verify_locations(cadata=client_ca_pem)
    return context
