#!/usr/bin/env python3
"""Trial of production web servers for the kiosk: the same load on each candidate, one table.

The load is what one kiosk may meet at once: event streams, a live MJPEG picture, a client that
sends its request byte by byte, one that reads its answer very slowly, and a large multipart
upload. GET /healthz is probed meanwhile from another process. Then follow a slow-loris, a sudden
disconnect of all streams, and SIGTERM with streams open. Loopback only; needs Linux and Flask.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.metadata
import itertools
import json
import multiprocessing
import os
import resource
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from flask import Flask

SPAWN = multiprocessing.get_context("spawn")
HOST, MB = "127.0.0.1", 1_000_000
STREAMS, LORISES, GRACE_S, PROBE_TIMEOUT_S = 20, 50, 3, 2.0
EVENT_S, FRAME_S, FRAME = 0.2, 1 / 15, os.urandom(60_000)

# How each candidate starts. SIGTERM raises SystemExit unless the server has a handler of its own.
STARTS: dict[tuple[str, ...], str] = {
    ("waitress",): """
from waitress.server import create_server
create_server(app, host="127.0.0.1", port={port}, threads={threads}, asyncore_use_poll=True,
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
PREAMBLE = """import signal, sys, web_server
app = web_server.make_app()
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))"""


def make_app() -> Flask:
    """Build the tiny app under trial; its answers carry no server-specific tricks."""
    from flask import Flask, Response, request

    app, ids, streams = Flask(__name__), itertools.count(), set[int]()

    @app.get("/healthz")
    def healthz() -> dict[str, int]:
        return {"streams": len(streams)}

    def endless(chunk: bytes, every_s: float, mimetype: str) -> Response:
        def generate() -> Iterator[bytes]:
            streams.add(me := next(ids))
            try:
                while True:
                    yield chunk
                    time.sleep(every_s)
            finally:
                streams.discard(me)

        return Response(generate(), mimetype=mimetype)

    @app.get("/events")
    def events() -> Response:
        return endless(b'data: {"angle": 90.0, "rep": 7}\n\n', EVENT_S, "text/event-stream")

    @app.get("/live")
    def live() -> Response:
        head = b"--f\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(FRAME)
        return endless(head + FRAME + b"\r\n", FRAME_S, "multipart/x-mixed-replace; boundary=f")

    @app.post("/upload")
    def upload() -> dict[str, int]:
        stream = request.files["video"].stream
        return {"bytes": stream.seek(0, os.SEEK_END)}

    return app


# --- clients: asyncio on plain sockets, each role a coroutine ------------------------------------


async def ask(port: int, path: str, **limits: Any) -> tuple[Any, asyncio.StreamWriter]:
    """Open a connection and send a GET request."""
    reader, writer = await asyncio.open_connection(HOST, port, **limits)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
    return reader, writer


async def drain(port: int, path: str, count: list[int], pause_s: float = 0.0) -> None:
    """Read an endless answer, adding the bytes to count[0]; pause_s makes the reader slow."""
    reader, writer = await ask(port, path, limit=1024 if pause_s else 65536)
    with contextlib.closing(writer), contextlib.suppress(OSError):
        while data := await reader.read(256 if pause_s else 65536):
            count[0] += len(data)
            await asyncio.sleep(pause_s)


async def drip(port: int, pause_s: float) -> None:
    """Send a request head that never ends, byte by byte."""
    with contextlib.suppress(OSError):
        _, writer = await asyncio.open_connection(HOST, port)
        with contextlib.closing(writer):
            for byte in itertools.chain(b"GET /healthz HTTP/1.1\r\nX-Slow: ", itertools.repeat(97)):
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(pause_s)


async def upload(port: int, size: int, rate: float) -> float:
    """Post size bytes as multipart at rate bytes/s (0: full speed); return the seconds taken."""
    part = b'Content-Disposition: form-data; name="video"; filename="v.mp4"\r\n\r\n'
    head, tail, chunk = b"--bb\r\n" + part, b"\r\n--bb--\r\n", os.urandom(250_000)
    reader, writer = await asyncio.open_connection(HOST, port)
    length = len(head) + size + len(tail)
    writer.write(
        b"POST /upload HTTP/1.1\r\nHost: kiosk\r\nConnection: close\r\nContent-Length: %d\r\n"
        b"Content-Type: multipart/form-data; boundary=bb\r\n\r\n" % length + head
    )
    began = time.monotonic()
    for sent in range(0, size, len(chunk)):
        writer.write(chunk[: size - sent])
        await writer.drain()
        if rate:
            await asyncio.sleep(max(0.0, began + sent / rate - time.monotonic()))
    writer.write(tail)
    answer = await asyncio.wait_for(reader.read(), 60)
    writer.close()
    return time.monotonic() - began if b'"bytes":%d' % size in answer else float("nan")


async def probe(port: int, count: int) -> list[float]:
    """GET /healthz count times at 20/s, open loop; milliseconds each, inf where none came."""

    async def fetch() -> bool:
        reader, writer = await ask(port, "/healthz")
        with contextlib.closing(writer):
            return b" 200 " in (await reader.read())[:20]

    async def once(index: int) -> float:
        due = began + index / 20
        await asyncio.sleep(due - time.monotonic())
        with contextlib.suppress(OSError, asyncio.TimeoutError):
            if await asyncio.wait_for(fetch(), PROBE_TIMEOUT_S):
                return (time.monotonic() - due) * 1000
        return float("inf")

    began = time.monotonic() + 0.2
    return await asyncio.gather(*(once(index) for index in range(count)))


async def load(port: int, said: Any, size: int = 0, rate: float = 0, lorises: int = 0) -> None:
    """Hold event streams (and a slow-loris, or the full load with its upload) until killed."""
    live, rest, began = [0], [0], time.monotonic()
    roles = [drain(port, "/events", rest) for _ in range(STREAMS)]
    roles += [drip(port, 1.0) for _ in range(lorises)]
    if size:
        roles += [drain(port, "/live", live), drain(port, "/live", rest, 1.0), drip(port, 0.2)]
    tasks = [asyncio.create_task(role) for role in roles]
    if size:
        await asyncio.sleep(1)
        took = await upload(port, size, rate)
        await asyncio.sleep(max(0.0, began + 15 - time.monotonic()))
        spent, used = time.monotonic() - began, resource.getrusage(resource.RUSAGE_SELF)
        cpu = (used.ru_utime + used.ru_stime) / spent * 100
        said.put({"upload": took, "fps": live[0] / len(FRAME) / spent, "load_cpu": cpu})
    await asyncio.wait(tasks)


def enter(role: Callable[..., Any], port: int, said: Any, *args: Any) -> None:
    """Run a client coroutine in this (child) process."""
    if role is probe:
        said.put(asyncio.run(probe(port, *args)))
    else:
        asyncio.run(role(port, said, *args))


@contextlib.contextmanager
def playing(role: Callable[..., Any], port: int, said: Any, *args: Any) -> Iterator[None]:
    """Run a client role in a process of its own, killed (so: disconnected) at the end."""
    process = SPAWN.Process(target=enter, args=(role, port, said, *args), daemon=True)
    process.start()
    try:
        yield
    finally:
        process.kill()
        process.join()


# --- one server under trial ----------------------------------------------------------------------


def family(pid: int) -> list[int]:
    """Return pid and the processes below it."""
    kids: list[str] = []
    for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            kids += tasks.read_text().split()
    return [pid, *itertools.chain.from_iterable(family(int(kid)) for kid in kids)]


def usage(pid: int) -> dict[str, float]:
    """Return the family's resident MB, MB in unlinked temporary files, and CPU seconds."""
    total, inodes = {"rss": 0.0, "temp": 0.0, "cpu": 0.0}, set[int]()
    for member in family(pid):
        with contextlib.suppress(OSError):
            proc = Path(f"/proc/{member}")
            total["rss"] += int((proc / "statm").read_text().split()[1]) * 4096 / MB
            ticks = (proc / "stat").read_text().rsplit(")", 1)[1].split()[11:13]
            total["cpu"] += sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")
        for entry in Path(f"/proc/{member}/fd").glob("*"):
            with contextlib.suppress(OSError):
                if os.readlink(entry).endswith("(deleted)"):
                    stat = entry.stat()
                    total["temp"] += stat.st_size / MB * (stat.st_ino not in inodes)
                    inodes.add(stat.st_ino)
    return total


def open_streams(port: int) -> int:
    """Ask the app how many streams it is still serving."""
    with urllib.request.urlopen(f"http://{HOST}:{port}/healthz", timeout=5) as answer:
        return int(json.load(answer)["streams"])


def wait_until(true: Callable[[], bool], limit_s: float) -> float:
    """Poll until true; return the seconds taken, inf past the limit."""
    began = time.monotonic()
    while (spent := time.monotonic() - began) < limit_s:
        with contextlib.suppress(OSError):
            if true():
                return spent
        time.sleep(0.02)
    return float("inf")


def measure(server: subprocess.Popen[bytes], port: int, size: int, rate: float) -> dict[str, float]:
    """Run every phase against the started server and return its figures."""
    said, probed = SPAWN.Queue(), SPAWN.Queue()
    base, seen, over, began = usage(server.pid), [], threading.Event(), time.monotonic()

    def watch() -> None:
        while not over.wait(0.1):
            seen.append(usage(server.pid))

    threading.Thread(target=watch, daemon=True).start()
    with playing(load, port, said, size, rate), playing(probe, port, probed, 300):
        times, figures = sorted(probed.get(timeout=60)), said.get(timeout=120)
    over.set()
    spent = time.monotonic() - began
    figures |= {"p50": times[150], "p95": times[285], "max": times[-1], "base": base["rss"]}
    figures["cpu"] = (seen[-1]["cpu"] - base["cpu"]) / spent * 100
    figures["rss"] = max(one["rss"] for one in seen) - base["rss"]
    figures["temp"] = max(one["temp"] for one in seen)
    figures["freed"] = wait_until(lambda: open_streams(port) == 0, 10)
    with playing(load, port, said, 0, 0, LORISES):
        time.sleep(2)
        with playing(probe, port, probed, 120):
            times = sorted(probed.get(timeout=60))
    answered = [one for one in times if one < float("inf")]
    figures |= {"loris": max(answered, default=float("inf")), "lost": 120 - len(answered)}
    wait_until(lambda: open_streams(port) == 0, 10)
    with playing(load, port, said):
        time.sleep(2)
        server.terminate()
        figures["stop"] = wait_until(lambda: server.poll() is not None, 15)
    return figures


def trial(start: str, threads: int, size: int, rate: float) -> dict[str, float]:
    """Start one server in an empty directory, measure it, and leave nothing behind."""
    with socket.create_server((HOST, 0)) as free:
        port = free.getsockname()[1]
    source = PREAMBLE + start.format(port=port, threads=threads, grace=GRACE_S)
    with tempfile.TemporaryDirectory() as temp:
        own = {"PYTHONPATH": str(Path(__file__).parent), "PYTHONDONTWRITEBYTECODE": "1"}
        env = {**os.environ, **own, "TMPDIR": temp, "HOME": temp}
        command, quiet = [sys.executable, "-c", source], subprocess.DEVNULL
        server = subprocess.Popen(command, env=env, cwd=temp, stdout=quiet, stderr=quiet)
        try:
            if wait_until(lambda: open_streams(port) == 0, 15) > 15:
                raise click.ClickException("the server did not start")
            return measure(server, port, size, rate)
        finally:
            for pid in reversed(family(server.pid)) if server.poll() is None else ():
                os.kill(pid, signal.SIGKILL)
            server.wait()


COLUMNS = {  # heading -> one row's cell, as a format string
    "/healthz p50 / p95 / max, ms": "{p50:.1f} / {p95:.1f} / {max:.0f}",
    "upload, s": "{upload:.1f}",
    "live, fps": "{fps:.1f}",
    "server CPU, %": "{cpu:.0f}",
    "memory idle + load, MB": "{base:.0f} + {rss:.0f}",
    "temp files, MB": "{temp:.0f}",
    "streams freed, s": "{freed:.1f}",
    "slow-loris: max, ms (lost of 120)": "{loris:.0f} ({lost:.0f})",
    "SIGTERM to exit, s": "{stop:.1f}",
    "load CPU, %": "{load_cpu:.0f}",
}


@click.command(help=__doc__)
@click.argument("names", nargs=-1, type=click.Choice([name[0] for name in STARTS]))
@click.option("--repeats", default=3, show_default=True, help="Trials per candidate; medians.")
@click.option("--threads", default=48, show_default=True, help="Request threads.")
@click.option("--upload-mb", default=200, show_default=True, help="Size of the upload.")
@click.option("--rate", default=15.0, show_default=True, help="Upload MB/s; 0: full speed.")
def main(names: tuple[str, ...], repeats: int, threads: int, upload_mb: int, rate: float) -> None:
    """Run the trial for the named candidates (all, if none is named)."""
    click.echo("| server | " + " | ".join(COLUMNS) + " |")
    click.echo("|---" * (len(COLUMNS) + 1) + "|")
    for packages, start in STARTS.items():
        if names and packages[0] not in names:
            continue
        try:
            title = " + ".join(f"{name} {importlib.metadata.version(name)}" for name in packages)
        except importlib.metadata.PackageNotFoundError as missing:
            click.echo(f"| {packages[0]} | not installed: {missing.name} |")
            continue
        runs = [trial(start, threads, upload_mb * MB, rate * MB) for _ in range(repeats)]
        middle = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        cells = (cell.format(**middle).replace("inf", "none") for cell in COLUMNS.values())
        click.echo(f"| {title} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
