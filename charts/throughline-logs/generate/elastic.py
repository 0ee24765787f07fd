"""The ingest pipelines, and the transform that makes one document of each story."""

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path

# Fields that dashboards count and search by: out of `fields`, where all is text.
PROMOTED = ["card_id", "duration_ms", "function", "queue", "verdict"]

# List prices of us-east-1 in USD; the chart's `prices` take their place.
API_GATEWAY_PER_MILLION = 3.5
SQS_PER_MILLION = 0.4
LOGS_PER_GB = 0.25
# How many requests a milestone stands for: (API Gateway, SQS). SQS takes ten messages a request,
# so this is what they cost at most.
REQUESTS = {
    "WEBHOOK_RECEIVED": (1, 1),
    "MESSAGE_RECEIVED": (0, 1),
    "MESSAGE_DELETED": (0, 1),
    "MESSAGE_RETRIED": (0, 1),
    "MESSAGE_DEAD_LETTERED": (0, 2),
    "MESSAGE_FILTERED": (0, 1),
}

OUTCOMES = {"CARD_IGNORED": "ignored", "MESSAGE_FILTERED": "filtered", "MESSAGE_DEAD_LETTERED": "dead-lettered"}


@dataclass(frozen=True)
class Way:
    """The expected steps in order, how it may end early, and every milestone it names."""

    steps: list[str]
    ends: list[dict]

    @property
    def milestones(self) -> list[str]:
        return self.steps + [end["milestone"] for end in self.ends]


def read_way(path: Path) -> Way:
    way = tomllib.loads(path.read_text())
    ends = [
        {
            "milestone": end["milestone"],
            "outcome": OUTCOMES[end["milestone"]],
            "failed": end.get("failed", False),
            "then": end.get("then", []),
        }
        for end in way["end"]
    ]
    return Way([step["milestone"] for step in way["step"] if not step.get("optional")], ends)


def files(chart: Path, way: Way) -> dict[str, str]:
    script = lambda name: (chart / "elastic" / name).read_text()
    return {
        "lines-pipeline.json": pretty(lines_pipeline(script("lines.painless"), *shapes(chart))),
        "stories-pipeline.json": pretty(stories_pipeline(script("stories.painless"), way)),
        "stories-template.json": pretty(stories_template(way)),
        "stories-transform.json": pretty(stories_transform(way)),
    }


def shapes(chart: Path) -> tuple[list[str], list[str]]:
    """The paths that the index template maps as objects, and those that it maps as one value: with
    anything else there, a line would be refused."""
    objects, values = [], []

    def walk(properties: dict, prefix: str) -> None:
        for name, mapping in properties.items():
            is_object = "properties" in mapping or mapping["type"] == "flattened"
            (objects if is_object else values).append(prefix + name)
            walk(mapping.get("properties", {}), f"{prefix}{name}.")

    walk(json.loads((chart / "elastic" / "lines-template.json").read_text())["template"]["mappings"]["properties"], "")
    # What the shippers and the pipeline say is not the line's.
    return objects, [path for path in values if path not in ("@timestamp", "event.ingested", "throughline.cost_usd")]


def pretty(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def lines_pipeline(source: str, objects: list[str], values: list[str]) -> dict:
    million = 1_000_000
    return {
        "description": "throughline-logs: puts each line into the shape that the template maps",
        "processors": [
            {"set": {"field": "ingested_at", "value": "{{{_ingest.timestamp}}}"}},
            {
                "script": {
                    "lang": "painless",
                    "source": source,
                    "params": {
                        "objects": objects,
                        "texts": values,
                        "promoted": PROMOTED,
                        "usd_per_byte": LOGS_PER_GB / 1e9,
                        "usd_per_milestone": {
                            name: round(gateway * API_GATEWAY_PER_MILLION / million + sqs * SQS_PER_MILLION / million, 10)
                            for name, (gateway, sqs) in REQUESTS.items()
                        },
                    },
                }
            },
        ],
    }


def stories_pipeline(source: str, way: Way) -> dict:
    params = {
        "milestones": way.milestones,
        "way": way.steps,
        "ends": way.ends,
        "lead_time": {"from": "WEBHOOK_RECEIVED", "to": "DEPLOYMENT_STARTED"},
    }
    return {
        "description": "throughline-logs: how far each story came, and what it is missing",
        "processors": [{"script": {"lang": "painless", "source": source, "params": params}}],
    }


def stories_template(way: Way) -> dict:
    keyword = {"type": "keyword", "ignore_above": 256}
    number = {"type": "double"}
    properties = {
        "correlation_id": keyword, "card_id": keyword, "began": {"type": "date"}, "ended": {"type": "date"},
        "outcome": keyword, "lines": {"type": "long"}, "errors": {"type": "long"}, "warnings": {"type": "long"},
        "cost_usd": number, "milestones": keyword, "missing": keyword, "first_missing": keyword,
        "lead_time_ms": number, "slowest_step": keyword, "slowest_step_ms": number,
        "took_ms": {"properties": {step: number for step in way.steps[1:]}},
    }  # fmt: skip
    return {
        "index_patterns": ["throughline-stories-*"],
        "priority": 500,
        "_meta": {"managed_by": "throughline-logs"},
        "template": {
            "settings": {"index": {"default_pipeline": "throughline-stories"}},
            "mappings": {"dynamic": False, "properties": properties},
        },
    }


def stories_transform(way: Way) -> dict:
    level = lambda name: {"filter": {"term": {"log.level": name}}, "aggs": {"lines": {"value_count": {"field": "log.level"}}}}
    return {
        "description": "One document for each correlation id: how far its story came, and how long each step took",
        "source": {"index": ["logs-throughline-*"], "query": {"exists": {"field": "correlation_id"}}},
        "dest": {"index": "throughline-stories-1"},
        "frequency": "1m",
        "sync": {"time": {"field": "event.ingested", "delay": "60s"}},
        "retention_policy": {"time": {"field": "ended", "max_age": "90d"}},
        "settings": {"max_page_search_size": 500},
        "pivot": {
            "group_by": {"correlation_id": {"terms": {"field": "correlation_id"}}},
            "aggregations": {
                "began": {"min": {"field": "@timestamp"}},
                "ended": {"max": {"field": "@timestamp"}},
                "lines": {"value_count": {"field": "correlation_id"}},
                "cards": {"terms": {"field": "card_id", "size": 10}},
                "cost_usd": {"sum": {"field": "throughline.cost_usd"}},
                "errors": level("error"),
                "warnings": level("warn"),
                **{
                    f"step_{name}": {
                        "filter": {"term": {"milestone": name}},
                        "aggs": {"at": {"min": {"field": "@timestamp"}}},
                    }
                    for name in way.milestones
                },
            },
        },
    }
