"""One document for each story, held against what the `story` command reads out of the same lines."""

import json
import os
import subprocess
import sys
import unittest
from pathlib import Path

import our_lines
import scene
import stories

ELASTIC = Path(__file__).parent.parent / "elastic"
PROGRAMS = ["stack", "sqs-connector", "kanban-processor"]


def told(id: str, *sources: str) -> dict:
    done = subprocess.run([our_lines.BINARIES / "story", id, "--json", *sources], capture_output=True, text=True)
    assert done.returncode in (0, 1), f"{done.returncode} {done.stderr}"
    return json.loads(done.stdout)


class Stories(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.by_id = {story["correlation_id"]: story for story in stories.written()}

    def test_there_is_one_for_each_id(self):
        foreign = {scene.OTHER_ID, scene.ODD_ID, our_lines.LONG_ID}
        self.assertEqual(set(self.by_id), our_lines.all_ids() | foreign)

    def test_what_is_missing_is_what_the_story_command_says(self):
        files = [str(our_lines.DEMO / f"{program}.ndjson") for program in PROGRAMS]
        outcomes = set()
        for id in our_lines.all_ids():
            command, document = told(id, *files), self.by_id[id]
            self.assertEqual(set(document["missing"]), {step["milestone"] for step in command["missing"]}, id)
            self.assertEqual(document["lines"], len(command["hops"]), id)
            self.assertEqual(document["outcome"] == "dead-lettered", "MESSAGE_DEAD_LETTERED" in document["milestones"])
            outcomes.add(document["outcome"])
        self.assertLessEqual({"whole", "ignored", "dead-lettered"}, outcomes)

    def test_times_between_milestones_are_those_of_the_lines(self):
        checked = 0
        for id, document in self.by_id.items():
            if "lead_time_ms" not in document:
                continue
            at = {}
            for line in scene.hits(id):
                if "milestone" in line:
                    at.setdefault(line["milestone"], line["@timestamp"])
            milliseconds = lambda text: int(text[17:19]) * 1000 + int(text[20:23]) + int(text[14:16]) * 60_000
            lead = milliseconds(at["DEPLOYMENT_STARTED"]) - milliseconds(at["WEBHOOK_RECEIVED"])
            self.assertEqual(document["lead_time_ms"], lead, id)
            self.assertEqual(document["slowest_step_ms"], max(document["took_ms"].values()))
            self.assertEqual(document["took_ms"]["MESSAGE_RECEIVED"], milliseconds(at["MESSAGE_RECEIVED"]) - milliseconds(at["WEBHOOK_RECEIVED"]))
            checked += 1
        self.assertGreater(checked, 5)

    def test_the_card_and_the_cost_of_a_story_are_with_it(self):
        whole = [story for story in self.by_id.values() if story["outcome"] == "whole"]
        for story in whole:
            self.assertTrue(story["card_id"], story["correlation_id"])
            self.assertGreater(story["cost_usd"], 3.9e-6 + 2 * 0.4e-6)
            self.assertLess(story["cost_usd"], 1e-4)

    def test_the_command_reads_the_same_story_out_of_the_index(self):
        files = [str(our_lines.DEMO / f"{program}.ndjson") for program in PROGRAMS]
        of_index = ["--elasticsearch", os.environ["OPENSEARCH"], "--index", scene.STREAM]
        hops = lambda story: sorted((hop["at"], hop["service"], hop["message"]) for hop in story["hops"])
        for id in our_lines.all_ids():
            here, there = told(id, *files), told(id, *of_index)
            self.assertEqual(hops(there), hops(here), id)
            for part in ["verdict", "missing", "first_error", "attempts", "exit_code"]:
                self.assertEqual(there[part], here[part], f"{id}: {part}")

    def test_the_command_finds_the_stories_of_a_card_in_the_index_and_what_comes_near(self):
        card = next(story["card_id"][0] for story in self.by_id.values() if story["outcome"] == "dead-lettered" and story.get("card_id"))
        of_index = ["--elasticsearch", os.environ["OPENSEARCH"], "--index", scene.STREAM]
        command = [our_lines.BINARIES / "story", "--json", *of_index]
        done = subprocess.run([*command, card], capture_output=True, text=True)
        self.assertEqual(
            {json.loads(line)["correlation_id"] for line in done.stdout.splitlines()},
            {id for id, story in self.by_id.items() if card in story.get("card_id", [])},
        )
        done = subprocess.run([our_lines.BINARIES / "story", *of_index, card + "x"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn(f"did you mean {card}", done.stderr)


class TheWay(unittest.TestCase):
    def test_the_transform_groups_by_the_milestones_of_the_way(self):
        sys.path.insert(0, str(ELASTIC.parent / "generate"))
        import elastic

        way = elastic.read_way(our_lines.ROOT / "story" / "way.toml")
        transform = json.loads((ELASTIC / "stories-transform.json").read_text())
        steps = [name for name in transform["pivot"]["aggregations"] if name.startswith("step_")]
        self.assertEqual(steps, [f"step_{name}" for name in way.milestones])
        self.assertIn("DEPLOYMENT_CREATED", way.steps)
