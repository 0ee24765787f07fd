"""A real function's spans through a real collector with the chart's configuration."""

import os
import tempfile
import unittest
from pathlib import Path

import our_lines
import rendered
import scene
from collector import Collector, without_contrib_exporters
from otlp_sink import OtlpSink, value

ID = "a-card-with-spans"


class Traces(unittest.TestCase):
    def test_a_span_of_a_function_arrives_with_the_correlation_id_and_the_trace_of_its_lines(self):
        folder, sink = Path(tempfile.mkdtemp(prefix="throughline-traces-")), OtlpSink()
        self.addCleanup(sink.close)
        settings = ["traces.enabled=true", f"traces.otlp.endpoint={sink.url}"]
        made = without_contrib_exporters(rendered.collector_config(rendered.render(rendered.URL, *settings), folder), sink)
        made["exporters"]["otlphttp"].update(encoding="json", compression="none")
        made["processors"]["batch"] = {"timeout": "200ms"}
        endpoint = made["receivers"]["otlp"]["protocols"]["http"]["endpoint"]
        with Collector(os.environ["OTELCOL"], made, folder / "run"):
            lines = our_lines.of_the_function(ID, "Done", 7, OTEL_EXPORTER_OTLP_ENDPOINT=f"http://{endpoint}")
            scene.until(lambda: sink.spans())
        attributes = [{pair["key"]: value(pair["value"]) for pair in span["attributes"]} for span in sink.spans()]
        self.assertIn(ID, [said.get("messaging.message.conversation_id") for said in attributes])
        traces = {line["trace.id"] for line in our_lines.parsed(lines)}
        self.assertEqual({span["traceId"] for span in sink.spans()}, traces)
