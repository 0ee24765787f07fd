"""The part of Kibana's query language that the saved objects use, as a query of the search API."""

import re

TOKEN = re.compile(r'\s*(?:(?P<op>and|or|not)\b|(?P<field>[\w.]+)\s*:\s*(?:"(?P<value>[^"]*)"|(?P<any>\*)))')


def query(text: str) -> dict:
    """`field : "value"`, `field : *`, `not`, and either `and` or `or` between them."""
    if not text.strip():
        return {"match_all": {}}
    clauses, joined, negate, at = [], set(), False, 0
    while at < len(text.rstrip()):
        found = TOKEN.match(text, at)
        if not found:
            raise ValueError(f"{text!r} is beyond what is read here, at {text[at:]!r}")
        at = found.end()
        if found["op"] == "not":
            negate = True
        elif found["op"]:
            joined.add(found["op"])
        else:
            exact = {"term": {found["field"]: found["value"]}}
            clause = {"exists": {"field": found["field"]}} if found["any"] else exact
            clauses.append({"bool": {"must_not": [clause]}} if negate else clause)
            negate = False
    if len(joined) > 1 or len(clauses) != len(text.split(" and ")) + len(text.split(" or ")) - 1:
        raise ValueError(f"{text!r} is beyond what is read here")
    return {"bool": {"should" if joined == {"or"} else "filter": clauses}}


def fields(text: str) -> list[str]:
    return [found["field"] for found in TOKEN.finditer(text) if found["field"]]
