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


def without_contrib_exporters(made: dict, sink: OtlpSink | None = None) -> dict:
    """The same pipelines, with what the elasticsearch exporter would be given going to `sink`. As that
    one, it hands an error back and keeps nothing."""
    url = sink.url if sink else "http://127.0.0.1:9"
    instead = {"endpoint": url, "encoding": "json", "retry_on_failure": {"enabled": False}, "sending_queue": {"enabled": False}}
    made["exporters"] = {name: instead if name in ("elasticsearch", "awsxray") else it for name, it in made["exporters"].items()}
    rename = {"elasticsearch": "otlphttp/elasticsearch", "awsxray": "otlphttp/awsxray"}
    made["exporters"] = {rename.get(name, name): it for name, it in made["exporters"].items()}
    for pipeline in made["service"]["pipelines"].values():
        pipeline["exporters"] = [rename.get(name, name) for name in pipeline["exporters"]]
    return made
