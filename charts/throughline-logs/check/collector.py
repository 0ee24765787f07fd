"""A collector's process, with a configuration."""

import subprocess
import time
import urllib.request
from pathlib import Path

import yaml

from otlp_sink import OtlpSink


class Collector:
    def __init__(self, binary: str, made: dict, folder: Path):
        folder.mkdir(parents=True, exist_ok=True)
        self.made = made
        self.log = folder / "collector.log"
        file = folder / "collector.yaml"
        file.write_text(yaml.safe_dump(made, sort_keys=False))
        with self.log.open("ab") as log:
            self.process = subprocess.Popen([binary, f"--config={file}"], stdout=log, stderr=subprocess.STDOUT)
        health = made["extensions"]["health_check"]["endpoint"]
        deadline = time.monotonic() + 30
        while True:
            try:
                urllib.request.urlopen(f"http://{health}", timeout=2).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    self.stop()
                    raise AssertionError(f"the collector does not start:\n{self.log.read_text()[-4000:]}") from None
                time.sleep(0.1)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def __enter__(self) -> "Collector":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def without_contrib_exporters(made: dict, sink: OtlpSink) -> dict:
    """The same pipelines, with what the elasticsearch exporter would be given going to `sink`:
    through the same queue, on the same disk."""
    queue = made["exporters"]["elasticsearch"]["sending_queue"]
    made["exporters"] = {
        "otlphttp": {
            "endpoint": sink.url,
            "encoding": "json",
            "retry_on_failure": {"initial_interval": "200ms", "max_interval": "1s", "max_elapsed_time": "0s"},
            "sending_queue": queue,
        }
    }
    for pipeline in made["service"]["pipelines"].values():
        pipeline["exporters"] = ["otlphttp"]
    return made
