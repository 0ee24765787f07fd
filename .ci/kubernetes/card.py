"""Sends the card of docs/install-eks.md, as the page has it, through the local stack, and reads its story.

card.py FOLDER
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
LOGS = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "demo"


def card(folder, hooks):
    """What the page's commands print, with the stack in the place of AWS."""
    # The secret that the demo's function has.
    recorded = json.loads((ROOT / "functions/kanban-processor/tests/deliveries/jira/moved.json").read_text())
    (folder / "jira-webhook-secret").write_text(recorded["secret"])
    commands = subprocess.run([sys.executable, pathlib.Path(__file__).with_name("document.py"), "commands", "8"], check=True, capture_output=True, text=True).stdout
    assert "curl" in commands, "docs/install-eks.md has lost its card"
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", commands], cwd=folder, env={**os.environ, "HOOKS_URL": hooks}, capture_output=True, text=True, timeout=60)
    if done.returncode:
        sys.exit(f"docs/install-eks.md: the card does not go in: {done.stdout}{done.stderr}")
    return re.search(r"(?im)^x-correlation-id: *(\S+)", done.stdout)[1]


def told(correlation_id):
    """The story, once it is whole."""
    files = [LOGS / f"{name}.ndjson" for name in ("stack", "sqs-connector", "kanban-processor")]
    for _ in range(100):
        story = subprocess.run([LOGS.parent / "debug/story", correlation_id, *files], capture_output=True, text=True)
        if story.returncode == 0:
            return story.stdout
        time.sleep(0.2)
    sys.exit(f"the story of the page's card does not become whole:\n{story.stdout}{story.stderr}")


def main(folder):
    # The demo writes its own lines there, which other checks read: they are put back.
    kept = folder / "demo-before"
    if LOGS.exists():
        shutil.copytree(LOGS, kept, dirs_exist_ok=True)
    demo = subprocess.Popen(["cargo", "run", "--quiet", "--package", "demo", "--", "--stay"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        for line in demo.stdout:
            if found := re.search(r"The ingress is (http://127\.0\.0\.1:\d+)/hooks/", line):
                break
        else:
            sys.exit("the stack does not stay up")
        story = told(card(folder, f"{found[1]}/hooks"))
    finally:
        demo.terminate()
        try:
            demo.communicate(timeout=30)
        finally:
            if kept.exists():
                shutil.rmtree(LOGS, ignore_errors=True)
                shutil.copytree(kept, LOGS)
    assert "card KAN-7" in story and "DEPLOYMENT_STARTED" in story, story
    print(story.splitlines()[0])


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]).resolve())
