"""What ``run`` sets, and what becomes of what was set before; ``test_clients_singly``: what each does alone."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from vienna_cli.demo import props, toy
from vienna_cli.environment import (
    ADD,
    KEPT_FROM_THE_AGENT,
    NO_PROXY,
    PROXY,
    REPLACE,
    SHIM,
    agent_environment,
)
from vienna_cli.trust_files import TrustFiles, system_roots

PROXY_URL = "http://127.0.0.1:8888"


@pytest.fixture
def environ(tls_server, tmp_path):
    def make(inherited=None):
        return agent_environment(
            inherited or {}, proxy=PROXY_URL, trust=TrustFiles(tls_server.ca, tmp_path), agent="bot"
        )

    return make


URLLIB = [sys.executable, "-c", "import urllib.request as u; print(u.urlopen('{url}').read().decode())"]


def attempt(command, url, environ):
    return subprocess.run(
        [part.format(url=url) for part in command], env=environ, capture_output=True, text=True, timeout=30
    )


def believed(done):
    return done.returncode == 0


def test_every_variable_of_the_contract_is_set(environ):
    found = environ()
    assert {found[name] for name in PROXY} == {PROXY_URL}
    assert {found[name] for name in NO_PROXY} == {""}
    assert found["NODE_USE_ENV_PROXY"] == "1"
    assert found["VIENNA_URL"] == "http://vienna.internal"
    assert found["VIENNA_AGENT_ID"] == "bot"
    assert found["VIENNA_SESSION"]
    assert "NODE_OPTIONS" not in found
    assert "-Dhttps.proxyPort=8888" in found["JAVA_TOOL_OPTIONS"]
    for name in (*REPLACE, *ADD, "WGETRC"):
        assert os.path.isfile(found[name]), name


def test_bundles_that_replace_hold_the_systems_roots_and_what_the_variable_named(
    environ, tls_server, tmp_path
):
    own = tmp_path / "company.pem"
    own.write_text("-----BEGIN CERTIFICATE-----\ncompany\n-----END CERTIFICATE-----\n")
    found = environ({"SSL_CERT_FILE": str(own), "NODE_EXTRA_CA_CERTS": str(own), "WGETRC": str(own)})
    ours = tls_server.ca.read_text().strip()
    text = Path(found["SSL_CERT_FILE"]).read_text()
    assert ours in text
    assert "company" in text
    assert system_roots().strip() in text
    assert "company" not in Path(found["REQUESTS_CA_BUNDLE"]).read_text()
    added = Path(found["NODE_EXTRA_CA_CERTS"]).read_text()
    assert ours in added
    assert "company" in added
    assert len(added) < len(text)
    assert "company" in Path(found["WGETRC"]).read_text()


def company(folder):
    """A company's own CA, with its key beside it."""
    toy.certificate(folder)
    pem = (folder / props.CA_FILE).read_text()
    file = folder / "company.pem"
    file.write_text(f"Company CA\n{pem}-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----\n")
    return file, pem.strip()


@pytest.mark.parametrize("name", [*REPLACE, *ADD])
@pytest.mark.parametrize("where", ["file", "folder"])
def test_what_a_variable_named_before_is_still_believed(name, where, environ, tls_server, tmp_path):
    (tmp_path / "company").mkdir()
    file, pem = company(tmp_path / "company")
    named = str(file if where == "file" else file.parent)
    text = Path(environ({name: named})[name]).read_text()
    assert pem in text
    assert tls_server.ca.read_text().strip() in text
    assert (system_roots().strip() in text) == (name in REPLACE)
    assert "canary" not in text, "certificates are copied, a key beside them is not"


@pytest.mark.parametrize(
    "named", ["/nonexistent", "/dev/null", "false", ""], ids=["gone", "empty", "a word", "nothing"]
)
def test_what_names_no_certificates_is_replaced_all_the_same(named, environ, tls_server):
    for name in (*REPLACE, *ADD):
        assert tls_server.ca.read_text().strip() in Path(environ({name: named})[name]).read_text()


def test_a_proxy_in_a_wgetrc_does_not_lead_around(environ, tmp_path):
    """wget believes its file over the environment; of two lines the later counts."""
    mine = tmp_path / "mine.rc"
    mine.write_text("https_proxy = http://company:3128\nuse_proxy = off\nno_proxy = example.com\ntries = 7\n")
    lines = Path(environ({"WGETRC": str(mine)})["WGETRC"]).read_text().splitlines()
    last = {line.partition("=")[0].strip(): line.partition("=")[2].strip() for line in lines}
    assert (last["https_proxy"], last["http_proxy"]) == (PROXY_URL, PROXY_URL)
    assert (last["use_proxy"], last["no_proxy"], last["tries"]) == ("on", "", "7")


def test_the_wgetrc_of_the_home_folder_counts(environ, tmp_path):
    (tmp_path / ".wgetrc").write_text("tries = 9\n")
    assert "tries = 9" in Path(environ({"HOME": str(tmp_path)})["WGETRC"]).read_text()


def test_inherited_settings_are_merged_and_exceptions_are_not(environ):
    found = environ(
        {
            "NO_PROXY": "localhost",
            "no_proxy": "localhost",
            "PYTHONPATH": "/mine",
            "JAVA_TOOL_OPTIONS": "-Xmx1g",
            "KEPT": "yes",
            "HTTPS_PROXY": "http://elsewhere",
        }
    )
    assert (found["NO_PROXY"], found["no_proxy"], found["KEPT"]) == ("", "", "yes")
    assert found["HTTPS_PROXY"] == PROXY_URL
    assert found["PYTHONPATH"] == f"{SHIM}{os.pathsep}/mine"
    assert found["JAVA_TOOL_OPTIONS"].startswith("-Xmx1g ")


def test_credentials_of_operators_never_reach_the_agent(environ):
    secrets = {
        "VIENNA_API_KEY": "canary",
        "VIENNA_SECRET_KEY": "canary",
        "VIENNA_SECRET_KEY_FILE": "canary",
        "POSTGRES_URL": "canary",
        "REDIS_URL": "canary",
    }
    assert "canary" not in environ(secrets).values()


def java_store(options):
    """Certificates in the store that a JVM's options name; of an option that stands there twice the later counts."""
    named = dict(part.split("=", 1) for part in options.split() if "=" in part)
    store = Path(named["-Djavax.net.ssl.trustStore"]).read_bytes()
    held = pkcs12.load_pkcs12(store, named["-Djavax.net.ssl.trustStorePassword"].encode())
    return [one.certificate for one in held.additional_certs]


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
def test_the_java_store_holds_our_ca_and_what_the_store_before_held(environ, tls_server, tmp_path):
    ours = x509.load_pem_x509_certificate(tls_server.ca.read_bytes())
    assert ours in java_store(environ()["JAVA_TOOL_OPTIONS"])
    (tmp_path / "company").mkdir()
    theirs = x509.load_pem_x509_certificate(company(tmp_path / "company")[1].encode())
    before = tmp_path / "before.p12"
    entry = pkcs12.PKCS12Certificate(theirs, b"company")
    before.write_bytes(pkcs12.serialize_java_truststore([entry], BestAvailableEncryption(b"theirs")))
    given = f"-Xmx1g -Djavax.net.ssl.trustStore={before} -Djavax.net.ssl.trustStorePassword=theirs"
    found = java_store(environ({"JAVA_TOOL_OPTIONS": given})["JAVA_TOOL_OPTIONS"])
    assert ours in found
    assert theirs in found
    broken = given.replace("theirs", "wrong")
    assert ours in java_store(environ({"JAVA_TOOL_OPTIONS": broken})["JAVA_TOOL_OPTIONS"])


def test_the_guide_tells_every_variable_that_is_set_and_no_other(environ):
    page = (Path(__file__).parents[2] / "docs/guides/running-agents.md").read_text()
    rows = [line.split("|") for line in page.splitlines() if line.startswith("| `")]
    told = {name: row[2].strip() for row in rows for name in re.findall(r"`(\w+)`", row[1])}
    assert set(told) == set(environ())
    kinds = {"replaces": set(REPLACE), "adds": set(ADD), "proxy": set(PROXY), "no way around": set(NO_PROXY)}
    for kind, names in kinds.items():
        assert {name for name in told if told[name] == kind} == names, kind
    dropped = next(line for line in page.splitlines() if line.startswith("Never handed on"))
    assert set(re.findall(r"`(\w+)`", dropped)) == set(KEPT_FROM_THE_AGENT)


def test_the_shim_runs_the_sitecustomize_that_it_hides(bare, tmp_path):
    (tmp_path / "sitecustomize.py").write_text("print('mine ran')\n")
    found = {**bare, "PYTHONPATH": f"{SHIM}{os.pathsep}{tmp_path}"}
    done = subprocess.run(
        [sys.executable, "-c", "print('then this')"], env=found, capture_output=True, text=True
    )
    assert done.stdout.split("\n")[:2] == ["mine ran", "then this"], done.stderr


def test_the_shim_trusts_nothing_when_nothing_is_named(tls_server, bare):
    shimmed = {**bare, "PYTHONPATH": str(SHIM), "VIENNA_CA_FILE": "/nonexistent"}
    assert not believed(attempt(URLLIB, tls_server.url, shimmed))


def test_a_ca_that_is_none_is_refused(tmp_path):
    from vienna_cli.output import Failure

    (tmp_path / "empty.pem").touch()
    with pytest.raises(Failure, match="no CA certificate"):
        TrustFiles(tmp_path / "empty.pem", tmp_path)
