"""A Lens panel as the search that Kibana makes of it."""

import kql


def search(panel: dict) -> tuple[dict, list[str]]:
    """The search's body, and the names of the metrics in its innermost buckets."""
    state = panel["attributes"]["state"]
    (layer,) = state["datasourceStates"]["formBased"]["layers"].values()
    columns = layer["columns"]
    metrics = {name: metric(column) for name, column in columns.items() if not column["isBucketed"]}
    aggregations = metrics
    for name in reversed([name for name in layer["columnOrder"] if columns[name]["isBucketed"]]):
        # Each level has the metrics too: buckets are sorted by them.
        aggregations = {name: {**bucket(columns[name], metrics), "aggs": {**metrics, **aggregations}}}
    query = kql.query(state["query"]["query"])
    return {"size": 0, "query": query, "aggs": aggregations}, list(metrics)


def metric(column: dict) -> dict:
    field = column["sourceField"]
    match column["operationType"]:
        case "count":
            inner = {"filter": {"match_all": {}}}
        case "percentile":
            inner = {"percentiles": {"field": field, "percents": [column["params"]["percentile"]]}}
        case "sum" | "average" as name:
            inner = {{"average": "avg"}.get(name, name): {"field": field}}
        case other:
            raise ValueError(f"{other} is beyond what is read here")
    if "filter" in column:
        return {"filter": kql.query(column["filter"]["query"]), "aggs": {"of": inner}}
    return inner


def bucket(column: dict, metrics: dict) -> dict:
    field = column["sourceField"]
    if column["operationType"] == "date_histogram":
        return {"date_histogram": {"field": field, "fixed_interval": "1h", "min_doc_count": 1}}
    by = column["params"]["orderBy"]["columnId"]
    order = "_count" if "filter" in metrics[by] else by
    return {"terms": {"field": field, "size": column["params"]["size"], "order": {order: column["params"]["orderDirection"]}}}


def fields(panel: dict) -> set[str]:
    state = panel["attributes"]["state"]
    (layer,) = state["datasourceStates"]["formBased"]["layers"].values()
    found = set(kql.fields(state["query"]["query"]))
    for column in layer["columns"].values():
        found |= {column["sourceField"]} - {"___records___"}
        found |= set(kql.fields(column.get("filter", {}).get("query", "")))
    return found
