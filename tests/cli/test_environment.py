"""What ``run`` sets: each variable alone, in an environment with nothing else, makes its client believe our CA."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from vienna_cli.environment import ADD, NO_PROXY, PROXY, REPLACE, SHIM, agent_environment
from vienna_cli.trust_files import TrustFiles, system_roots

PROXY_URL = "http://127.0.0.1:8888"


@pytest.fixture
def environ(tls_server, tmp_path):
    def make(inherited=None):
        return agent_environment(
            inherited or {}, proxy=PROXY_URL, trust=TrustFiles(tls_server.ca, tmp_path), agent="bot"
        )

    return make


CURL = ["curl", "-sS", "--max-time", "10", "{url}"]
REQUESTS = [sys.executable, "-c", "import requests; print(requests.get('{url}', timeout=10).text)"]
URLLIB = [sys.executable, "-c", "import urllib.request as u; print(u.urlopen('{url}').read().decode())"]
HTTPX = [sys.executable, "-c", "import httpx; print(httpx.get('{url}').text)"]
STRIPE = [
    sys.executable,
    "-c",
    "import stripe; c = stripe.RequestsClient(); print(c.request('GET', '{url}', {{}})[0])",
]
NODE = ["node", "-e", "fetch('{url}').then(r => r.text()).then(console.log)"]
WGET = ["wget", "-q", "-O-", "{url}"]
GIT = ["git", "ls-remote", "{url}x.git"]

NEEDED = {sys.executable, "curl", "git"}
EVERY = [
    ("CURL_CA_BUNDLE", CURL),
    ("SSL_CERT_FILE", CURL),
    ("SSL_CERT_FILE", URLLIB),
    ("SSL_CERT_FILE", HTTPX),
    ("REQUESTS_CA_BUNDLE", REQUESTS),
    ("NODE_EXTRA_CA_CERTS", NODE),
    ("WGETRC", WGET),
    ("GIT_SSL_CAINFO", GIT),
    ("PYTHONPATH VIENNA_CA_FILE", REQUESTS),
    ("PYTHONPATH VIENNA_CA_FILE", URLLIB),
    ("PYTHONPATH VIENNA_CA_FILE", HTTPX),
    ("PYTHONPATH VIENNA_CA_FILE", STRIPE),
]
SINGLY = [(names, command) for names, command in EVERY if command[0] in NEEDED or shutil.which(command[0])]


def attempt(command, url, environ):
    return subprocess.run(
        [part.format(url=url) for part in command], env=environ, capture_output=True, text=True, timeout=30
    )


def believed(done):
    return done.returncode == 0


@pytest.mark.parametrize(("names", "command"), SINGLY, ids=lambda value: str(value).split(" ")[0][-30:])
def test_one_variable_alone(names, command, environ, tls_server, bare):
    assert not believed(attempt(command, tls_server.url, bare)), "without it the server must not be believed"
    full = environ()
    done = attempt(command, tls_server.url, {**bare, **{name: full[name] for name in names.split()}})
    assert believed(done), done.stderr


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


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
def test_the_java_store_holds_our_ca(environ, tls_server):
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import pkcs12

    options = dict(part.split("=", 1) for part in environ()["JAVA_TOOL_OPTIONS"].split() if "=" in part)
    store = Path(options["-Djavax.net.ssl.trustStore"]).read_bytes()
    held = pkcs12.load_pkcs12(store, options["-Djavax.net.ssl.trustStorePassword"].encode())
    ours = x509.load_pem_x509_certificate(tls_server.ca.read_bytes())
    assert ours in [one.certificate for one in held.additional_certs]


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
