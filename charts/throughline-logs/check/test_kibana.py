"""Kibana can't run here. Its saved objects are held against the index templates, each panel's search
is made of OpenSearch, and every reference is followed."""

import json
import unittest
from pathlib import Path

import kql
import lens_search
import scene
import stories

ELASTIC = Path(__file__).parent.parent / "elastic"
OBJECTS = [json.loads(line) for line in (ELASTIC / "kibana.ndjson").read_text().splitlines()]
BY_ID = {(made["type"], made["id"]): made for made in OBJECTS}
PANELS = [made for made in OBJECTS if made["type"] == "lens"]
VIEWS = {"throughline-lines": "lines-template.json", "throughline-stories": "stories-template.json"}


def mapped(view: str) -> set[str]:
    template = json.loads((ELASTIC / VIEWS[view]).read_text())
    found = set()

    def walk(properties: dict, prefix: str) -> None:
        for name, mapping in properties.items():
            walk(mapping.get("properties", {}), f"{prefix}{name}.")
            if "type" in mapping:
                found.add(prefix + name)

    walk(template["template"]["mappings"]["properties"], "")
    return found


class SavedObjects(unittest.TestCase):
    def test_every_reference_leads_to_an_object_of_the_file(self):
        self.assertEqual(len(BY_ID), len(OBJECTS), "two objects have one id")
        for made in OBJECTS:
            for reference in made["references"]:
                self.assertIn((reference["type"], reference["id"]), BY_ID, made["id"])

    def test_what_stands_as_text_in_an_object_is_json_and_refers_to_what_is_there(self):
        for made in OBJECTS:
            names = {reference["name"] for reference in made["references"]}
            meta = made["attributes"].get("kibanaSavedObjectMeta")
            if meta:
                source = json.loads(meta["searchSourceJSON"])
                if "indexRefName" in source:
                    self.assertIn(source["indexRefName"], names)
            for key in ["panelsJSON", "optionsJSON", "fieldFormatMap", "fieldAttrs"]:
                if key in made["attributes"]:
                    json.loads(made["attributes"][key])

    def test_the_dashboard_shows_every_panel_once_and_none_over_another(self):
        (dashboard,) = [made for made in OBJECTS if made["type"] == "dashboard"]
        panels = json.loads(dashboard["attributes"]["panelsJSON"])
        names = {reference["name"]: reference["id"] for reference in dashboard["references"]}
        shown = [names[f"{panel['panelIndex']}:{panel['panelRefName']}"] for panel in panels]
        self.assertEqual(sorted(shown), sorted(panel["id"] for panel in PANELS))
        cells = set()
        for panel in panels:
            grid = panel["gridData"]
            mine = {(x, y) for x in range(grid["x"], grid["x"] + grid["w"]) for y in range(grid["y"], grid["y"] + grid["h"])}
            self.assertFalse(mine & cells, panel["title"])
            self.assertLessEqual(grid["x"] + grid["w"], 48)
            cells |= mine

    def test_every_field_that_is_shown_or_asked_for_is_mapped(self):
        for panel in PANELS:
            (view,) = [reference["id"] for reference in panel["references"]]
            self.assertLessEqual(lens_search.fields(panel), mapped(view), panel["id"])
        search = BY_ID["search", "throughline-story"]["attributes"]
        source = json.loads(search["kibanaSavedObjectMeta"]["searchSourceJSON"])
        asked = {*search["columns"], search["sort"][0][0], *kql.fields(source["query"]["query"])}
        self.assertLessEqual(asked, mapped("throughline-lines"))
        for view in VIEWS:
            attributes = BY_ID["index-pattern", view]["attributes"]
            self.assertLessEqual({attributes["timeFieldName"], *json.loads(attributes["fieldFormatMap"])}, mapped(view))

    def test_every_column_that_a_panel_draws_is_there(self):
        for panel in PANELS:
            state = panel["attributes"]["state"]
            (layer,) = state["datasourceStates"]["formBased"]["layers"].values()
            drawn = state["visualization"]
            names = {*layer["columnOrder"]}
            self.assertEqual(names, set(layer["columns"]))
            used = {column["columnId"] for column in drawn.get("columns", [])} | {drawn.get("metricAccessor")}
            for made in drawn.get("layers", []):
                used |= {*made["accessors"], made.get("xAccessor"), made.get("splitAccessor")}
            self.assertEqual(used - {None}, names, panel["id"])

    def test_every_panel_shows_something_of_the_demo(self):
        stories.written()
        for panel in PANELS:
            (view,) = [reference["id"] for reference in panel["references"]]
            title = BY_ID["index-pattern", view]["attributes"]["title"]
            body, metrics = lens_search.search(panel)
            found = scene.server().ask("POST", f"{title}/_search", body)["aggregations"]
            self.assertTrue(any_number(found), f"{panel['id']}: {json.dumps(found)[:500]}")

    def test_the_search_gives_one_story_in_order(self):
        search = BY_ID["search", "throughline-story"]["attributes"]
        id = next(story["correlation_id"] for story in stories.written() if story["outcome"] == "whole")
        hits = scene.server().hits("logs-throughline-*", kql.query(f'correlation_id : "{id}"'))
        self.assertEqual(search["sort"], [["@timestamp", "asc"]])
        self.assertEqual(hits[0]["milestone"], "WEBHOOK_RECEIVED")
        self.assertIn("MESSAGE_DELETED", [hit.get("milestone") for hit in hits[-3:]])


def any_number(found: object) -> bool:
    """Whether some metric counted something."""
    if isinstance(found, dict):
        return any(
            (key in ("value", "doc_count") or key[:1].isdigit()) and isinstance(value, (int, float)) and value > 0 or any_number(value)
            for key, value in found.items()
            if key != "key"
        )
    return isinstance(found, list) and any(any_number(inner) for inner in found)
