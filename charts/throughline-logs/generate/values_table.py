"""The README: README.head.md, then a table of every value with what values.yaml says of it."""

import json
import re
from pathlib import Path

import yaml

# A value is documented by the `# --` comment right above it, as helm-docs reads it.
DOCUMENTED = re.compile(r"^(?P<indent> *)(?P<key>[A-Za-z0-9_-]+):")


def readme(chart: Path) -> str:
    text = (chart / "values.yaml").read_text()
    rows = table(text)
    head = (chart / "README.head.md").read_text().rstrip("\n")
    lines = "\n".join(f"| `{name}` | `{default}` | {words} |" for name, default, words in rows)
    return f"{head}\n\n## Values\n\n| Value | Default | What it does |\n|---|---|---|\n{lines}\n"


def table(text: str) -> list[tuple[str, str, str]]:
    values = yaml.safe_load(text)
    path: list[tuple[int, str]] = []
    words: list[str] = []
    rows = []
    for line in text.splitlines():
        stripped = line.strip()
        if stripped.startswith("# --"):
            words = [stripped[4:].strip()]
        elif stripped.startswith("#") and words:
            words.append(stripped[1:].strip())
        elif found := DOCUMENTED.match(line):
            indent = len(found["indent"])
            path = [part for part in path if part[0] < indent] + [(indent, found["key"])]
            if words:
                name = ".".join(key for _, key in path)
                rows.append((name, default(values, name), " ".join(words).replace("|", "\\|")))
            words = []
        else:
            words = []
    undocumented = [name for name in leaves(values) if not any(name == row[0] or name.startswith(row[0] + ".") for row in rows)]
    if undocumented:
        raise SystemExit(f"values.yaml: no `# --` comment above {', '.join(undocumented)}")
    return rows


def default(values: dict, name: str) -> str:
    for key in name.split("."):
        values = values[key]
    return json.dumps(values, ensure_ascii=False).replace("|", "\\|")


def leaves(values: dict, prefix: str = "") -> list[str]:
    found = []
    for key, value in values.items():
        name = f"{prefix}{key}"
        found += leaves(value, f"{name}.") if isinstance(value, dict) and value else [name]
    return found
