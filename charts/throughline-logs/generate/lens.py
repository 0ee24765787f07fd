"""Kibana's Lens panels, in the form that Kibana 8 and 9 import."""

FORM = {"coreMigrationVersion": "8.8.0", "managed": False}


def column(operation: str, label: str, field: str, kql: str | None = None, **params: object) -> dict:
    """A metric, such as `column("sum", "Cost", "cost_usd")`."""
    made = {
        "label": label, "customLabel": True, "dataType": "number", "operationType": operation,
        "sourceField": field, "isBucketed": False, "scale": "ratio", "params": {"emptyAsNull": False, **params},
    }  # fmt: skip
    if kql is not None:
        made["filter"] = {"query": kql, "language": "kuery"}
    return made


def count(label: str, kql: str | None = None) -> dict:
    return column("count", label, "___records___", kql)


def percentile(label: str, field: str, percent: int) -> dict:
    return column("percentile", label, field, percentile=percent)


def over_time(field: str) -> dict:
    return {
        "label": field, "dataType": "date", "operationType": "date_histogram", "sourceField": field,
        "isBucketed": True, "scale": "interval",
        "params": {"interval": "auto", "includeEmptyRows": True, "dropPartials": False},
    }  # fmt: skip


def top(field: str, label: str, by: str, size: int = 10) -> dict:
    return {
        "label": label, "customLabel": True, "dataType": "string", "operationType": "terms", "sourceField": field,
        "isBucketed": True, "scale": "ordinal",
        "params": {
            "size": size, "orderBy": {"type": "column", "columnId": by}, "orderDirection": "desc",
            "otherBucket": False, "missingBucket": False, "parentFormat": {"id": "terms"},
        },
    }  # fmt: skip


def panel(id: str, title: str, view: str, columns: dict[str, dict], shape: str, kql: str = "") -> dict:
    """A saved Lens of one layer. `shape` is `line`, `bar_stacked`, `bar_horizontal`, `table` or `metric`."""
    buckets = [name for name, made in columns.items() if made["isBucketed"]]
    metrics = [name for name, made in columns.items() if not made["isBucketed"]]
    kind, visualization = visualize(shape, buckets, metrics)
    layer = {"columns": columns, "columnOrder": buckets + metrics, "incompleteColumns": {}, "sampling": 1}
    return {
        "type": "lens",
        "id": f"throughline-{id}",
        **FORM,
        "typeMigrationVersion": "8.9.0",
        "attributes": {
            "title": title,
            "description": "",
            "visualizationType": kind,
            "state": {
                "datasourceStates": {"formBased": {"layers": {"layer": layer}}, "textBased": {"layers": {}}},
                "visualization": visualization,
                "query": {"query": kql, "language": "kuery"},
                "filters": [],
                "internalReferences": [],
                "adHocDataViews": {},
            },
        },
        "references": [{"type": "index-pattern", "id": view, "name": "indexpattern-datasource-layer-layer"}],
    }


def visualize(shape: str, buckets: list[str], metrics: list[str]) -> tuple[str, dict]:
    if shape == "metric":
        return "lnsMetric", {"layerId": "layer", "layerType": "data", "metricAccessor": metrics[0]}
    if shape == "table":
        return "lnsDatatable", {
            "layerId": "layer",
            "layerType": "data",
            "columns": [{"columnId": name} for name in buckets + metrics],
        }
    layer = {"layerId": "layer", "layerType": "data", "seriesType": shape, "accessors": metrics}
    if buckets:
        layer["xAccessor"] = buckets[0]
    if len(buckets) > 1:
        layer["splitAccessor"] = buckets[1]
    return "lnsXY", {
        "legend": {"isVisible": True, "position": "right"},
        "valueLabels": "hide",
        "fittingFunction": "None",
        "preferredSeriesType": shape,
        "layers": [layer],
    }
