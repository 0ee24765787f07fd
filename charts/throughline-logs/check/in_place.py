"""What must be true of the index, whoever shipped the lines."""

import our_lines
from scene import LONG, ODD, ODD_ID, OTHER_ID
from search_server import SearchServer


def check(test, server: SearchServer, stream: str) -> None:
    every_line_of_every_id(test, server, stream)
    fields_in_place(test, server, stream)
    lines_of_others(test, server, stream)


def by_id(server: SearchServer, stream: str, id: str) -> list[dict]:
    return server.hits(stream, {"term": {"correlation_id": id}})


def every_line_of_every_id(test, server: SearchServer, stream: str) -> None:
    wrote = [line for program in ["stack", "sqs-connector", "kanban-processor"] for line in our_lines.parsed(our_lines.of(program))]
    test.assertGreater(len(our_lines.all_ids()), 10)
    for id in our_lines.all_ids():
        mine = sorted((line["@timestamp"], line["message"]) for line in wrote if line.get("correlation_id") == id)
        found = [(hit["@timestamp"], hit["message"]) for hit in by_id(server, stream, id)]
        test.assertEqual(sorted(found), mine, id)
        # Sorted by a time of nanoseconds: two lines in one millisecond keep their order.
        test.assertEqual([time for time, _ in found], [time for time, _ in mine], id)


def fields_in_place(test, server: SearchServer, stream: str) -> None:
    wrote = [line for line in our_lines.parsed(our_lines.of("kanban-processor")) if line.get("milestone") == "CARD_MOVED"]
    for line in wrote:
        query = [{"term": {"milestone": "CARD_MOVED"}}, {"term": {"card_id": line["fields"]["card_id"]}},
                 {"term": {"correlation_id": line["correlation_id"]}}, {"term": {"fields.to": line["fields"]["to"]}},
                 {"term": {"service.name": "kanban-processor"}}, {"term": {"log.level": "info"}},
                 {"term": {"trace.id": line["trace.id"]}}, {"term": {"span.id": line["span.id"]}},
                 {"term": {"kubernetes.namespace": "openfaas-fn"}}, {"term": {"kubernetes.container.name": "kanban-processor"}},
                 {"match": {"message": line["message"]}}, {"range": {"@timestamp": {"gte": line["@timestamp"], "lte": line["@timestamp"]}}}]  # fmt: skip
        hits = server.hits(stream, {"bool": {"filter": query}})
        test.assertEqual(len(hits), 1, line)
        hit = hits[0]
        test.assertEqual(hit["fields"], line["fields"])
        test.assertEqual(hit["ecs"]["version"], line["ecs.version"])
        test.assertEqual(hit["log"]["logger"], line["log.logger"])
        test.assertEqual(hit["kubernetes"]["pod"]["name"], "kanban-processor-7d9f-x2x")
        test.assertIn("ingested", hit["event"])
        test.assertFalse([key for key in hit if "." in key], "a key with a dot is left")
    slow = server.hits(stream, {"bool": {"filter": [{"range": {"duration_ms": {"gte": 0}}}, {"exists": {"field": "verdict"}}]}})
    test.assertTrue(slow, "no duration can be asked for as a number")


def lines_of_others(test, server: SearchServer, stream: str) -> None:
    long = by_id(server, stream, OTHER_ID)
    test.assertEqual([len(hit["message"]) for hit in long], [20_000], "the split line is whole again")
    test.assertEqual(long[0]["log"]["level"], "warn")
    test.assertGreater(len(LONG), 20_000)
    cut = by_id(server, stream, our_lines.LONG_ID)
    test.assertEqual(len(cut), len(our_lines.of_a_long_event()))
    test.assertIn(True, [hit["log"].get("cut") for hit in cut])

    odd = by_id(server, stream, ODD_ID)
    test.assertEqual(len(odd), len(ODD), "no line is refused for its shape")
    first = next(hit for hit in odd if hit.get("error"))
    test.assertEqual(first["error"]["message"], "boom")
    test.assertEqual(first["fields"]["@timestamp"], "yesterday")
    second = next(hit for hit in odd if hit["message"] == "second")
    test.assertEqual(second["log"]["level"], "error")

    panics = server.hits(stream, {"match_phrase": {"message": "out of tea"}})
    test.assertEqual(len(panics), 1)
    test.assertIn("stack backtrace:\n   0: rust_begin_unwind\nnote: run with", panics[0]["message"])
    test.assertEqual(panics[0]["kubernetes"]["container"]["name"], "other")
    for plain in ["listening on :8081", "ready"]:
        hits = server.hits(stream, {"bool": {"filter": [{"match_phrase": {"message": plain}}, {"term": {"kubernetes.container.name": "other"}}]}})
        test.assertEqual(len(hits), 1, f"{plain}: lines that belong to none are not joined")
