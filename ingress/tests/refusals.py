"""Checks that a test refuses a wrong value of every variable: of each module, and of each example.

    python3 ingress/tests/refusals.py

A bool can't be wrong: Terraform itself takes nothing else for one.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
VARIABLE = re.compile(r'^variable "(\w+)" \{\n(.*?)^\}$', re.M | re.S)

missing = []
count = 0
for module in [ROOT, *sorted(ROOT.glob("modules/*")), *sorted(ROOT.glob("examples/*"))]:
    tests = "\n".join(file.read_text() for file in module.glob("tests/*.tftest.hcl"))
    expected = set(re.findall(r"var\.(\w+)", " ".join(re.findall(r"expect_failures += \[([^\]]*)\]", tests))))
    for name, body in VARIABLE.findall((module / "variables.tf").read_text()):
        if not re.search(r"^  type += bool$", body, re.M):
            count += 1
            if name not in expected:
                missing.append(f"{module.relative_to(ROOT.parent)}: no test refuses a wrong {name}")
if missing:
    sys.exit("\n".join(missing))
print(f"a wrong value of each of {count} variables is refused by a test")
