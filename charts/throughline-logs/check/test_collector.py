"""The chart's configuration in a real collector, over a node's files, into a real OpenSearch. What
no registry has, the elasticsearch exporter, is stood in for by `otlp_sink`."""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

import yaml

import in_place
import our_lines
import rendered
import scene
from collector import without_contrib_exporters


class Collected(unittest.TestCase):
    def test_every_line_comes_exactly_once_over_rotations_an_outage_and_a_restart(self):
        documents = scene.shipped()
        self.assertEqual(len(documents), scene.Node.at(Path(tempfile.gettempdir())).written())

    def test_every_line_is_found_by_its_id_with_every_field_in_its_place(self):
        in_place.check(self, scene.index(), scene.STREAM)

    def test_what_a_line_cost_and_how_long_it_was_is_with_it(self):
        first = our_lines.parsed(our_lines.of("stack"))
        id = next(line["correlation_id"] for line in first if line.get("milestone") == "WEBHOOK_RECEIVED")
        webhook = next(hit for hit in scene.hits(id) if hit.get("milestone") == "WEBHOOK_RECEIVED")
        length = next(len(line) for line in our_lines.of("stack") if id.encode() in line and b"WEBHOOK_RECEIVED" in line)
        self.assertEqual(webhook["throughline"]["line_bytes"], length)
        self.assertAlmostEqual(webhook["throughline"]["cost_usd"], 3.9e-6 + length * 0.25e-9, delta=1e-12)

    def test_a_panic_before_logging_is_set_up_is_an_error_of_its_container(self):
        panic = next(document for document in scene.shipped() if "out of tea" in str(document.get("message")))
        self.assertEqual(panic["log.level"], "error")
        self.assertEqual(panic["service.name"], "other")
        self.assertEqual(panic["log.iostream"], "stderr")


class Configured(unittest.TestCase):
    def test_the_collector_accepts_the_rendered_configuration_but_for_what_it_lacks(self):
        folder = Path(tempfile.mkdtemp())
        traces = ["traces.enabled=true", "traces.xray.enabled=true", "traces.otlp.endpoint=http://tempo:4318"]
        for settings in [[], traces, ["elasticsearch.credentialsSecret=es"], ["collector.kubernetesMetadata=false"]]:
            made = without_contrib_exporters(rendered.collector_config(rendered.render(rendered.URL, *settings), folder))
            file = folder / "validate.yaml"
            file.write_text(yaml.safe_dump(made, sort_keys=False))
            done = subprocess.run([os.environ["OTELCOL"], "validate", f"--config={file}"], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, f"{settings}: {done.stderr}")
