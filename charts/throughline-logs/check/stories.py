"""What the transform would write, made with the transform's own aggregations and pipeline: OpenSearch
has no transforms of Elasticsearch's, but the search that they page through, `composite`, it has."""

import json
from functools import cache
from pathlib import Path

import scene

ELASTIC = Path(__file__).parent.parent / "elastic"
INDEX = "throughline-stories-1"


@cache
def written() -> list[dict]:
    """Fills the index of the stories, and gives what is in it."""
    server = scene.index()
    transform = json.loads((ELASTIC / "stories-transform.json").read_text())
    pivot, (source,) = transform["pivot"], transform["source"]["index"]
    groups = {"sources": [{name: group} for name, group in pivot["group_by"].items()], "size": 1000}
    body = {"size": 0, "query": transform["source"]["query"],
            "aggs": {"_": {"composite": groups, "aggs": pivot["aggregations"]}}}  # fmt: skip
    buckets = server.ask("POST", f"{source}/_search", body)["aggregations"]["_"]["buckets"]
    documents = [{**bucket["key"], **{name: result(bucket[name]) for name in pivot["aggregations"]}} for bucket in buckets]
    assert documents, "no story to group"
    lines = "".join(
        json.dumps({"index": {"_id": document["correlation_id"]}}) + "\n" + json.dumps(document) + "\n" for document in documents
    )
    index = transform["dest"]["index"]
    answer = server.ask("POST", f"{index}/_bulk?refresh=true", lines.encode())
    refused = [item for item in answer["items"] if item["index"]["status"] >= 300]
    assert not refused, refused[0]
    return server.hits(index, {"match_all": {}}, sort="began")


def result(value: dict) -> object:
    """An aggregation's result as a transform writes it: dates as text, terms as an object of counts,
    a filter as the object of what is inside it."""
    if "buckets" in value:
        return {bucket["key"]: bucket["doc_count"] for bucket in value["buckets"]}
    if "value" in value:
        return value.get("value_as_string", value["value"])
    return {name: result(inner) for name, inner in value.items() if isinstance(inner, dict)}
