"""The chain leaf, intermediate, root, as real clients check it: with the root alone."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from vienna_control.authority import ca
from vienna_kernel.errors import MalformedError

type Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

HOST = "payments.example"


def _csr(key: Key, *extensions: x509.ExtensionType) -> str:
    builder = x509.CertificateSigningRequestBuilder().subject_name(_name("whatever it says"))
    for extension in extensions:
        builder = builder.add_extension(extension, critical=True)
    return builder.sign(key, SHA256()).public_bytes(Encoding.PEM).decode()


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _leaf(issuer: x509.Certificate, key: Key, host: str = HOST, public: Key | None = None) -> str:
    """A certificate as the gate makes them; mitmproxy gives every leaf the CA's own key."""
    subject_key = (public or key).public_key()
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(_name(host)).issuer_name(issuer.subject)
    builder = builder.public_key(subject_key).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(minutes=1)).not_valid_after(now + timedelta(hours=1))
    for extension in (
        x509.SubjectAlternativeName([x509.DNSName(host)]),
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]),
        x509.SubjectKeyIdentifier.from_public_key(subject_key),
        x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()),
    ):
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(key, SHA256()).public_bytes(Encoding.PEM).decode()


class Gate:
    """A sidecar with its intermediate."""

    def __init__(
        self,
        root: ca.Root,
        key: Key,
        *,
        agent: str = "bot",
        hosts: tuple[str, ...] = (),
        now: datetime | None = None,
    ) -> None:
        self.key = key
        self.granted = root.intermediate(_csr(key), agent, now=now or datetime.now(UTC), hosts=hosts)
        self.certificate = x509.load_pem_x509_certificate(self.granted.chain_pem.encode())

    def file(self, folder: Path, host: str = HOST, own_key: Key | None = None) -> Path:
        leaf_key = own_key or self.key
        pem = leaf_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        path = folder / "server.pem"
        path.write_text(pem + _leaf(self.certificate, self.key, host, own_key) + self.granted.chain_pem)
        return path


@contextmanager
def _serving(file: Path) -> Iterator[int]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_answer, args=(listener, context), daemon=True)
        thread.start()
        yield listener.getsockname()[1]
    thread.join(60)


def _answer(listener: socket.socket, context: ssl.SSLContext) -> None:
    try:
        raw, _ = listener.accept()
        with raw, context.wrap_socket(raw, server_side=True) as tls:
            tls.recv(4096)
            tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
    except OSError:
        return  # the client did not want it


def _ask(port: int, root_pem: str, host: str = HOST) -> bytes:
    context = ssl.create_default_context(cadata=root_pem)
    assert context.verify_flags & ssl.VERIFY_X509_STRICT
    context.verify_flags &= ~ssl.VERIFY_X509_PARTIAL_CHAIN
    raw = socket.create_connection(("127.0.0.1", port), timeout=60)
    with raw, context.wrap_socket(raw, server_hostname=host) as tls:
        tls.sendall(b"GET / HTTP/1.1\r\n\r\n")
        return tls.recv(4096)


@pytest.fixture(scope="module")
def root() -> ca.Root:
    return ca.new_root("test", now=datetime.now(UTC))


KEYS: dict[str, Callable[[], Key]] = {
    "ec": lambda: ec.generate_private_key(ec.SECP256R1()),
    "rsa": lambda: rsa.generate_private_key(65537, 2048),
}


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("own", [False, True], ids=["the CA's own key", "a key of its own"])
def test_python_3_13_accepts_the_chain_strictly(root: ca.Root, tmp_path: Path, kind: str, own: bool) -> None:
    gate = Gate(root, KEYS[kind]())
    with _serving(gate.file(tmp_path, own_key=KEYS["ec"]() if own else None)) as port:
        assert _ask(port, root.pem).startswith(b"HTTP/1.1 200")


def test_curl_accepts_the_chain(root: ca.Root, tmp_path: Path, tool: Callable[..., str]) -> None:
    (tmp_path / "root.pem").write_text(root.pem)
    with _serving(Gate(root, KEYS["ec"]()).file(tmp_path)) as port:
        url, address = f"https://{HOST}:{port}/", f"{HOST}:{port}:127.0.0.1"
        command = [
            tool("curl"),
            "-sS",
            "--noproxy",
            "*",
            "--cacert",
            str(tmp_path / "root.pem"),
            "--resolve",
            address,
            url,
        ]
        assert subprocess.run(command, capture_output=True, timeout=60, check=True).stdout == b"ok"


_NODE = """
const [port, servername, file] = process.argv.slice(2);
const ca = require("fs").readFileSync(file);
const socket = require("tls").connect({host: "127.0.0.1", port, servername, ca}, () => {
  console.log(socket.authorized);
  socket.end("GET / HTTP/1.1\\r\\n\\r\\n");
});
socket.on("error", (error) => console.log(error.message));
"""


def test_node_accepts_the_chain(root: ca.Root, tmp_path: Path, tool: Callable[..., str]) -> None:
    script, trusted = tmp_path / "client.js", tmp_path / "root.pem"
    script.write_text(_NODE)
    trusted.write_text(root.pem)
    with _serving(Gate(root, KEYS["ec"]()).file(tmp_path)) as port:
        command = [tool("node"), str(script), str(port), HOST, str(trusted)]
        done = subprocess.run(command, capture_output=True, timeout=60, check=True)
        assert done.stdout.strip() == b"true", done.stdout


def test_another_root_does_not_vouch(root: ca.Root, tmp_path: Path) -> None:
    other = ca.new_root("other", now=datetime.now(UTC))
    with (
        _serving(Gate(root, KEYS["ec"]()).file(tmp_path)) as port,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        _ask(port, other.pem)


def test_an_intermediate_ends_after_a_day(root: ca.Root, tmp_path: Path) -> None:
    gate = Gate(root, KEYS["ec"](), now=datetime.now(UTC) - timedelta(hours=25))
    with _serving(gate.file(tmp_path)) as port, pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        _ask(port, root.pem)


def test_a_constrained_intermediate_holds_for_its_hosts_only(root: ca.Root, tmp_path: Path) -> None:
    gate = Gate(root, KEYS["ec"](), hosts=(HOST,))
    with _serving(gate.file(tmp_path)) as port:
        assert _ask(port, root.pem)
    bad = gate.file(tmp_path, host="bank.example")
    with _serving(bad) as port, pytest.raises(ssl.SSLCertVerificationError, match="subtree"):
        _ask(port, root.pem, "bank.example")


def test_an_intermediate_cannot_make_another(root: ca.Root, tmp_path: Path) -> None:
    gate, below = Gate(root, KEYS["ec"]()), KEYS["ec"]()
    forged = ca.Root(gate.key, gate.certificate)  # type: ignore[arg-type]  # it signs as if it were a root
    # Under its own name it would be self-issued, which no path length counts, and which gives it nothing.
    lower = Gate(forged, below, agent="other")
    path = tmp_path / "server.pem"
    pem = below.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    path.write_text(pem + _leaf(lower.certificate, below) + lower.granted.chain_pem + gate.granted.chain_pem)
    with _serving(path) as port, pytest.raises(ssl.SSLCertVerificationError, match="path length"):
        _ask(port, root.pem)


def test_what_the_certificates_say(root: ca.Root) -> None:
    gate = Gate(root, KEYS["ec"]())
    for certificate, length in ((root.certificate, 1), (gate.certificate, 0)):
        get = certificate.extensions.get_extension_for_class
        basic, usage = get(x509.BasicConstraints), get(x509.KeyUsage)
        assert basic.critical
        assert (basic.value.ca, basic.value.path_length) == (True, length)
        assert usage.critical
        assert usage.value.key_cert_sign
        assert not usage.value.digital_signature
        assert get(x509.SubjectKeyIdentifier)
        assert get(x509.AuthorityKeyIdentifier)
    life = root.certificate.not_valid_after_utc - root.certificate.not_valid_before_utc
    assert life == ca.ROOT_LIFETIME + ca.BACKDATED
    day = gate.certificate.not_valid_after_utc - gate.certificate.not_valid_before_utc
    assert day == ca.INTERMEDIATE_LIFETIME + ca.BACKDATED
    assert gate.granted.not_after == gate.certificate.not_valid_after_utc.replace(
        microsecond=gate.granted.not_after.microsecond
    )
    assert gate.granted.chain_pem.count("BEGIN CERTIFICATE") == 2
    assert gate.granted.chain_pem.endswith(root.pem)


def test_only_the_key_is_taken_from_a_request(root: ca.Root) -> None:
    wishes = (
        x509.BasicConstraints(ca=True, path_length=5),
        x509.SubjectAlternativeName([x509.DNSName("bank.example")]),
    )
    granted = root.intermediate(_csr(KEYS["ec"](), *wishes), "bot", now=datetime.now(UTC))
    certificate = x509.load_pem_x509_certificate(granted.chain_pem.encode())
    assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == 0
    with pytest.raises(x509.ExtensionNotFound):
        certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert "whatever" not in certificate.subject.rfc4514_string()


def test_a_long_agent_name_is_cut(root: ca.Root) -> None:
    granted = root.intermediate(_csr(KEYS["ec"]()), "b" * 128, now=datetime.now(UTC))
    assert x509.load_pem_x509_certificate(granted.chain_pem.encode())


def _weak() -> list[str]:
    key = KEYS["ec"]()
    good = _csr(key)
    der = bytearray(x509.load_pem_x509_csr(good.encode()).public_bytes(Encoding.DER))
    der[-3] ^= 1
    try:
        forged = x509.load_der_x509_csr(bytes(der)).public_bytes(Encoding.PEM).decode()
    except ValueError:
        forged = ""
    edwards = x509.CertificateSigningRequestBuilder().subject_name(_name("x"))
    unusual = edwards.sign(ed25519.Ed25519PrivateKey.generate(), None).public_bytes(Encoding.PEM).decode()
    short = _csr(rsa.generate_private_key(65537, 1024))
    small = _csr(ec.generate_private_key(ec.SECP192R1()))
    return ["", "no request", good[:200], "x" * 20_000, forged, unusual, short, small]


@pytest.mark.parametrize(
    "csr", _weak(), ids=["empty", "text", "cut", "huge", "forged", "ed25519", "rsa1024", "p192"]
)
def test_a_request_that_will_not_do_is_malformed(root: ca.Root, csr: str) -> None:
    with pytest.raises(MalformedError):
        root.intermediate(csr, "bot", now=datetime.now(UTC))
