"""The chart as Helm renders it, and its collector's configuration on this machine."""

import os
import subprocess
from pathlib import Path

import yaml

CHART = Path(__file__).parent.parent
HELM = os.environ.get("HELM", "helm")
URL = "elasticsearch.url=https://elasticsearch.logging:9200"


class Refused(Exception):
    """What Helm says when it does not render the chart."""


def render(*settings: str, values: Path | None = None, release: str = "logs") -> list[dict]:
    command = [HELM, "template", release, str(CHART), "--namespace", "logging", "--kube-version", "1.31.0"]
    command += ["--values", str(values)] if values else []
    for setting in settings:
        command += ["--set-json" if setting[setting.find("=") + 1 :][:1] in '[{"' else "--set", setting]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise Refused(done.stderr)
    return [found for found in yaml.safe_load_all(done.stdout) if found]


def one(objects: list[dict], kind: str, name: str | None = None) -> dict:
    found = [made for made in objects if made["kind"] == kind and (name is None or made["metadata"]["name"] == name)]
    assert len(found) == 1, f"{len(found)} of {kind} {name or ''}"
    return found[0]


def config(objects: list[dict], file: str) -> str:
    return next(made["data"][file] for made in objects if made["kind"] == "ConfigMap" and file in made.get("data", {}))


def collector_config(objects: list[dict], node: Path) -> dict:
    """The rendered configuration with the node's folders in `node`, and ports that are free here.
    There is no API server to ask for labels, so the processor that asks it is left out."""
    text = config(objects, "collector.yaml")
    text = text.replace("/var/log/pods", str(node / "pods")).replace("/var/lib/throughline-logs", str(node / "state"))
    made = yaml.safe_load(text.replace("${env:POD_IP}", "127.0.0.1"))
    made["processors"].pop("k8sattributes", None)
    for pipeline in made["service"]["pipelines"].values():
        pipeline["processors"] = [name for name in pipeline["processors"] if name != "k8sattributes"]
    made["extensions"]["health_check"]["endpoint"] = f"127.0.0.1:{free_port()}"
    for reader in made["service"]["telemetry"]["metrics"]["readers"]:
        reader["pull"]["exporter"]["prometheus"]["port"] = free_port()
    for receiver in made["receivers"].values():
        for protocol in receiver.get("protocols", {}).values():
            protocol["endpoint"] = f"127.0.0.1:{free_port()}"
    made["exporters"]["otlphttp/queue"]["endpoint"] = "http://" + made["receivers"]["otlp/queue"]["protocols"]["http"]["endpoint"]
    return made


def free_port() -> int:
    import socket

    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]
