"""Reads the spans in the output of a collector's debug exporter, and checks one card's way.

    python3 .ci/otel-spans.py collector.log '{"correlation_id": "...", "queue": "..."}'
"""

import json
import re
import sys


def read(text):
    """Every span: its fields, its attributes, and the service it is of."""
    spans, service, span, place = [], None, None, None
    for line in text.splitlines():
        if line.startswith("Resource attributes:"):
            place = "resource"
        elif re.match(r"^Span #\d+", line):
            span = {"service": service, "attributes": {}, "links": []}
            spans.append(span)
            place = "span"
        elif line.startswith("Attributes:"):
            place = "attributes"
        elif line.startswith("Links:"):
            place = "links"
        elif found := re.match(r"^\s+-> ([\w.]+): \w+\((.*)\)$", line):
            if place == "resource" and found[1] == "service.name":
                service = found[2]
            elif place == "attributes" and span is not None:
                span["attributes"][found[1]] = found[2]
        elif found := re.match(r"^\s+(Trace ID|Parent ID|ID|Name|Kind|Status code)\s*: ?(.*)$", line):
            if place in ("span", "attributes") and span is not None:
                span[found[1]] = found[2].strip()
    return spans


def main():
    log, card = open(sys.argv[1], encoding="utf-8").read(), json.loads(sys.argv[2])
    spans = read(log)
    problems = []

    def check(holds, what):
        if not holds:
            problems.append(what)

    def one(what, fits):
        found = [span for span in spans if fits(span)]
        check(found, f"no span of {what}")
        return found[0] if found else {"attributes": {}}

    print(f"{len(spans)} spans came out of the collector:")
    for span in spans:
        print(f"  {span['service']}: {span.get('Kind')} {span.get('Name')!r} {span.get('Trace ID')}")

    of = lambda service: [span for span in spans if span["service"] == service]
    handled = one("the function's handling", lambda s: s["service"] == "kanban-processor" and s.get("Kind") == "Server")
    graphql = one("the GraphQL call", lambda s: s["service"] == "kanban-processor" and s.get("Kind") == "Client")
    processed = one("the connector's processing", lambda s: s["attributes"].get("messaging.operation.type") == "process")

    said = handled["attributes"]
    check(handled.get("Name") == "kanban-processor", f"the function's span is called {handled.get('Name')!r}")
    check(said.get("faas.coldstart") == "true", "the first request is no cold start")
    check(said.get("faas.trigger") == "pubsub", f"faas.trigger = {said.get('faas.trigger')!r}")
    check(said.get("messaging.system") == "aws_sqs", f"messaging.system = {said.get('messaging.system')!r}")
    check(said.get("messaging.destination.name") == card["queue"], f"messaging.destination.name = {said.get('messaging.destination.name')!r}")
    check(said.get("http.request.method") == "POST", f"http.request.method = {said.get('http.request.method')!r}")
    check(said.get("http.response.status_code") == "200", f"http.response.status_code = {said.get('http.response.status_code')!r}")

    asked = graphql["attributes"]
    check(graphql.get("Name") == "mutation StartDeployment", f"the GraphQL span is called {graphql.get('Name')!r}")
    check(asked.get("graphql.operation.name") == "StartDeployment", "graphql.operation.name")
    check(asked.get("graphql.operation.type") == "mutation", "graphql.operation.type")
    check(int(asked.get("graphql.query.depth", 0)) >= 2, f"graphql.query.depth = {asked.get('graphql.query.depth')!r}")
    check(asked.get("server.address") == "127.0.0.1", "server.address")
    check(asked.get("http.response.status_code") == "200", "the GraphQL span's status code")

    check(graphql.get("Parent ID") == handled.get("ID"), "the GraphQL call is no child of the function's span")
    check(len({span.get("Trace ID") for span in (handled, graphql, processed)}) == 1, "the connector's and the function's spans are not one trace")
    connectors = {span.get("ID") for span in of("sqs-connector")}
    check(connectors, "no span of the connector")
    check(handled.get("Parent ID") in connectors, "the function's span is no child of one of the connector's")
    for span in (handled, graphql):
        id = span["attributes"].get("messaging.message.conversation_id")
        check(id == card["correlation_id"], f"messaging.message.conversation_id = {id!r}")

    if problems:
        print("\n".join(f"✗ {problem}" for problem in problems), file=sys.stderr)
        sys.exit(1)
    print("one trace from the connector through the function to the backend, called as the conventions have it")


main()
