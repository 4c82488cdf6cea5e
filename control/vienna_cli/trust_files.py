"""Files that make a client trust our CA beside what it trusts already: combined bundles, a Java store, a wgetrc."""

from __future__ import annotations

import re
import ssl
import warnings
from collections.abc import Mapping
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from vienna_cli.output import Failure

_SYSTEM_ROOTS = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
_CERTIFICATE = re.compile(
    r"-----BEGIN (?:TRUSTED )?CERTIFICATE-----.*?-----END (?:TRUSTED )?CERTIFICATE-----", re.DOTALL
)
_JAVA_STORE = re.compile(r"-Djavax\.net\.ssl\.trustStore=(\S+)")
_JAVA_PASSWORD = re.compile(r"-Djavax\.net\.ssl\.trustStorePassword=(\S+)")
JAVA_STORE_PASSWORD = "changeit"  # noqa: S105  # the word every Java trust store uses; it protects nothing


class TrustFiles:
    """Writes what is needed into one folder, each file once.

    Args:
        ca: PEM file of our CA.
        folder: Made for one run, readable by its user only.
    """

    def __init__(self, ca: Path, folder: Path) -> None:
        self.ca = ca
        self._folder = folder
        self._ours = _pem(ca)
        self._roots = system_roots()
        self._written: dict[str, Path] = {}

    def combined(self, named: str | None) -> Path:
        """System roots, our CA, and what a variable already named: for clients that replace their roots by it."""
        return self._write(_extra(named), roots=self._roots, suffix="bundle.pem")

    def added(self, named: str | None) -> Path:
        """Our CA, and what the variable already named: for clients that add it to their roots."""
        extra = _extra(named)
        return self._write(extra, roots="", suffix="added.pem") if extra else self.ca

    def wgetrc(self, inherited: Mapping[str, str], proxy: str) -> Path:
        """What the user's own wgetrc says; after it our bundle and the proxy, since the later line counts.

        A proxy in a wgetrc outweighs the environment's.
        """
        own = Path(inherited.get("WGETRC") or Path(inherited.get("HOME", "/nonexistent")) / ".wgetrc")
        lines = [
            _text(own),
            f"ca_certificate = {self.combined(None)}",
            "use_proxy = on",
            *(f"{scheme}_proxy = {proxy}" for scheme in ("http", "https")),
            "no_proxy =",
        ]
        file = self._folder / "wgetrc"
        file.write_text("\n".join(lines) + "\n")
        return file

    def java_store(self, options: str | None = None) -> Path:
        """A PKCS#12 trust store of system roots, our CA, and the store that ``options`` name, where it can be read."""
        file = self._folder / "truststore.p12"
        found = [*_certificates(self._roots + self._ours), *_java_certificates(options or "")]
        certificates = [
            pkcs12.PKCS12Certificate(certificate, f"root-{number}".encode())
            for number, certificate in enumerate(dict.fromkeys(found))
        ]
        store = pkcs12.serialize_java_truststore(
            certificates, BestAvailableEncryption(JAVA_STORE_PASSWORD.encode())
        )
        file.write_bytes(store)
        return file

    def _write(self, extra: str, *, roots: str, suffix: str) -> Path:
        key = suffix + extra
        if key not in self._written:
            file = self._folder / f"{len(self._written)}-{suffix}"
            file.write_text("\n".join(part for part in (roots, self._ours, extra) if part) + "\n")
            self._written[key] = file
        return self._written[key]


def system_roots() -> str:
    """PEM of the roots this machine trusts; certifi's where it has none."""
    default = ssl.get_default_verify_paths().openssl_cafile
    for place in (*_SYSTEM_ROOTS, default, certifi.where()):
        if text := _text(Path(place)):
            return text
    raise Failure("found no root certificates on this machine")


def _certificates(pem: str) -> list[x509.Certificate]:
    """Those that can be read: one odd root in a system's bundle is no reason to stop."""
    end = "-----END CERTIFICATE-----"
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about odd serial numbers of old roots
        for part in pem.split(end)[:-1]:
            try:
                found.append(x509.load_pem_x509_certificate((part + end).encode()))
            except ValueError:
                continue
    return found


def _java_certificates(options: str) -> list[x509.Certificate]:
    """Of the PKCS#12 store that a JVM's options name; none where it is of another kind or cannot be opened."""
    named = _JAVA_STORE.search(options)
    if named is None:
        return []
    password = _JAVA_PASSWORD.search(options)
    try:
        held = pkcs12.load_pkcs12(
            Path(named[1].strip("\"'")).read_bytes(),
            (password[1].strip("\"'") if password else JAVA_STORE_PASSWORD).encode(),
        )
    except (OSError, ValueError):
        return []
    return [one.certificate for one in held.additional_certs]


def _pem(file: Path) -> str:
    text = _text(file)
    if "-----BEGIN CERTIFICATE-----" not in text:
        raise Failure(f"no CA certificate at {file}: start the gate first, or name its CA")
    return text


def _extra(named: str | None) -> str:
    """The certificates in a file, or in the files of a folder; nothing else of them, such as a key beside one."""
    place = Path(named) if named else None
    if place is None:
        return ""
    files = sorted(place.glob("*")) if place.is_dir() else [place]
    texts = map(_text, files)
    return "\n".join(dict.fromkeys(found for text in texts for found in _CERTIFICATE.findall(text)))


def _text(file: Path) -> str:
    try:
        return file.read_text(errors="replace") if file.is_file() else ""
    except OSError:
        return ""
