"""Runs the part of CloudWatch Logs Insights' query language that the saved queries use, on lines in files.

    python3 tests/insights/insights.py QUERY.cwli LINES.ndjson… [--set=TEXT=TEXT]

What is not in that part is a syntax error, never passed over: commands fields, filter, stats, sort, limit;
operators = != < <= > >= like, and, or, not, in, + - * /; functions ispresent, strlen; aggregates count,
count_distinct, sum, min, max, avg, earliest, latest. A field whose name has other characters than letters,
digits, @, _ and . stands between backticks; so does one with a dot that is a key of its own, which CloudWatch
wants and this asks for.

As CloudWatch has it: a comparison with a field that is not there is not true; @timestamp is the event's time
in milliseconds, and @message the whole line; a nested field is reached by a dot; results are 10,000 at most.
"""

import json
import re
import sys
from datetime import datetime
from pathlib import Path

TOKEN = re.compile(
    r"""(?P<space>\s+|\#[^\n]*)
      |(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      |(?P<ticked>`[^`\n]+`)
      |(?P<number>\d+(?:\.\d+)?)
      |(?P<name>@?[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*)
      |(?P<sign>!=|<=|>=|[=<>|(),\[\]*/+-])""",
    re.X,
)
AGGREGATES = {"count", "count_distinct", "sum", "min", "max", "avg", "earliest", "latest"}
FUNCTIONS = {"ispresent", "strlen"}
RESERVED = {"by", "as", "and", "or", "not", "in", "like", "asc", "desc"}
COMMANDS = ["fields", "filter", "stats", "sort", "limit"]
MOST = 10_000


class SyntaxErrorInQuery(Exception):
    """What the query has that the language, or this part of it, has not."""


def tokens(text):
    at, found = 0, []
    while at < len(text):
        match = TOKEN.match(text, at)
        if not match:
            raise SyntaxErrorInQuery(f"{text[at:at + 20]!r} at character {at} is nothing of the language")
        if match.lastgroup != "space":
            found.append((match.lastgroup, match[0], at))
        at = match.end()
    return found + [("end", "", at)]


class Parser:
    def __init__(self, text):
        self.tokens, self.at = tokens(text), 0

    def peek(self, *values):
        kind, value, _ = self.tokens[self.at]
        return kind in ("name", "sign") and value.lower() in values

    def take(self, *values):
        if self.peek(*values):
            self.at += 1
            return self.tokens[self.at - 1][1].lower()
        return None

    def need(self, *values):
        return self.take(*values) or self.fail(f"{' or '.join(values)} is missing")

    def fail(self, reason):
        _, value, at = self.tokens[self.at]
        raise SyntaxErrorInQuery(f"{reason} before {value or 'the end'!r} at character {at}")

    def query(self):
        commands = [self.command()]
        while self.take("|"):
            commands.append(self.command())
        if self.tokens[self.at][0] != "end":
            self.fail("a | is missing")
        if sum(name == "stats" for name, _ in commands) > 2:
            raise SyntaxErrorInQuery("a query may have two stats commands at most")
        return commands

    def command(self):
        name = self.take(*COMMANDS) or self.fail(f"a command ({', '.join(COMMANDS)}) is missing")
        return name, getattr(self, name)()

    def listed(self, item):
        items = [item()]
        while self.take(","):
            items.append(item())
        return items

    def fields(self):
        return self.listed(self.named)

    def filter(self):
        return self.either()

    def stats(self):
        aggregates = self.listed(self.named)
        for _, expression in aggregates:
            if not aggregated(expression):
                raise SyntaxErrorInQuery("stats: an expression without an aggregate")
        groups = self.listed(self.named) if self.take("by") else []
        return aggregates, groups

    def sort(self):
        field = self.sum()
        return field, (self.take("asc", "desc") or "asc") == "desc"

    def limit(self):
        kind, value, _ = self.tokens[self.at]
        if kind != "number" or not value.isdigit() or not 1 <= int(value) <= MOST:
            self.fail(f"limit: a number from 1 to {MOST} is missing")
        self.at += 1
        return int(value)

    def named(self):
        start = self.tokens[self.at][2]
        expression = self.sum()
        if self.take("as"):
            kind, name, _ = self.tokens[self.at]
            if kind not in ("name", "ticked") or name.lower() in RESERVED:
                self.fail("a name is missing after as")
            self.at += 1
            return name.strip("`"), expression
        if expression[0] == "field":
            return expression[1], expression
        return f"column at character {start}", expression

    def either(self):
        left = self.both()
        while self.take("or"):
            left = ("or", left, self.both())
        return left

    def both(self):
        left = self.negated()
        while self.take("and"):
            left = ("and", left, self.negated())
        return left

    def negated(self):
        if self.take("not"):
            return ("not", self.negated())
        return self.comparison()

    def comparison(self):
        left = self.sum()
        inverted = bool(self.take("not"))
        if self.take("in"):
            self.need("[")
            right = self.listed(self.sum)
            self.need("]")
            found = ("in", left, right)
        elif inverted:
            self.fail("in is missing after not")
        else:
            sign = self.take("=", "!=", "<", "<=", ">", ">=", "like")
            return (sign, left, self.sum()) if sign else left
        return ("not", found) if inverted else found

    def sum(self):
        left = self.product()
        while sign := self.take("+", "-"):
            left = (sign, left, self.product())
        return left

    def product(self):
        left = self.atom()
        while sign := self.take("*", "/"):
            left = (sign, left, self.atom())
        return left

    def atom(self):
        kind, value, _ = self.tokens[self.at]
        if self.take("("):
            inner = self.either()
            self.need(")")
            return inner
        if kind == "text":
            self.at += 1
            return ("value", re.sub(r"\\(.)", r"\1", value[1:-1]))
        if kind == "number":
            self.at += 1
            return ("value", float(value))
        if kind == "ticked":
            self.at += 1
            return ("field", value.strip("`"))
        if kind != "name" or value.lower() in RESERVED or value.lower() in COMMANDS:
            self.fail("a field, a text or a number is missing")
        self.at += 1
        if not self.take("("):
            return ("field", value)
        name = value.lower()
        if name not in AGGREGATES | FUNCTIONS:
            raise SyntaxErrorInQuery(f"the function {value} is not in the part of the language that is run here")
        argument = None if name == "count" and self.take("*") else self.sum()
        self.need(")")
        return ("call", name, argument)


def aggregated(expression):
    if not isinstance(expression, tuple):
        return False
    if expression[0] == "call" and expression[1] in AGGREGATES:
        return True
    return any(aggregated(part) for part in expression[1:])


def present(value):
    return value is not None and value != ""


def number(value):
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def compare(sign, left, right):
    if not present(left) or not present(right):
        return False
    if sign == "like":
        return str(right) in str(left)
    numbers = number(left), number(right)
    if None not in numbers:
        left, right = numbers
    else:
        left, right = str(left), str(right)
    return {
        "=": left == right,
        "!=": left != right,
        "<": left < right,
        "<=": left <= right,
        ">": left > right,
        ">=": left >= right,
    }[sign]


def calculate(sign, left, right):
    left, right = number(left), number(right)
    if left is None or right is None or (sign == "/" and right == 0):
        return None
    return {"+": left + right, "-": left - right, "*": left * right, "/": left / right if right else None}[sign]


def evaluate(expression, row, group=None):
    kind = expression[0]
    if kind == "value":
        return expression[1]
    if kind == "field":
        return row.get(expression[1])
    if kind == "call":
        _, name, argument = expression
        if name in AGGREGATES:
            return aggregate(name, argument, group)
        value = evaluate(argument, row, group)
        return present(value) if name == "ispresent" else len(str(value or ""))
    if kind == "not":
        return not evaluate(expression[1], row, group)
    if kind in ("and", "or"):
        parts = (evaluate(part, row, group) for part in expression[1:])
        return all(parts) if kind == "and" else any(parts)
    left = evaluate(expression[1], row, group)
    if kind == "in":
        return any(compare("=", left, evaluate(right, row, group)) for right in expression[2])
    right = evaluate(expression[2], row, group)
    return calculate(kind, left, right) if kind in "+-*/" else compare(kind, left, right)


def aggregate(name, argument, group):
    if group is None:
        raise SyntaxErrorInQuery(f"{name}: an aggregate stands only in stats")
    if argument is None:
        return len(group)
    pairs = [(row, evaluate(argument, row)) for row in group]
    pairs = [(row, value) for row, value in pairs if present(value)]
    values = [value for _, value in pairs]
    if name == "count":
        return len(values)
    if name == "count_distinct":
        return len({str(value) for value in values})
    if not values:
        return None
    if name in ("earliest", "latest"):
        ordered = sorted(pairs, key=lambda pair: pair[0]["@timestamp"])
        return ordered[0 if name == "earliest" else -1][1]
    numbers = [number(value) for value in values]
    if None in numbers:
        return None
    return {"sum": sum, "min": min, "max": max, "avg": lambda of: sum(of) / len(of)}[name](numbers)


def run(text, rows):
    """The rows that a query gives; SyntaxErrorInQuery where it is none."""
    shown = None
    for name, what in Parser(text).query():
        if name == "fields":
            for column, expression in what:
                for row in rows:
                    if expression != ("field", column):
                        row[column] = evaluate(expression, row)
            shown = (shown or []) + [column for column, _ in what]
        elif name == "filter":
            rows = [row for row in rows if evaluate(what, row)]
        elif name == "stats":
            rows, shown = grouped(rows, *what)
        elif name == "sort":
            rows = ordered(rows, *what)
        elif name == "limit":
            rows = rows[:what]
    rows = rows[:MOST]
    if shown is None:
        shown = ["@timestamp", "@message"]
    return [{column: row.get(column) for column in shown} for row in rows]


def grouped(rows, aggregates, groups):
    found = {}
    for row in rows:
        key = tuple(evaluate(expression, row) for _, expression in groups)
        if all(present(part) for part in key):
            found.setdefault(key, []).append(row)
    names = [name for name, _ in groups]
    made = []
    for key, group in found.items():
        row = dict(zip(names, key))
        row.update({name: evaluate(expression, {}, group) for name, expression in aggregates})
        made.append(row)
    return made, names + [name for name, _ in aggregates]


def ordered(rows, field, descending):
    def key(row):
        value = evaluate(field, row)
        as_number = number(value)
        return (value is None, as_number is None, as_number or 0.0, str(value))

    return sorted(rows, key=key, reverse=descending)


def flattened(value, prefix, into):
    for key, inner in value.items():
        if isinstance(inner, dict):
            flattened(inner, f"{prefix}{key}.", into)
        else:
            # A key of the line's own that begins with @ gets another, since @ is CloudWatch's.
            name = f"{prefix}{key}"
            into["@" + name if name.startswith("@") else name] = inner
    return into


def events(lines):
    """Log lines as events: what is no JSON object has only its text, as in CloudWatch."""
    for line in filter(str.strip, lines):
        
        try:
            fields = json.loads(line)
        except ValueError:
            fields = None
        row = flattened(fields, "", {}) if isinstance(fields, dict) else {}
        row["@message"] = line
        # Where it was shipped from takes it for the event's time.
        time = row.get("@@timestamp")
        row["@timestamp"] = datetime.fromisoformat(time.replace("Z", "+00:00")).timestamp() * 1000 if time else 0
        yield row


def main(arguments):
    query = Path(arguments[0]).read_text()
    files = []
    for argument in arguments[1:]:
        if argument.startswith("--set="):
            before, after = argument[len("--set="):].split("=", 1)
            query = query.replace(before, after)
        else:
            files.append(argument)
    try:
        lines = [line for file in files for line in Path(file).read_text().splitlines()]
        rows = run(query, list(events(lines)))
    except SyntaxErrorInQuery as error:
        sys.exit(f"{arguments[0]}: {error}")
    for row in rows:
        print(json.dumps(row))


if __name__ == "__main__":
    main(sys.argv[1:])
