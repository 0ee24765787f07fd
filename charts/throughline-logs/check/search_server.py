"""What the checks ask of OpenSearch, and the product's files in the form that it takes."""

import json
import time
import urllib.error
import urllib.request
from pathlib import Path


class SearchServer:
    """A running OpenSearch."""

    def __init__(self, url: str):
        self.url = url

    def ask(self, method: str, path: str, body: object = None) -> dict:
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/{path}", data, method=method)
        request.add_header("content-type", "application/x-ndjson" if isinstance(body, bytes) else "application/json")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} /{path}: {error.code} {error.read().decode()[:2000]}") from None

    def create(self, stream: str, documents: list[dict]) -> list[dict]:
        """Writes documents as both shippers do: `create`, into a data stream. Gives the refused ones."""
        if not documents:
            return []
        body = "".join(json.dumps({"create": {}}) + "\n" + json.dumps(document) + "\n" for document in documents)
        answer = self.ask("POST", f"{stream}/_bulk?refresh=true", body.encode())
        return [item["create"] for item in answer["items"] if item["create"]["status"] >= 300]

    def hits(self, index: str, query: dict, sort: str = "@timestamp") -> list[dict]:
        body = {"query": query, "size": 10000, "sort": [{sort: {"order": "asc", "unmapped_type": "date"}}]}
        return [hit["_source"] for hit in self.ask("POST", f"{index}/_search", body)["hits"]["hits"]]

    def count(self, index: str, query: dict) -> int:
        self.ask("POST", f"{index}/_refresh")
        return self.ask("POST", f"{index}/_count", {"query": query})["count"]

    def wait(self, index: str, query: dict, wanted: int, seconds: float = 40) -> int:
        deadline = time.monotonic() + seconds
        while True:
            try:
                found = self.count(index, query)
            except AssertionError:
                found = 0
            if found >= wanted or time.monotonic() > deadline:
                return found
            time.sleep(0.3)


def for_opensearch(elastic: Path, folder: Path) -> None:
    """Copies what is installed into Elasticsearch, with the two things that OpenSearch has under
    another name: `flattened` is `flat_object` there (and knows no `ignore_above`), and lifecycle
    policies are a plugin's, so the template names none."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in elastic.iterdir():
        text = file.read_text()
        if file.name == "lines-template.json":
            template = json.loads(text)
            del template["template"]["settings"]["index"]["lifecycle"]
            text = json.dumps(flat_objects(template))
        (folder / file.name).write_text(text)


def flat_objects(node: object) -> object:
    if isinstance(node, dict):
        if node.get("type") == "flattened":
            return {"type": "flat_object"}
        return {key: flat_objects(value) for key, value in node.items()}
    return node
