"""The gate beside stock mitmdump: throughput and added latency.

``python -m bench.gate`` runs interleaved rounds on one machine: the proxy on the first processor, everything else
on the others. Absolute figures move from machine to machine; the ratios are what is compared.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.peer import Figures, load, make_certificates

HOST = "payments.example"
REPOSITORY = Path(__file__).resolve().parents[1]

CONFIG = """\
control:
  listen: 127.0.0.1:0
  data_dir: {folder}/data
gate:
  listen: 127.0.0.1:0
  agent: bench-agent
  upstream_ca: {ca}
  resolve: {{{host}: 127.0.0.1:{port}}}
bootstrap:
  agents:
    - {{name: bench-agent}}
"""


@dataclass(frozen=True)
class Proxy:
    """One proxy under measurement: its address and the CA its leaves come from."""

    name: str
    address: tuple[str, int]
    ca: Path


def _pin(processors: set[int]) -> None:
    with contextlib.suppress(OSError):
        os.sched_setaffinity(0, processors)


def _spawn(
    command: list[str], *, processors: set[int], log: Path, **environment: str
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        cwd=REPOSITORY,
        env={**os.environ, "VIENNA_ENV": "dev", **environment},
        stdout=subprocess.PIPE,
        stderr=log.open("w"),
        text=True,
        preexec_fn=lambda: _pin(processors),
    )


def _ready(process: subprocess.Popen[str], log: Path) -> dict[str, str]:
    line = process.stdout.readline() if process.stdout else ""
    if not line.startswith("{"):
        raise SystemExit(f"did not start: {line}\n{log.read_text()[-2000:]}")
    return json.loads(line)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _listening(port: int) -> None:
    for _ in range(200):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise SystemExit(f"nothing listens on {port}")


_RESOLVER = """\
import asyncio, os
from mitmproxy import ctx


class Resolve:
    def running(self):
        loop = asyncio.get_running_loop()
        find = loop.getaddrinfo

        async def getaddrinfo(host, port, **more):
            if host == os.environ["BENCH_HOST"]:
                host, port = "127.0.0.1", int(os.environ["BENCH_PORT"])
            return await find(host, port, **more)

        loop.getaddrinfo = getaddrinfo


addons = [Resolve()]
"""


@contextlib.contextmanager
def stage(folder: Path, processors: list[int]) -> Iterator[list[Proxy]]:
    """Every contestant, started and pinned; all are stopped at the end."""
    gate_processors, other = {processors[0]}, set(processors[1:]) or {processors[0]}
    _pin(other)
    ca, leaf = make_certificates(folder, HOST)
    running: list[subprocess.Popen[str]] = []
    python = sys.executable
    try:
        upstream = _spawn(
            [python, "-m", "bench.peer", "--serve", str(leaf)], processors=other, log=folder / "up.log"
        )
        running.append(upstream)
        port = int(upstream.stdout.readline()) if upstream.stdout else 0
        (folder / "resolve.py").write_text(_RESOLVER)
        stock_port = _free_port()
        confdir = folder / "stock"
        stock = [
            str(Path(python).parent / "mitmdump"), "-q", "--listen-host", "127.0.0.1", "-p", str(stock_port),
            "-s", str(folder / "resolve.py"), "--set", f"confdir={confdir}",
            "--set", f"ssl_verify_upstream_trusted_ca={ca}", "--set", "http2=false",
        ]  # fmt: skip
        running.append(
            _spawn(
                stock,
                processors=gate_processors,
                log=folder / "stock.log",
                BENCH_HOST=HOST,
                BENCH_PORT=str(port),
            )
        )
        _listening(stock_port)
        config = folder / "vienna.yaml"
        config.write_text(CONFIG.format(folder=folder, ca=ca, host=HOST, port=port))
        control = _spawn(
            [python, "-m", "vienna_control", "-c", str(config), "--json"],
            processors=other, log=folder / "control.log",
        )  # fmt: skip
        running.append(control)
        told = _ready(control, folder / "control.log")
        gate = _spawn(
            [python, "-m", "vienna_proxy", "-c", str(config), "--json", "--control", told["control"],
             "--key-file", told["join_token"], "--state-dir", str(folder / "gate")],
            processors=gate_processors, log=folder / "gate.log",
        )  # fmt: skip
        running.append(gate)
        ready = _ready(gate, folder / "gate.log")
        gate_port = int(ready["proxy"].rsplit(":", 1)[1])
        yield [
            Proxy("stock mitmdump, ungoverned", ("127.0.0.1", stock_port), confdir / "mitmproxy-ca-cert.pem"),
            Proxy("gate, governed", ("127.0.0.1", gate_port), Path(ready["ca"])),
        ]
    finally:
        for process in running:
            process.terminate()
        for process in running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(12)
            process.kill()


def _median(rounds: list[Figures]) -> Figures:
    return Figures(
        rate=statistics.median(one.rate for one in rounds),
        p50_ms=statistics.median(one.p50_ms for one in rounds),
        p99_ms=statistics.median(one.p99_ms for one in rounds),
        errors=sum(one.errors for one in rounds),
    )


def measure(proxies: list[Proxy], *, rounds: int, seconds: float, connections: int) -> dict[str, Figures]:
    """Interleaved rounds; the median of each figure."""
    seen: dict[str, list[Figures]] = {proxy.name: [] for proxy in proxies}
    for turn in range(rounds):
        for proxy in proxies:
            figures = asyncio.run(
                load(proxy.address, host=HOST, ca=proxy.ca, connections=connections, seconds=seconds,
                     path="/v1/orders/ORD-12345")
            )  # fmt: skip
            seen[proxy.name].append(figures)
            print(
                f"  round {turn + 1}  c={connections:<3} {proxy.name:<28} {figures.rate:8.0f}/s",
                file=sys.stderr,
            )
    return {name: _median(one) for name, one in seen.items()}


def main() -> None:
    parser = argparse.ArgumentParser(prog="vienna bench gate", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds (default 5)")
    parser.add_argument("--seconds", type=float, default=4.0, help="length of one round (default 4)")
    parser.add_argument(
        "--json", "--out", dest="out", type=Path, metavar="FILE", help="write the figures to it too"
    )
    arguments = parser.parse_args()
    processors = sorted(os.sched_getaffinity(0))
    with (
        tempfile.TemporaryDirectory(prefix="vienna-bench-") as name,
        stage(Path(name), processors) as proxies,
    ):
        result = {
            str(connections): measure(
                proxies, rounds=arguments.rounds, seconds=arguments.seconds, connections=connections
            )
            for connections in (1, 64)
        }
    stock, governed = (proxy.name for proxy in proxies)
    print(f"{'':<28} {'c':>3} {'calls/s':>9} {'p50 ms':>8} {'p99 ms':>8} {'errors':>7}")
    for connections, rows in result.items():
        for proxy_name, one in rows.items():
            print(
                f"{proxy_name:<28} {connections:>3} {one.rate:9.0f} {one.p50_ms:8.2f} {one.p99_ms:8.2f} {one.errors:7}"
            )
    ratio = result["64"][governed].rate / result["64"][stock].rate
    added = result["1"][governed].p50_ms - result["1"][stock].p50_ms
    added99 = result["1"][governed].p99_ms - result["1"][stock].p99_ms
    print(f"governed / stock at c=64: {ratio:.2f}   added at c=1: p50 {added:+.2f} ms, p99 {added99:+.2f} ms")
    if arguments.out:
        data = {c: {n: asdict(f) for n, f in rows.items()} for c, rows in result.items()}
        arguments.out.write_text(
            json.dumps({"figures": data, "ratio_c64": ratio, "added_p50_ms": added}, indent=2)
        )


if __name__ == "__main__":
    main()
