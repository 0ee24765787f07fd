"""Writes the tables of variables and outputs into README.md from the modules' own files.

    python3 ingress/tests/tables.py [--check]

With --check it writes nothing and ends with 1 where a table is not what it would write. What it reads is what
`terraform fmt` writes: a block begins at the margin, and its attributes are indented by two.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BLOCK = re.compile(r'^(variable|output) "(\w+)" \{\n(.*?)^\}$', re.M | re.S)


def attribute(body, name):
    found = re.search(rf"^  {name} += (.+)$", body, re.M)
    return found and found[1]


def blocks(folder, kind, file):
    for found, name, body in BLOCK.findall((folder / file).read_text()):
        if found == kind:
            yield name, body


def described(folder, kind, name, body):
    text = attribute(body, "description")
    if not text:
        sys.exit(f"{folder}: the {kind} {name} has no description")
    return text.strip('"').replace('\\"', '"').replace("|", "\\|")


def tables(folder):
    lines = ["| Variable | Type | Default | |", "|---|---|---|---|"]
    for name, body in blocks(folder, "variable", "variables.tf"):
        default = attribute(body, "default")
        default = f"`{default}`" if default else "**required**"
        text = described(folder, "variable", name, body)
        lines.append(f"| `{name}` | `{attribute(body, 'type')}` | {default} | {text} |")
    lines += ["", "| Output | |", "|---|---|"]
    for name, body in blocks(folder, "output", "outputs.tf"):
        lines.append(f"| `{name}` | {described(folder, 'output', name, body)} |")
    return "\n".join(lines)


readme = ROOT / "README.md"
before = readme.read_text()
after = re.sub(
    r"(<!-- tables: (\S+) -->\n).*?(<!-- end -->)",
    lambda found: f"{found[1]}{tables(ROOT / found[2])}\n{found[3]}",
    before,
    flags=re.S,
)
if "--check" not in sys.argv:
    readme.write_text(after)
elif before != after:
    sys.exit("ingress/README.md: a table is not what the modules say: run python3 ingress/tests/tables.py")
else:
    print("the tables say what the modules say")
