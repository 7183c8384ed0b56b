"""Trial of production web servers for the kiosk: the same load on each candidate, one table.

The load: event streams, a live MJPEG picture, a client sending its request byte by byte, one that
hardly reads its answer, and a large multipart upload. GET /healthz is probed from another process.
Then a slow-loris, a sudden disconnect of all streams, and SIGTERM with streams open. Loopback only.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.metadata
import itertools
import multiprocessing
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

SPAWN, QUIET = multiprocessing.get_context("spawn"), subprocess.DEVNULL
HOST, MB, UPLOAD = "127.0.0.1", 1_000_000, 200_000_000
STREAMS, LORISES, GRACE_S, PROBE_TIMEOUT_S = 20, 50, 3, 2.0
EVENT_S, FRAME_S, FRAME = 0.2, 1 / 15, os.urandom(60_000)

# How each candidate starts. SIGTERM raises SystemExit unless the server has a handler of its own.
STARTS: dict[tuple[str, ...], str] = {
    ("waitress",): """
from waitress.server import create_server
create_server(app, listen="127.0.0.1:{port}", threads={threads}, asyncore_use_poll=True,
              outbuf_high_watermark=262144, connection_limit=500).run()""",
    ("gunicorn",): """
import gunicorn.app.wsgiapp
sys.argv = ["gunicorn", "-w1", "-kgthread", "--threads={threads}", "--bind=127.0.0.1:{port}",
            "--graceful-timeout={grace}", "--log-level=error", "web_server:make_app()"]
gunicorn.app.wsgiapp.run()""",
    ("cheroot",): """
from cheroot import wsgi
wsgi.Server(("127.0.0.1", {port}), app, numthreads={threads}, max={threads},
            shutdown_timeout={grace}).safe_start()""",
    ("granian",): """
from granian.server import Server
Server("web_server:make_app", address="127.0.0.1", port={port}, interface="wsgi", factory=True,
       blocking_threads={threads}, workers_kill_timeout={grace}, log_enabled=False).serve()""",
    ("uvicorn", "a2wsgi"): """
import uvicorn, a2wsgi
uvicorn.run(a2wsgi.WSGIMiddleware(app, workers={threads}), host="127.0.0.1", port={port},
            timeout_graceful_shutdown={grace}, log_level="critical")""",
}
PREAMBLE = """import signal, sys; sys.path.insert(0, sys.argv[1]); import web_server
app = web_server.make_app()
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))"""


def make_app() -> Any:
    """Build the tiny Flask app under trial; its answers carry no server-specific tricks."""
    # Not at the top: the probing processes load this file too, and need no Flask.
    from flask import Flask, Response, request  # noqa: PLC0415

    app, ids, streams = Flask(__name__), itertools.count(), set[int]()
    part = b"--f\r\nContent-Type: image/jpeg\r\n\r\n" + FRAME + b"\r\n"
    kinds = {
        "events": (b'data: {"angle": 90.0, "rep": 7}\n\n', EVENT_S, "text/event-stream"),
        "live": (part, FRAME_S, "multipart/x-mixed-replace; boundary=f"),
    }

    @app.get("/healthz")
    def healthz() -> str:
        return str(len(streams))

    @app.get("/<any(events, live):kind>")
    def endless(kind: str) -> Response:
        chunk, every_s, mimetype = kinds[kind]

        def generate() -> Iterator[bytes]:
            streams.add(me := next(ids))
            try:
                while True:
                    yield chunk
                    time.sleep(every_s)
            finally:
                streams.discard(me)

        return Response(generate(), mimetype=mimetype)

    @app.post("/upload")
    def upload() -> dict[str, int]:
        return {"bytes": request.files["video"].stream.seek(0, os.SEEK_END)}

    return app


async def drain(port: int, path: str, count: list[int], nap: float = 0, size: int = 65536) -> None:
    """Read an endless answer, adding the bytes to count[0]; nap seconds make the reader slow."""
    reader, writer = await asyncio.open_connection(HOST, port, limit=size)
    if nap:
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    writer.write(b"GET %b HTTP/1.1\r\nHost: kiosk\r\n\r\n" % path.encode())
    while data := await reader.read(size):
        count[0] += len(data)
        await asyncio.sleep(nap)


async def drip(port: int, pause_s: float) -> None:
    """Send a request head that never ends, byte by byte."""
    _, writer = await asyncio.open_connection(HOST, port)
    for byte in itertools.chain(b"GET /healthz HTTP/1.1\r\nX-Slow: ", itertools.repeat(97)):
        writer.write(bytes([byte]))
        await asyncio.sleep(pause_s)


async def upload(port: int, rate: float) -> float:
    """Post the multipart upload at rate bytes/s (0: full speed); return the seconds taken."""
    head = b'--bb\r\nContent-Disposition: form-data; name="video"; filename="v.mp4"\r\n\r\n'
    tail, chunk = b"\r\n--bb--\r\n", os.urandom(250_000)
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(
        b"POST /upload HTTP/1.1\r\nHost: kiosk\r\nConnection: close\r\nContent-Length: %d\r\n"
        b"Content-Type: multipart/form-data; boundary=bb\r\n\r\n%b"
        % (len(head) + UPLOAD + len(tail), head)
    )
    began = time.monotonic()
    for sent in range(0, UPLOAD, len(chunk)):
        writer.write(chunk)
        await writer.drain()
        await asyncio.sleep(began + sent / rate - time.monotonic() if rate else 0)
    writer.write(tail)
    answer = await asyncio.wait_for(reader.read(), 60)
    return time.monotonic() - began if b'"bytes":%d' % UPLOAD in answer else float("nan")


async def probe(port: int, said: Any, count: int) -> None:
    """GET /healthz count times at 20/s, open loop; put sorted milliseconds, inf if no answer."""

    async def once(due: float) -> float:
        await asyncio.sleep(due - time.monotonic())
        with contextlib.suppress(OSError, asyncio.TimeoutError):
            reader, writer = await asyncio.open_connection(HOST, port)
            with contextlib.closing(writer):
                writer.write(b"GET /healthz HTTP/1.1\r\nHost: kiosk\r\nConnection: close\r\n\r\n")
                if b" 200 " in (await asyncio.wait_for(reader.read(), PROBE_TIMEOUT_S))[:20]:
                    return (time.monotonic() - due) * 1000
        return float("inf")

    began = time.monotonic() + 0.2
    said.put(sorted(await asyncio.gather(*(once(began + n / 20) for n in range(count)))))


async def load(port: int, said: Any, rate: float | None, lorises: int = 0) -> None:
    """Hold event streams (with a rate the full load, else a slow-loris) until killed."""
    live, rest, began = [0], [0], time.monotonic()
    roles = [drain(port, "/events", rest) for _ in range(STREAMS)]
    roles += [drip(port, 1.0) for _ in range(lorises)]
    if rate is not None:
        roles += [drain(port, "/live", live), drain(port, "/live", rest, 1, 1024), drip(port, 0.2)]
    tasks = [asyncio.create_task(role) for role in roles]
    if rate is not None:
        await asyncio.sleep(1)
        took = await upload(port, rate)
        await asyncio.sleep(began + 15 - time.monotonic())
        spent = time.monotonic() - began
        fps, cpu = live[0] / len(FRAME) / spent, time.process_time() / spent * 100
        said.put({"upload": took, "fps": fps, "load_cpu": cpu})
    await asyncio.wait(tasks)


def enter(role: Callable[..., Any], *args: Any) -> None:
    """Run a client coroutine in this (child) process."""
    asyncio.run(role(*args))


@contextlib.contextmanager
def playing(*role_and_args: Any) -> Iterator[None]:
    """Run a client role in a process of its own, killed (so: disconnected) at the end."""
    process = SPAWN.Process(target=enter, args=role_and_args, daemon=True)
    process.start()
    try:
        yield
    finally:
        process.kill()
        process.join()


def usage(session: int) -> tuple[float, float]:
    """Return the session's resident MB and MB in unlinked temporary files."""
    pages, temps = 0, dict[str, int]()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rsplit(")", 1)[1].split()
            if int(fields[3]) == session:
                pages += int(fields[21])
                for entry in stat.parent.glob("fd/*"):
                    if (name := str(entry.readlink())).endswith("(deleted)"):
                        temps[name] = entry.stat().st_size
    return pages * os.sysconf("SC_PAGE_SIZE") / MB, sum(temps.values()) / MB


def open_streams(port: int) -> int:
    """Ask the app how many streams it is still serving."""
    with urllib.request.urlopen(f"http://{HOST}:{port}/healthz", timeout=5) as answer:
        return int(answer.read())


def wait_until(true: Callable[[], bool], limit_s: float) -> float:
    """Poll until true; return the seconds taken, inf past the limit."""
    began = time.monotonic()
    while (spent := time.monotonic() - began) < limit_s:
        with contextlib.suppress(OSError):
            if true():
                return spent
        time.sleep(0.05)
    return float("inf")


def measure(server: subprocess.Popen[bytes], port: int, rate: float) -> dict[str, float]:
    """Run every phase against the started server and return its figures."""
    said, probed = SPAWN.Queue(), SPAWN.Queue()
    (base, _), seen = usage(server.pid), []

    def finished() -> bool:
        seen.append(usage(server.pid))
        return not (said.empty() or probed.empty())

    with playing(load, port, said, rate), playing(probe, port, probed, 300):
        wait_until(finished, 90)
        times, figures = probed.get(timeout=1), dict[str, float](said.get(timeout=1))
    rss, temp = map(max, zip(*seen, strict=True))
    figures |= {"p50": times[150], "p95": times[285], "max": times[-1]}
    figures |= {"base": base, "rss": rss - base, "temp": temp}
    figures["freed"] = wait_until(lambda: open_streams(port) == 0, 10)
    with playing(load, port, said, None, LORISES):
        time.sleep(2)
        with playing(probe, port, probed, 120):
            times = probed.get(timeout=60)
    lost = times.count(float("inf"))
    figures |= {"lost": lost, "loris": times[119 - lost]}
    wait_until(lambda: open_streams(port) == 0, 10)
    with playing(load, port, said, None):
        time.sleep(2)
        server.terminate()
        figures["stop"] = wait_until(lambda: server.poll() is not None, 15)
    return figures


def trial(start: str, threads: int, rate: float) -> dict[str, float]:
    """Start one server in an empty directory, measure it, and leave nothing behind."""
    with socket.create_server((HOST, 0)) as free:
        port = free.getsockname()[1]
    source = PREAMBLE + start.format(port=port, threads=threads, grace=GRACE_S)
    with tempfile.TemporaryDirectory() as temp:
        command = [sys.executable, "-Bc", source, str(Path(__file__).parent)]
        env = {**os.environ, "TMPDIR": temp, "HOME": temp}
        server = subprocess.Popen(command, cwd=temp, env=env, stderr=QUIET, start_new_session=True)
        try:
            wait_until(lambda: open_streams(port) == 0, 15)
            return measure(server, port, rate)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGKILL)
            server.wait()


HEADINGS = """| server | /healthz p50 / p95 / max, ms | upload, s | live, fps | memory, MB \
| temp files, MB | load CPU, % | slow-loris: max, ms (lost) | streams freed, s | SIGTERM, s |"""
ROW = """| {p50:.1f} / {p95:.1f} / {max:.0f} | {upload:.1f} | {fps:.1f} | {base:.0f} + {rss:.0f} \
| {temp:.0f} | {load_cpu:.0f} | {loris:.0f} ({lost:.0f}) | {freed:.1f} | {stop:.1f} |"""


@click.command(help=__doc__)
@click.argument("names", nargs=-1, type=click.Choice([name[0] for name in STARTS]))
@click.option("--repeats", default=3, show_default=True, help="Trials per candidate; medians.")
@click.option("--threads", default=48, show_default=True, help="Request threads.")
@click.option("--rate", default=15.0, show_default=True, help="Upload MB/s; 0: full speed.")
def main(names: tuple[str, ...], repeats: int, threads: int, rate: float) -> None:
    """Run the trial for the named candidates (all, if none is named)."""
    click.echo(HEADINGS + "\n" + "|---" * (HEADINGS.count("|") - 1) + "|")
    for packages, start in STARTS.items():
        if names and packages[0] not in names:
            continue
        try:
            title = " + ".join(f"{name} {importlib.metadata.version(name)}" for name in packages)
        except importlib.metadata.PackageNotFoundError as missing:
            click.echo(f"| {packages[0]} | not installed: {missing.name} |")
            continue
        runs = [trial(start, threads, rate * MB) for _ in range(repeats)]
        middle = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        click.echo(f"| {title} " + ROW.format(**middle).replace("inf", "none"))


if __name__ == "__main__":
    main()
