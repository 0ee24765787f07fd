"""The setup script against a server that keeps what it was asked: neither Elasticsearch nor Kibana
can run here. What goes to OpenSearch as well, pipelines and templates, is installed there for real by
the same script before all these checks."""

import json
import os
import subprocess
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ELASTIC = Path(__file__).parent.parent / "elastic"


class Server:
    """Answers each request as `answers` says, by method and path; else with 200 and `{}`."""

    def __init__(self, answers: dict[str, tuple[int, str]]):
        self.asked: list[tuple[str, str, dict, bytes]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                line = f"{self.command} {self.path}"
                server.asked.append((self.command, self.path, dict(self.headers), body))
                status, text = answers.get(line, (200, '{"success":true}'))
                self.send_response(status)
                self.end_headers()
                self.wfile.write(text.encode())

            do_GET = do_PUT = do_POST = do_DELETE = answer

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def lines(self) -> list[str]:
        return [f"{method} {path}" for method, path, _, _ in self.asked]

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()


class Setup(unittest.TestCase):
    def run_against(self, answers: dict | None = None, **environment: str) -> tuple[subprocess.CompletedProcess, Server]:
        server = Server(answers or {})
        self.addCleanup(server.close)
        variables = {"PATH": os.environ["PATH"], "ELASTICSEARCH_URL": server.url + "/", "KIBANA_URL": server.url + "/kibana", **environment}
        done = subprocess.run(["sh", ELASTIC / "setup.sh"], env=variables, capture_output=True, text=True, timeout=60)
        return done, server

    def test_what_refers_to_something_is_installed_after_it(self):
        done, server = self.run_against({"GET /_transform/throughline-stories": (404, "{}")})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(server.lines(), [
            "PUT /_ilm/policy/throughline-logs", "PUT /_ingest/pipeline/throughline-lines", "PUT /_ingest/pipeline/throughline-stories",
            "PUT /_index_template/throughline-lines", "PUT /_index_template/throughline-stories",
            "GET /_transform/throughline-stories", "PUT /_transform/throughline-stories?defer_validation=true",
            "POST /_transform/throughline-stories/_start", "POST /kibana/api/saved_objects/_import?overwrite=true",
        ])  # fmt: skip
        sent = {path: body for _, path, _, body in server.asked}
        self.assertEqual(json.loads(sent["/_ilm/policy/throughline-logs"]), json.loads((ELASTIC / "lifecycle.json").read_text()))
        self.assertIn((ELASTIC / "kibana.ndjson").read_bytes(), sent["/kibana/api/saved_objects/_import?overwrite=true"])
        self.assertIn("true", [headers.get("kbn-xsrf") for _, _, headers, _ in server.asked])

    def test_a_transform_that_is_there_is_made_anew(self):
        done, server = self.run_against(INSTALL="transform")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([line.split("?")[0] for line in server.lines()], [
            "GET /_transform/throughline-stories", "POST /_transform/throughline-stories/_stop",
            "DELETE /_transform/throughline-stories", "PUT /_transform/throughline-stories", "POST /_transform/throughline-stories/_start",
        ])  # fmt: skip

    def test_credentials_go_into_the_header_whatever_is_in_them(self):
        import base64

        _, server = self.run_against(INSTALL="lifecycle", ELASTICSEARCH_API_KEY="a2V5")
        self.assertEqual(server.asked[0][2]["Authorization"], "ApiKey a2V5")
        _, server = self.run_against(INSTALL="lifecycle", ELASTICSEARCH_USERNAME="me", ELASTICSEARCH_PASSWORD='p"\\:w')
        self.assertEqual(server.asked[0][2]["Authorization"], "Basic " + base64.b64encode(b'me:p"\\:w').decode())

    def test_a_refusal_ends_it_with_what_the_server_said(self):
        done, server = self.run_against({"PUT /_ilm/policy/throughline-logs": (403, "no manage_ilm")})
        self.assertEqual(done.returncode, 1)
        self.assertEqual(len(server.asked), 1)
        self.assertIn("refused with 403: the credentials may not do this: no manage_ilm", done.stderr)
        done, _ = self.run_against({"PUT /_index_template/throughline-lines": (400, "bad mapping")}, INSTALL="templates")
        self.assertIn("answered 400: bad mapping", done.stderr)

    def test_kibana_that_took_nothing_is_not_taken_for_success(self):
        import_path = "POST /kibana/api/saved_objects/_import?overwrite=true"
        done, _ = self.run_against({import_path: (200, '{"success":false,"errors":["x"]}')}, INSTALL="kibana")
        self.assertEqual(done.returncode, 1)
        self.assertIn('Kibana did not take the saved objects: {"success":false', done.stderr)

    def test_wrong_use_is_said_before_anything_is_asked(self):
        done, server = self.run_against(INSTALL="lifecycle dashboards")
        self.assertEqual((done.returncode, server.asked), (64, []))
        self.assertIn("there is no dashboards; the parts are", done.stderr)
        done, _ = self.run_against(ELASTICSEARCH_URL="")
        self.assertEqual(done.returncode, 64)

    def test_a_server_that_is_not_there_is_named(self):
        done, _ = self.run_against(ELASTICSEARCH_URL="http://127.0.0.1:9", INSTALL="lifecycle")
        self.assertEqual(done.returncode, 1)
        self.assertIn("PUT http://127.0.0.1:9/_ilm/policy/throughline-logs: not reached", done.stderr)
