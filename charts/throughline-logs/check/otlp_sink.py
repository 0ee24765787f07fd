"""Takes OTLP/HTTP in JSON and keeps what it was sent. Stands where the elasticsearch exporter stands
in the chart: that one writes the body of each record as the document, as the scope attribute
`elastic.mapping.mode` = `bodymap` tells it to, and so does `documents`."""

import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class OtlpSink:
    def __init__(self) -> None:
        self.requests: list[tuple[str, dict]] = []
        # While it is away, every request is turned down as an overloaded server would.
        self.away = False
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                if not sink.away:
                    sink.requests.append((self.path, json.loads(body)))
                self.send_response(503 if sink.away else 200)
                self.send_header("content-type", "application/json")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def records(self) -> list[tuple[dict, dict]]:
        """Each log record with its scope."""
        return [
            (scope.get("scope", {}), record)
            for path, request in list(self.requests)
            if path == "/v1/logs"
            for resource in request["resourceLogs"]
            for scope in resource["scopeLogs"]
            for record in scope["logRecords"]
        ]

    def documents(self) -> list[dict]:
        found = []
        for scope, record in self.records():
            mode = {pair["key"]: value(pair["value"]) for pair in scope.get("attributes", [])}
            assert mode == {"elastic.mapping.mode": "bodymap"}, f"the scope says {mode}"
            document = value(record["body"])
            assert isinstance(document, dict), f"the body is no object: {document!r}"
            found.append(document)
        return found

    def spans(self) -> list[dict]:
        return [
            span
            for path, request in list(self.requests)
            if path == "/v1/traces"
            for resource in request["resourceSpans"]
            for scope in resource["scopeSpans"]
            for span in scope["spans"]
        ]


def value(any_value: dict) -> object:
    """What OTLP's AnyValue holds."""
    if not any_value:
        return None
    (kind, held), *_ = any_value.items()
    match kind:
        case "kvlistValue":
            return {pair["key"]: value(pair["value"]) for pair in held.get("values", [])}
        case "arrayValue":
            return [value(inner) for inner in held.get("values", [])]
        case "intValue":
            return int(held)
        case _:
            return held
