"""The lines that our own programs wrote: the demo's, and one for an event of 40 KB."""

import json
import os
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from functools import cache
from pathlib import Path

from rendered import free_port

ROOT = Path(__file__).parent.parent.parent.parent
DEMO = Path(os.environ.get("DEMO_LOGS", ROOT / "target" / "demo"))
BINARIES = Path(os.environ.get("BINARIES", ROOT / "target" / "debug"))
LONG_ID = "a-status-of-40-kilobytes"


@cache
def of(program: str) -> list[bytes]:
    return (DEMO / f"{program}.ndjson").read_bytes().splitlines()


@cache
def of_a_long_event() -> list[bytes]:
    """What the real function logs of a card whose new status is 20,000 characters, 40,000 bytes."""
    return of_the_function(LONG_ID, "ü" * 20_000)


def of_the_function(id: str, status: str, seconds: float = 1, **environment: str) -> list[bytes]:
    """Runs the real function, moves a card to `status`, and gives its lines with the id. Lines leave
    through a queue, a moment after the answer at the latest; spans take longer."""
    port = free_port()
    with tempfile.TemporaryFile() as out:
        environment = {**os.environ, "port": str(port), "graphql_url": "http://127.0.0.1:9", **environment}
        function = subprocess.Popen([BINARIES / "kanban-processor"], env=environment, stdout=out)
        try:
            answered(f"http://127.0.0.1:{port}/", id, status)
            time.sleep(seconds)
        finally:
            # A signal to stop would have it wait for the gateway to take it out of its routes.
            function.kill()
            function.wait()
        out.seek(0)
        lines = [line for line in out.read().splitlines() if f'"correlation_id":"{id}"'.encode() in line]
    assert lines, f"the function logged nothing of {id}"
    return lines


def answered(url: str, id: str, status: str) -> None:
    body = json.dumps({"card": {"id": "KAN-20"}, "old_status": "To Do", "new_status": status}).encode()
    headers = {"content-type": "application/json", "x-correlation-id": id}
    for _ in range(100):
        try:
            urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=10).close()
            return
        except urllib.error.URLError as error:
            if not isinstance(error.reason, ConnectionError):
                raise
            time.sleep(0.1)
    raise AssertionError("the function does not answer")


def parsed(lines: list[bytes]) -> list[dict]:
    return [json.loads(line) for line in lines]


def all_ids() -> set[str]:
    programs = ["stack", "sqs-connector", "kanban-processor"]
    return {line["correlation_id"] for program in programs for line in parsed(of(program)) if "correlation_id" in line}
