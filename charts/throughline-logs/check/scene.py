"""A node's log files, made of our programs' lines and of others', read by a real collector with the
chart's configuration while the files grow, are rotated, and the collector is killed; and the
OpenSearch that holds what came of it. Made once for all checks."""

import json
import os
import tempfile
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import our_lines
import rendered
from collector import Collector, without_contrib_exporters
from cri import Container
from otlp_sink import OtlpSink
from search_server import SearchServer

STREAM = "logs-throughline-default"
OTHER_ID = "twenty-kilobytes-of-another-logger"
ODD_ID = "a-line-of-odd-shapes"
# Another program's line over 16 KiB: the runtime splits it.
LONG = json.dumps({"level": "WARN", "msg": "x" * 20_000, "correlation_id": OTHER_ID}).encode()
# What would be refused: texts where objects are mapped, objects where texts are, a time that is none.
ODD = [
    {"error": "boom", "log": "z", "fields": [1, 2], "kubernetes": "k", "@timestamp": "yesterday", "service": 7,
     "message": {"a": 1}, "milestone": ["A"], "duration_ms": "soon", "trace": {"id": {"x": 1}}, "unknown": {"deep": 1}},
    {"unknown": "text", "severity": "Error", "msg": "second", "log.cut": "no", "kubernetes": {"pod": "p"}, "event": 1},
    {"unknown": 3, "message": None, "log.level": None, "throughline": "t", "ecs": [], "span": 1, "a.b": 1, "a": 2},
]  # fmt: skip
PANIC = [
    b"",
    b"thread 'main' (1) panicked at src/main.rs:7:5:",
    b"out of tea",
    b"stack backtrace:",
    b"   0: rust_begin_unwind",
    b"note: run with `RUST_BACKTRACE=full` for a verbose backtrace.",
]
PLAIN = [b"2026/11/21 08:00:00 listening on :8081", b"2026/11/21 08:00:01 ready", b'{"half a line']


@dataclass
class Node:
    pods: Path
    processor: Container
    connector: Container
    stack: Container
    other: Container

    @classmethod
    def at(cls, folder: Path) -> "Node":
        pods = folder / "pods"
        return cls(
            pods,
            Container(pods, "openfaas-fn", "kanban-processor-7d9f-x2x", "kanban-processor"),
            Container(pods, "openfaas", "sqs-connector-5b6c-9zk", "sqs-connector"),
            Container(pods, "openfaas", "stack-0", "stack"),
            Container(pods, "openfaas-fn", "other-1", "other"),
        )

    def begin(self) -> None:
        """The first halves of all files."""
        for container, program in self.programs():
            lines = our_lines.of(program)
            container.write(lines[: len(lines) // 2])

    def go_on(self) -> None:
        """One file is rotated while it is read, and all others grow."""
        self.connector.rotate()
        lines = our_lines.of("sqs-connector")
        self.connector.write(lines[len(lines) // 2 :])
        self.other.write([LONG, *[json.dumps({**odd, "correlation_id": ODD_ID}).encode() for odd in ODD], *PLAIN])
        self.other.write(PANIC, "stderr")

    def end(self) -> None:
        """What comes while nobody reads: more lines, then a rotation, then more lines again."""
        lines = our_lines.of("kanban-processor")
        rest = lines[len(lines) // 2 :]
        self.processor.write(rest[: len(rest) // 2])
        self.processor.rotate()
        self.processor.write(rest[len(rest) // 2 :] + our_lines.of_a_long_event())
        lines = our_lines.of("stack")
        self.stack.write(lines[len(lines) // 2 :])

    def programs(self) -> list[tuple[Container, str]]:
        return [(self.processor, "kanban-processor"), (self.connector, "sqs-connector"), (self.stack, "stack")]

    def written(self) -> int:
        """How many documents must come: a line each, and one for all of the panic's."""
        ours = sum(len(our_lines.of(program)) for _, program in self.programs())
        # The blank line before the panic is an entry of its own, since nothing stands above it.
        return ours + len(our_lines.of_a_long_event()) + 1 + len(ODD) + len(PLAIN) + 2


@cache
def shipped() -> list[dict]:
    """The documents that the chart's collector made of the node."""
    folder = Path(tempfile.mkdtemp(prefix="throughline-logs-"))
    node, sink = Node.at(folder), OtlpSink()
    node.begin()
    made = without_contrib_exporters(rendered.collector_config(rendered.render(rendered.URL), folder), sink)
    binary = os.environ["OTELCOL"]
    with Collector(binary, made, folder / "first"):
        until(lambda: len(sink.documents()) > 0)
        # What is read from here on waits in the queue on the disk: the server is away.
        sink.away = True
        node.go_on()
        time.sleep(4)
    node.end()
    sink.away = False
    with Collector(binary, made, folder / "second"):
        until(lambda: len(sink.documents()) >= node.written())
        # Whatever comes twice would come now.
        time.sleep(3)
    sink.close()
    return sink.documents()


def until(done) -> None:
    deadline = time.monotonic() + 40
    while not done() and time.monotonic() < deadline:
        time.sleep(0.2)


@cache
def server() -> SearchServer:
    return SearchServer(os.environ["OPENSEARCH"])


@cache
def index() -> SearchServer:
    """OpenSearch with the shipped documents in it."""
    refused = server().create(STREAM, shipped())
    assert not refused, f"{len(refused)} documents were refused, such as {refused[0]}"
    return server()


def hits(correlation_id: str, stream: str = STREAM) -> list[dict]:
    return index().hits(stream, {"term": {"correlation_id": correlation_id}})
