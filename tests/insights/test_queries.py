"""The saved queries on our own log lines: stories that were written down, and what the demo writes. What the
interpreter refuses.
"""

import collections
import json
import os
import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from insights import SyntaxErrorInQuery, events, run  # noqa: E402

ROOT = HERE.parent.parent
QUERIES = ROOT / "ingress/modules/watch/queries"
FIXTURES = ROOT / "story/tests/fixtures"
DEMO = pathlib.Path(os.environ.get("DEMO_LOGS", ROOT / "target/demo"))
GOOD, RETRIED, POISON, IGNORED, AGAIN = (f"0198c1f0-{n * 4}-7c3b-9d4e-5f60718293a4" for n in "12345")


def rows(*fixtures):
    texts = [(FIXTURES / f"{name}.ndjson").read_text() for name in fixtures]
    return [event for text in texts for event in events(text.splitlines())]


def ask(query, *fixtures, put=None):
    text = (QUERIES / f"{query}.cwli").read_text()
    if put:
        before = text
        for placeholder in ("PUT-THE-ID-HERE", "PUT-THE-CARD-HERE"):
            text = text.replace(placeholder, put)
        assert text != before, "the query asks for nothing"
    return run(text, rows(*(fixtures or ("whole", "retry", "poison", "ignored"))))


class TheQueries(unittest.TestCase):
    def test_there_are_eight_and_all_are_right(self):
        files = sorted(QUERIES.glob("*.cwli"))
        self.assertEqual(len(files), 8)
        for file in files:
            run(file.read_text(), [])

    def test_the_story_has_every_line_of_one_id_in_order(self):
        story = ask("story", put=GOOD)
        self.assertEqual(len(story), 13)
        self.assertEqual(story[0]["milestone"], "WEBHOOK_RECEIVED")
        self.assertEqual(story[-1]["milestone"], "MESSAGE_DELETED")
        times = [line["@timestamp"] for line in story]
        self.assertEqual(times, sorted(times))
        services = {line["service.name"] for line in story}
        self.assertLessEqual({"ingress", "sqs-connector", "kanban-processor", "graphql-backend"}, services)

    def test_the_ids_of_a_card(self):
        found = ask("id-of-card", put="KAN-3")
        self.assertEqual([line["correlation_id"] for line in found], [GOOD])
        self.assertEqual(ask("id-of-card", put="KAN-0"), [])

    def test_the_milestones_of_one_id(self):
        found = [line["milestone"] for line in ask("milestones", put=IGNORED)]
        self.assertEqual(found[0], "WEBHOOK_RECEIVED")
        self.assertIn("CARD_IGNORED", found)
        self.assertNotIn(None, found)

    def test_which_milestone_is_missing(self):
        found = {line["correlation_id"]: line for line in ask("missing-milestone")}
        self.assertNotIn(GOOD, found)
        self.assertIn(POISON, found)
        cut = rows("whole")[:-3]
        left = run((QUERIES / "missing-milestone.cwli").read_text(), cut)
        self.assertEqual([line["correlation_id"] for line in left], [GOOD])

    def test_the_lead_time_between_two_milestones(self):
        found = ask("lead-time", "whole", "poison")
        self.assertEqual([line["correlation_id"] for line in found], [GOOD])
        by_hand = {line.get("milestone"): line["@timestamp"] for line in rows("whole")}
        expected = by_hand["DEPLOYMENT_STARTED"] - by_hand["WEBHOOK_RECEIVED"]
        self.assertAlmostEqual(found[0]["lead_ms"], expected)

    def test_the_slowest_first(self):
        took = [line["took_ms"] for line in ask("slowest")]
        self.assertEqual(len(took), 4)
        self.assertEqual(took, sorted(took, reverse=True))

    def test_errors_by_service(self):
        found = ask("errors-by-service", "poison", "whole")
        services = {line["service.name"]: line for line in found if line["log.level"] == "error"}
        self.assertGreaterEqual(services["kanban-processor"]["lines"], 1)
        self.assertEqual(services["kanban-processor"]["stories"], 1)

    def test_the_cost_of_the_lines(self):
        found = {line["service.name"]: line for line in ask("cost", "whole")}
        lines = [line for line in rows("whole") if line["service.name"] == "sqs-connector"]
        bytes_of_it = sum(len(line["@message"]) for line in lines)
        self.assertEqual(found["sqs-connector"]["bytes"], bytes_of_it)
        self.assertAlmostEqual(found["sqs-connector"]["dollars"], bytes_of_it / 2**30 * 0.5)


def written():
    """Every line that the demo's programs wrote, or none where it was not run."""
    return [line for file in sorted(DEMO.glob("*.ndjson")) for line in file.read_text().splitlines()]


@unittest.skipUnless(os.environ.get("DEMO_LOGS") or written(), "the demo has not been run: cargo demo, or DEMO_LOGS=FOLDER")
class OnTheLinesOfTheDemo(unittest.TestCase):
    """The lines that the real ingress of the stack, connector, function and backend wrote of real deliveries."""

    @classmethod
    def setUpClass(cls):
        cls.lines = written()
        if not cls.lines:
            raise AssertionError(f"{DEMO} has no lines")
        cls.parsed = [json.loads(line) for line in cls.lines]

    def ask(self, query, put=None):
        text = (QUERIES / f"{query}.cwli").read_text()
        if put:
            text = text.replace("PUT-THE-ID-HERE", put).replace("PUT-THE-CARD-HERE", put)
        return run(text, list(events(self.lines)))

    def ids(self, milestone):
        return {line["correlation_id"] for line in self.parsed if line.get("milestone") == milestone}

    def test_the_story_of_each_id_has_every_line_of_it_in_order(self):
        for id in self.ids("WEBHOOK_RECEIVED"):
            mine = [line for line in self.parsed if line.get("correlation_id") == id]
            story = self.ask("story", id)
            self.assertEqual(sorted(line["message"] for line in story), sorted(line["message"] for line in mine))
            times = [line["@timestamp"] for line in story]
            self.assertEqual(times, sorted(times))
            self.assertEqual(story[0]["milestone"], "WEBHOOK_RECEIVED")

    def test_every_card_leads_to_its_ids(self):
        cards = {line["fields"]["card_id"] for line in self.parsed if "card_id" in line.get("fields", {})}
        self.assertGreaterEqual(len(cards), 8)
        for card in cards:
            expected = {line["correlation_id"] for line in self.parsed if line.get("fields", {}).get("card_id") == card and "correlation_id" in line}
            self.assertEqual({line["correlation_id"] for line in self.ask("id-of-card", card)}, expected, card)

    def test_the_milestones_of_a_deployment(self):
        for id in self.ids("DEPLOYMENT_STARTED"):
            found = [line["milestone"] for line in self.ask("milestones", id)]
            self.assertEqual((found[0], found[-1]), ("WEBHOOK_RECEIVED", "MESSAGE_DELETED"))
            self.assertIn("CARD_MOVED", found)

    def test_what_came_to_no_good_end_is_missing_its_last_milestone(self):
        found = {line["correlation_id"]: line["last_milestone"] for line in self.ask("missing-milestone")}
        self.assertEqual(set(found), self.ids("WEBHOOK_RECEIVED") - self.ids("MESSAGE_DELETED"))
        self.assertTrue(found)
        self.assertIn("MESSAGE_DEAD_LETTERED", found.values())

    def test_every_deployment_has_a_lead_time(self):
        found = {line["correlation_id"]: line["lead_ms"] for line in self.ask("lead-time")}
        self.assertEqual(set(found), self.ids("DEPLOYMENT_STARTED"))
        self.assertTrue(all(0 < lead < 60_000 for lead in found.values()), found)

    def test_the_slowest_are_all_of_them_in_order(self):
        took = [line["took_ms"] for line in self.ask("slowest")]
        self.assertEqual(took, sorted(took, reverse=True))
        self.assertEqual(len(took), min(20, len({line["correlation_id"] for line in self.parsed if "correlation_id" in line})))

    def test_errors_by_service_are_counted_whole(self):
        found = {(line["service.name"], line["log.level"]): line["lines"] for line in self.ask("errors-by-service")}
        expected = collections.Counter((line["service.name"], line["log.level"]) for line in self.parsed if line["log.level"] in ("error", "warn"))
        self.assertEqual(found, dict(expected))
        self.assertGreaterEqual(found["kanban-processor", "error"], 1)

    def test_every_byte_is_in_the_cost(self):
        found = {line["service.name"]: line["bytes"] for line in self.ask("cost")}
        self.assertEqual(sum(found.values()), sum(map(len, self.lines)))
        self.assertLessEqual({"ingress", "sqs-connector", "kanban-processor", "graphql-backend"}, set(found))


class TheInterpreter(unittest.TestCase):
    def test_what_it_does_not_know_is_an_error(self):
        for wrong in [
            "",
            "fields",
            "filter a =",
            "filter a = 1 |",
            "filter a = 1 limit 2",
            "parse @message '*' as x",
            "stats a by b",
            "stats pct(a, 99)",
            "sort a sideways",
            "limit 0",
            "limit 20000",
            'filter a = "open',
            "filter log-level` = 1",
            "filter count(*) > 1",
            "stats count(*) | stats count(*) | stats count(*)",
        ]:
            with self.subTest(wrong), self.assertRaises(SyntaxErrorInQuery):
                run(wrong, [{"a": 1, "@timestamp": 0}])

    def test_a_field_that_is_not_there_compares_with_nothing(self):
        lines = [{"a": "1"}, {"b": "2"}]
        for query, expected in [
            ('filter a = "1"', 1),
            ('filter a != "2"', 1),
            ("filter not ispresent(a)", 1),
            ('filter a in ["1", "3"]', 1),
            ('filter a not in ["3"]', 2),
            ("filter a >= 1 or b > 1", 2),
            ("filter a + 1 = 2", 1),
        ]:
            with self.subTest(query):
                self.assertEqual(len(run(query + " | fields a", [dict(line) for line in lines])), expected)

    def test_hostile_lines_do_no_harm(self):
        lines = list(events(['{"a":', "[1]", '"text"', "", '{"fields":{"card_id":"x"}}']))
        found = run('filter fields.card_id = "x" | fields @message', lines)
        self.assertEqual(len(found), 1)


if __name__ == "__main__":
    unittest.main()
