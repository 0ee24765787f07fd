"""What our programs promise to whoever collects their lines."""

import json
import unittest

import our_lines
from cri import SPLIT, Container
from scene import LONG


class Lines(unittest.TestCase):
    def test_no_line_of_our_programs_is_split_by_a_container_runtime(self):
        for program in ["stack", "sqs-connector", "kanban-processor"]:
            for line in our_lines.of(program):
                self.assertLess(len(line), SPLIT, line[:200])
                self.assertIsInstance(json.loads(line), dict)

    def test_an_event_of_40_kilobytes_is_cut_below_the_split_marked_and_still_json(self):
        lines = our_lines.parsed(our_lines.of_a_long_event())
        self.assertTrue(all(len(line) < SPLIT for line in our_lines.of_a_long_event()))
        self.assertIn(True, [line.get("log.cut") for line in lines])
        self.assertTrue(all(line["correlation_id"] == our_lines.LONG_ID for line in lines))

    def test_the_files_have_the_partial_records_that_containerd_writes(self):
        records = Container(None, "n", "p", "c").records(LONG, "stdout")
        self.assertEqual([record.split(b" ")[2] for record in records], [b"P", b"F"])
        self.assertEqual(len(records[0].split(b" ", 3)[3]), SPLIT + 1)
        self.assertEqual(b"".join(record.split(b" ", 3)[3][:-1] for record in records), LONG)
