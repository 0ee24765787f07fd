"""Where `otelcol-contrib` or `filebeat` is on PATH: the rendered configuration whole, its own exporter
included, from the node's files into OpenSearch, and the same demands on what is there."""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import yaml

import in_place
import rendered
import scene
from collector import Collector
from cri import containers_links
from elastic_front import ElasticFront


class Shippers(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="throughline-shipper-"))
        self.front = ElasticFront(os.environ["OPENSEARCH"])
        self.addCleanup(self.front.close)
        self.node = scene.Node.at(self.folder)

    def settings(self, stream: str) -> list[str]:
        return [f"elasticsearch.url={self.front.url}", f"elasticsearch.dataStream={stream}"]

    def arrived(self, stream: str) -> None:
        scene.server().wait(stream, {"match_all": {}}, self.node.written())
        in_place.check(self, scene.server(), stream)

    @unittest.skipUnless(shutil.which("otelcol-contrib"), "otelcol-contrib is not on PATH")
    def test_the_contrib_collector_ships_every_line_over_rotations_and_a_restart(self):
        stream = "logs-throughline-contrib"
        made = rendered.collector_config(rendered.render(*self.settings(stream)), self.folder)
        self.node.begin()
        with Collector("otelcol-contrib", made, self.folder / "first"):
            scene.server().wait(stream, {"match_all": {}}, 1)
            self.node.go_on()
            scene.server().wait(stream, {"term": {"correlation_id": scene.ODD_ID}}, len(scene.ODD))
        self.node.end()
        with Collector("otelcol-contrib", made, self.folder / "second"):
            self.arrived(stream)

    @unittest.skipUnless(shutil.which("filebeat"), "filebeat is not on PATH")
    def test_filebeat_ships_every_line(self):
        stream = "logs-throughline-filebeat"
        text = rendered.config(rendered.render(*self.settings(stream), "shipper=filebeat"), "filebeat.yml")
        links = self.folder / "containers"
        for there, here in [("/var/log/containers", links), ("/var/log/pods", self.node.pods), ("/var/lib/throughline-logs", self.folder / "state")]:
            text = text.replace(there, str(here))
        made = yaml.safe_load(text.replace("${POD_IP}", "127.0.0.1"))
        # There is no API server to ask.
        made["processors"] = [step for step in made["processors"] if "add_kubernetes_metadata" not in step]
        made["http"]["port"] = rendered.free_port()
        file = self.folder / "filebeat.yml"
        file.write_text(yaml.safe_dump(made))
        file.chmod(0o600)
        self.node.begin()
        self.node.other.write([])
        containers_links(self.node.pods, links)
        with (self.folder / "filebeat.log").open("wb") as log:
            filebeat = subprocess.Popen(["filebeat", "-e", "-c", file, "--strict.perms=false"], stdout=log, stderr=log)
        try:
            found = scene.server().wait(stream, {"exists": {"field": "correlation_id"}}, 1)
            self.assertTrue(found, (self.folder / "filebeat.log").read_text()[-3000:])
            self.node.go_on()
            scene.server().wait(stream, {"term": {"correlation_id": scene.ODD_ID}}, len(scene.ODD))
            self.node.end()
            scene.server().wait(stream, {"match_all": {}}, self.node.written())
            # Without an API server there is no `kubernetes` in them.
            in_place.every_line_of_every_id(self, scene.server(), stream)
            long = in_place.by_id(scene.server(), stream, scene.OTHER_ID)
            self.assertEqual([len(hit["message"]) for hit in long], [20_000])
        finally:
            filebeat.terminate()
            filebeat.wait()
