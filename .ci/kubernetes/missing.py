"""Runs the real connector as a rendered pod does, with what a cluster forgot missing.

missing.py CONNECTOR RENDERED

A role that is missing, and one that AWS refuses: one line says what to do, the pod is not ready, and the process
lives on, so that no kubelet starts it again and again. A secret without its keys can't be mounted, and the pod
waits for it; a process that finds none all the same says what to mount, and ends with 64.
"""

import collections
import http.server
import json
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

import yaml

from accepted import environment

WATCHED_SECONDS = 8


class Cluster(http.server.BaseHTTPRequestHandler):
    """The gateway, with one function that has subscribed; and AWS's STS, which refuses the role."""

    def answer(self, status, text, kind):
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def do_GET(self):
        function = {"name": "order-processor", "namespace": "openfaas-fn", "annotations": {"topic": "orders"}, "availableReplicas": 1, "replicas": 1}
        found = ["openfaas-fn"] if self.path.startswith("/system/namespaces") else [function]
        self.answer(200, json.dumps(found), "application/json")

    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length") or 0))
        self.answer(403, "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>Not authorized to perform sts:AssumeRoleWithWebIdentity</Message></Error></ErrorResponse>", "text/xml")

    def log_message(self, *_):
        pass


def pod(rendered, folder, cluster):
    """The arguments and the environment of the rendered container, with this machine's addresses."""
    objects = [made for made in yaml.safe_load_all(rendered.read_text()) if made]
    (config,) = [made["data"]["config.yaml"] for made in objects if made["kind"] == "ConfigMap" and "config.yaml" in made["data"]]
    config = yaml.safe_load(config)
    config |= {"gateway_url": cluster, "secret_mount_path": str(folder), "admin_address": "127.0.0.1", "admin_port": 0}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    (container,) = [made["spec"]["template"]["spec"]["containers"][0] for made in objects if made["kind"] == "Deployment"]
    args = [arg.replace("/etc/sqs-connector", str(folder)) for arg in container["args"]]
    return args, environment(container) | {"AWS_EC2_METADATA_DISABLED": "true"}


def ready(address):
    """What the readiness probe is answered."""
    try:
        with urllib.request.urlopen(f"http://{address}/readyz", timeout=2) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def unready(connector, args, env, what):
    """The lines of a process that must live and not get ready."""
    process = subprocess.Popen([connector, *args], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    lines = []
    reading = threading.Thread(target=lambda: lines.extend(process.stdout), daemon=True)
    reading.start()
    try:
        deadline, address, reason = time.monotonic() + WATCHED_SECONDS, None, ""
        while time.monotonic() < deadline:
            if process.poll() is not None:
                sys.exit(f"{what}: the connector ended with {process.returncode}:\n{''.join(lines)}")
            for line in list(lines):
                said = json.loads(line)
                if said["message"] == "admin is listening":
                    address = said["fields"]["addr"]
            if address:
                status, reason = ready(address)
                if status == 200:
                    sys.exit(f"{what}: it says that it is ready: {reason}")
            time.sleep(0.2)
        if not address:
            sys.exit(f"{what}: its probes are not answered:\n{''.join(lines)}")
        if urllib.request.urlopen(f"http://{address}/healthz", timeout=2).status != 200:
            sys.exit(f"{what}: the kubelet would restart it")
        if "no AWS credentials" not in reason or "give the pod a service account with a role" not in reason:
            sys.exit(f"{what}: the readiness probe is not told why: {reason}")
    finally:
        process.terminate()
        code = process.wait(30)
        reading.join(5)
    if code != 0:
        sys.exit(f"{what}: at SIGTERM it ends with {code}")
    return [json.loads(line) for line in lines]


def one_line(lines, wanted, what):
    complaints = [said for said in lines if said["log.level"] in ("warn", "error")]
    counted = collections.Counter(said["message"] for said in complaints)
    found = [said["message"] for said in complaints if wanted in said["message"] + json.dumps(said)]
    if len(found) != 1 or len(complaints) > 3:
        sys.exit(f"{what}: not one line with {wanted!r}, but {len(found)} of {dict(counted)}")
    print(f"{what}: one line, not ready, no restart: {found[0][:150]}")


def main(connector, rendered):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Cluster)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    cluster = f"http://127.0.0.1:{server.server_port}"
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        args, env = pod(rendered, folder, cluster)

        done = subprocess.run([connector, *args], env=env, capture_output=True, text=True, timeout=30)
        told = done.stdout + done.stderr
        if done.returncode != 64 or "basic-auth-user cannot be read" not in told or "mount the gateway's secret" not in told:
            sys.exit(f"without the gateway's secret: {done.returncode}, {told}")
        print("without the gateway's secret: 64, and what to mount")

        for name in ["basic-auth-user", "basic-auth-password"]:
            (folder / name).write_text("x")
        lines = unready(connector, args, env, "without a role")
        one_line(lines, "credentials could not be fetched", "without a role")

        (folder / "token").write_text("a-token")
        role = {"AWS_ROLE_ARN": "arn:aws:iam::000000000000:role/missing", "AWS_WEB_IDENTITY_TOKEN_FILE": str(folder / "token"), "AWS_ENDPOINT_URL_STS": cluster}
        lines = unready(connector, args, env | role, "with a role that AWS refuses")
        one_line(lines, "credentials could not be fetched", "with a role that AWS refuses")
        if any("a-token" in json.dumps(said) for said in lines):
            sys.exit("the token is in the log")


if __name__ == "__main__":
    main(sys.argv[1], pathlib.Path(sys.argv[2]))
