"""The environment of an agent under governance: where its clients find the proxy, and which CA they trust.

1. Variables that *replace* a client's roots get a combined bundle: system roots, our CA, and whatever the variable
   named before. Variables that *add* get our CA, and whatever they named before.
2. ``NO_PROXY`` is empty and never inherited: every exception is a way around the gate, which answers
   ``vienna.internal`` itself.
3. Credentials of operators never reach the agent.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from vienna_cli.trust_files import JAVA_STORE_PASSWORD, TrustFiles

SIDECAR = "http://vienna.internal"
SHIM = Path(__file__).with_name("shim")

PROXY = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
NO_PROXY = ("NO_PROXY", "no_proxy")
REPLACE = (
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "AWS_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "PIP_CERT",
    "npm_config_cafile",
    "YARN_HTTPS_CA_FILE_PATH",
    "CARGO_HTTP_CAINFO",
    "NIX_SSL_CERT_FILE",
    "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE",
    "HTTPLIB2_CA_CERTS",
    "WEBSOCKET_CLIENT_CA_BUNDLE",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
    "BUNDLE_SSL_CA_CERT",
    "PERL_LWP_SSL_CA_FILE",
    "COMPOSER_CAFILE",
    "HEX_CACERTS_PATH",
    "CONDA_SSL_VERIFY",
)
ADD = ("NODE_EXTRA_CA_CERTS", "DENO_CERT")
KEPT_FROM_THE_AGENT = (
    "VIENNA_API_KEY",
    "VIENNA_SECRET_KEY",
    "VIENNA_SECRET_KEY_FILE",
    "VIENNA_CONFIG",
    "VIENNA_DATA_DIR",
    "POSTGRES_URL",
    "REDIS_URL",
)


def agent_environment(
    inherited: Mapping[str, str], *, proxy: str, trust: TrustFiles, agent: str
) -> dict[str, str]:
    """What an unmodified agent needs to speak through the gate.

    Args:
        inherited: The environment we were started with; merged, never lost.
        proxy: ``http://host:port`` as the agent reaches it.
    """
    environ = {name: value for name, value in inherited.items() if name not in KEPT_FROM_THE_AGENT}
    environ.update(dict.fromkeys(PROXY, proxy))
    environ.update(dict.fromkeys(NO_PROXY, ""))
    for name in REPLACE:
        environ[name] = str(trust.combined(inherited.get(name)))
    for name in ADD:
        environ[name] = str(trust.added(inherited.get(name)))
    environ["WGETRC"] = str(trust.wgetrc(inherited, proxy))
    environ["NODE_USE_ENV_PROXY"] = "1"
    environ["OPENCLAW_PROXY_URL"] = proxy
    java = inherited.get("JAVA_TOOL_OPTIONS")
    environ["JAVA_TOOL_OPTIONS"] = _java(java, proxy, trust.java_store(java))
    environ["PYTHONPATH"] = os.pathsep.join([str(SHIM), *filter(None, [inherited.get("PYTHONPATH")])])
    environ["VIENNA_CA_FILE"] = str(trust.ca)
    environ["VIENNA_URL"] = SIDECAR
    environ["VIENNA_AGENT_ID"] = agent
    environ["VIENNA_SESSION"] = inherited.get("VIENNA_SESSION") or str(uuid.uuid4())
    return environ


def _java(inherited: str | None, proxy: str, store: Path) -> str:
    """What was set, then ours: of an option that stands there twice the later counts."""
    address = urlsplit(proxy)
    options = [
        f'"-Djavax.net.ssl.trustStore={store}"'
        if " " in str(store)
        else f"-Djavax.net.ssl.trustStore={store}",
        "-Djavax.net.ssl.trustStoreType=PKCS12",
        f"-Djavax.net.ssl.trustStorePassword={JAVA_STORE_PASSWORD}",
        "-Dhttp.nonProxyHosts=",
    ]
    for scheme in ("http", "https"):
        options += [f"-D{scheme}.proxyHost={address.hostname}", f"-D{scheme}.proxyPort={address.port}"]
    return " ".join([*filter(None, [inherited]), *options])
