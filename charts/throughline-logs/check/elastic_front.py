"""Stands before OpenSearch and says that it is Elasticsearch, which Elastic's clients insist on:
the header `X-Elastic-Product`, and a version that they know. All else goes through as it is."""

import json
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

VERSION = "9.2.0"


class ElasticFront:
    def __init__(self, behind: str):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def forward(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0)) or None
                request = urllib.request.Request(behind + self.path, body, method=self.command)
                for name in ["content-type", "content-encoding"]:
                    if name in self.headers:
                        # A vendor's media type, of which OpenSearch knows only what it stands for.
                        said = self.headers[name].replace("application/vnd.elasticsearch+", "application/")
                        request.add_header(name, said.split(";")[0])
                try:
                    answer = urllib.request.urlopen(request, timeout=60)
                except urllib.error.HTTPError as error:
                    answer = error
                status, text = answer.status, answer.read()
                if self.path == "/" and self.command != "HEAD":
                    said = json.loads(text)
                    said["version"] = {**said["version"], "number": VERSION, "build_flavor": "default"}
                    said["version"].pop("distribution", None)
                    text = json.dumps({**said, "tagline": "You Know, for Search"}).encode()
                self.send_response(status)
                self.send_header("X-Elastic-Product", "Elasticsearch")
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(text)

            do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = forward

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
