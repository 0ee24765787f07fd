"""Kibana's saved objects: two data views, the search for one story, and the dashboard."""

import json

from elastic import Way
from lens import FORM, column, count, over_time, panel, percentile, top

LINES, STORIES = "throughline-lines", "throughline-stories"
MILLISECONDS = {"id": "duration", "params": {"inputFormat": "milliseconds", "outputFormat": "humanizePrecise", "useShortSuffix": True}}
DOLLARS = {"id": "number", "params": {"pattern": "$0,0.[000000]"}}
# A click on an id, wherever it stands, opens its story.
STORY_LINK = {
    "id": "url",
    "params": {
        "urlTemplate": "/app/discover#/view/throughline-story?_g=(time:(from:now-30d,to:now))"
        "&_a=(query:(language:kuery,query:'correlation_id:%22{{value}}%22'))",
        "labelTemplate": "{{value}}",
    },
}
STORY_COLUMNS = ["service.name", "log.level", "milestone", "message", "error.message", "fields", "correlation_id"]


def ndjson(way: Way) -> str:
    panels = lenses(way)
    views = [
        data_view(LINES, "Throughline: lines", "logs-throughline-*", "@timestamp",
                  {"correlation_id": STORY_LINK, "duration_ms": MILLISECONDS, "throughline.cost_usd": DOLLARS}),
        data_view(STORIES, "Throughline: stories", "throughline-stories-*", "began",
                  {"correlation_id": STORY_LINK, "cost_usd": DOLLARS, "lead_time_ms": MILLISECONDS, "slowest_step_ms": MILLISECONDS,
                   **{f"took_ms.{step}": MILLISECONDS for step in way.steps[1:]}}),
    ]  # fmt: skip
    objects = [*views, story_search(), *panels, dashboard(panels)]
    return "".join(json.dumps(made, ensure_ascii=False, separators=(",", ":")) + "\n" for made in objects)


def data_view(id: str, name: str, title: str, time: str, formats: dict) -> dict:
    return {
        "type": "index-pattern",
        "id": id,
        **FORM,
        "typeMigrationVersion": "8.0.0",
        "attributes": {
            "title": title, "name": name, "timeFieldName": time, "allowHidden": False, "fields": "[]",
            "fieldAttrs": "{}", "fieldFormatMap": json.dumps(formats), "runtimeFieldMap": "{}", "sourceFilters": "[]",
            "typeMeta": "{}",
        },
        "references": [],
    }  # fmt: skip


def story_search() -> dict:
    source = {
        "query": {"query": "correlation_id : *", "language": "kuery"},
        "filter": [],
        "highlightAll": True,
        "version": True,
        "indexRefName": "kibanaSavedObjectMeta.searchSourceJSON.index",
    }
    return {
        "type": "search",
        "id": "throughline-story",
        **FORM,
        "typeMigrationVersion": "10.2.0",
        "attributes": {
            "title": "Throughline: the story of one id",
            "description": 'Every line of one correlation id, the oldest first. Put correlation_id : "…" or card_id : "…" '
            "into the search bar, or click an id anywhere.",
            "columns": STORY_COLUMNS,
            "sort": [["@timestamp", "asc"]],
            "grid": {},
            "hideChart": True,
            "isTextBasedQuery": False,
            "timeRestore": False,
            "kibanaSavedObjectMeta": {"searchSourceJSON": json.dumps(source)},
        },
        "references": [{"type": "index-pattern", "id": LINES, "name": source["indexRefName"]}],
    }


def lenses(way: Way) -> list[dict]:
    deployed = "lead_time_ms : *"
    return [
        panel("throughput", "Stories by outcome", STORIES,
              {"time": over_time("began"), "outcome": top("outcome", "Outcome", "stories"), "stories": count("Stories")},
              "bar_stacked"),
        panel("lead-time", "Lead time, from the webhook to the deployment", STORIES,
              {"time": over_time("began"), "median": percentile("Median", "lead_time_ms", 50), "slow": percentile("95th percentile", "lead_time_ms", 95)},
              "line", deployed),
        panel("errors", "Errors by service", LINES,
              {"time": over_time("@timestamp"), "service": top("service.name", "Service", "lines"), "lines": count("Errors")},
              "bar_stacked", 'log.level : "error"'),
        panel("missing", "The first milestone that never came", STORIES,
              {"step": top("first_missing", "Missing", "stories", 20), "stories": count("Stories"), "errors": column("sum", "Errors in them", "errors")},
              "table", "first_missing : *"),
        panel("slowest", "The slowest step of each story", STORIES,
              {"step": top("slowest_step", "Slowest step", "stories"), "stories": count("Stories"),
               "median": percentile("Median", "slowest_step_ms", 50), "slow": percentile("95th percentile", "slowest_step_ms", 95)},
              "table"),
        panel("steps", "Time to each milestone from the one before, median", STORIES,
              {"time": over_time("began"), **{step.lower(): percentile(step, f"took_ms.{step}", 50) for step in way.steps[1:]}},
              "line"),
        panel("retried", "Messages retried and dead-lettered", LINES,
              {"time": over_time("@timestamp"), "retried": count("Retried", 'milestone : "MESSAGE_RETRIED"'),
               "dead": count("Dead-lettered", 'milestone : "MESSAGE_DEAD_LETTERED"')},
              "bar_stacked"),
        panel("cost", "Cost by service, in USD", LINES,
              {"time": over_time("@timestamp"), "service": top("service.name", "Service", "usd"), "usd": column("sum", "USD", "throughline.cost_usd")},
              "bar_stacked"),
        panel("story-cost", "Cost of one story, in USD", STORIES, {"usd": column("average", "USD a story", "cost_usd")}, "metric"),
        panel("unfinished", "Stories to look at", STORIES,
              {"id": top("correlation_id", "Correlation id", "errors", 50), "card": top("card_id", "Card", "errors", 3),
               "step": top("first_missing", "First missing", "errors", 1), "errors": column("sum", "Errors", "errors")},
              "table", 'outcome : "open" or outcome : "dead-lettered"'),
    ]  # fmt: skip


def dashboard(panels: list[dict]) -> dict:
    placed = []
    for i, made in enumerate(panels):
        name = str(i + 1)
        grid = {"x": 24 * (i % 2), "y": 12 * (i // 2), "w": 24, "h": 12, "i": name}
        placed.append({"type": "lens", "gridData": grid, "panelIndex": name, "embeddableConfig": {"enhancements": {}},
                       "panelRefName": f"panel_{name}", "title": made["attributes"]["title"]})  # fmt: skip
    return {
        "type": "dashboard",
        "id": "throughline",
        **FORM,
        "typeMigrationVersion": "10.2.0",
        "attributes": {
            "title": "Throughline",
            "description": "Throughput, errors, lead time, missing milestones, slowest steps and cost of the way of a message",
            "panelsJSON": json.dumps(placed),
            "optionsJSON": json.dumps({"useMargins": True, "syncColors": True, "syncCursor": True, "syncTooltips": False, "hidePanelTitles": False}),
            "timeRestore": True,
            "timeFrom": "now-24h",
            "timeTo": "now",
            "refreshInterval": {"pause": True, "value": 60000},
            "kibanaSavedObjectMeta": {"searchSourceJSON": json.dumps({"query": {"query": "", "language": "kuery"}, "filter": []})},
        },
        "references": [
            {"type": "lens", "id": made["id"], "name": f"{place['panelIndex']}:{place['panelRefName']}"}
            for made, place in zip(panels, placed)
        ],
    }  # fmt: skip
