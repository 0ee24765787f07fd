"""Checks that what docs/install-eks.md names is there, and hands its `sh` blocks over.

document.py check HELM           everything that it names: files, values, outputs, variables, secrets, labels
document.py commands SECTION...  its `sh` blocks in these sections, to be run
"""

import pathlib
import re
import shlex
import subprocess
import sys

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs/install-eks.md"
EXAMPLE = ROOT / "ingress/examples/eks"


def blocks():
    """The section's number, the language and the text of each block."""
    section = "0"
    for number, language, text in re.findall(r"^## (\S+)|^```(\w+)\n(.*?)^```$", PAGE.read_text(), re.M | re.S):
        if number:
            section = number.rstrip(".")
        else:
            yield section, language, text


def typed():
    """The commands of the `console` blocks, each with its continued lines joined."""
    for _, language, text in blocks():
        if language == "console":
            joined = re.sub(r"\\\n\s*", " ", text)
            yield from re.findall(r"^\$ (.*(?:\n {4}.*)*)", joined, re.M)


def names(kind, file):
    return set(re.findall(rf'^{kind} "(\w+)"', (EXAMPLE / file).read_text(), re.M))


def default(variable):
    return re.search(rf'^variable "{variable}" \{{.*?^  default += "(.*?)"', (EXAMPLE / "variables.tf").read_text(), re.M | re.S)[1]


def written(kind):
    """A file that the page has the reader write."""
    return re.search(rf"cat >{kind}-values.yaml <<'VALUES'\n(.*?)^VALUES$", PAGE.read_text(), re.M | re.S)[1]


def rendered(helm, command, folder):
    """What Helm makes of a command that would install: unknown values stop it."""
    words = [word for word in shlex.split(command)[1:] if word not in ("upgrade", "--install", "install", "--reuse-values")]
    release, chart = words[0], ROOT / words[1]
    kind = "connector" if release == "sqs-connector" else "logs"
    (folder / f"{kind}-values.yaml").write_text(written(kind))
    words = [str(folder / word) if word.endswith("-values.yaml") else word for word in words[2:]]
    values = [] if "--values" in words else ["--values", str(folder / f"{kind}-values.yaml")]
    done = subprocess.run([helm, "template", release, str(chart), *values, *words], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{PAGE.name}: {command}\n{done.stderr}")
    return [made for made in yaml.safe_load_all(done.stdout) if made]


def check(helm, folder):
    page, commands = PAGE.read_text(), list(typed())
    wrong = []

    def must(what, found, known):
        wrong.extend(f"{what} {name!r} is not there; there are {sorted(known)}" for name in sorted(set(found) - set(known)))

    for target in re.findall(r"\]\(([^)#:]+)\)", page):
        must("the file", [target] if not (PAGE.parent / target).exists() else [], [])
    for path in re.findall(r"(?<![\w/.-])(?:charts|connector|functions|ingress|story)/[\w/.-]*\w", page):
        must("the path", [path] if not (ROOT / path).exists() else [], [])

    outputs = re.findall(r"\bterraform (?:-chdir=\S+ )?output (?:-raw )?(\w+)", page) + re.findall(r"group of `(\w+)`", page)
    must("the output", outputs, names("output", "outputs.tf"))
    must("the variable", re.findall(r"-var (\w+)=", page), names("variable", "variables.tf"))
    required = {name for name in names("variable", "variables.tf") if not re.search(rf'^variable "{name}" \{{(?:(?!^\}}).)*^  default', (EXAMPLE / "variables.tf").read_text(), re.M | re.S)}
    for command in commands:
        if re.search(r"terraform \S+ (apply|destroy)", command):
            must(f"among the variables of `{command}`", required, re.findall(r"-var (\w+)=", command))

    charts, objects = set(), []
    for command in commands:
        if re.match(r"helm (upgrade|install) .*\bcharts/", command):
            objects += rendered(helm, command, folder)
            charts |= set(re.findall(r"\bcharts/(\S+)", command))
    labels = {f"{key}={value}" for made in objects for key, value in made.get("spec", {}).get("template", {}).get("metadata", {}).get("labels", {}).items()}
    labels |= {f"{key}={value}" for made in objects for key, value in made["metadata"].get("labels", {}).items()}
    stack = yaml.safe_load((ROOT / "functions/stack.yaml").read_text())["functions"]
    labels |= {f"faas_function={name}" for name in stack}
    must("the label", re.findall(r"--selector (\S+)", " ".join(commands)), labels)
    workloads = {f"{made['kind'].lower()}/{made['metadata']['name']}" for made in objects}
    must("the object", re.findall(r"rollout status (\S+)", " ".join(commands)), workloads)
    ports = {port["containerPort"] for made in rendered(helm, "helm install throughline-logs charts/throughline-logs --set traces.enabled=true --set traces.xray.enabled=true", folder) if made["kind"] == "DaemonSet" for it in made["spec"]["template"]["spec"]["containers"] for port in it["ports"]}
    must("the port", map(int, re.findall(r"`otlpEndpoint`, port (\d+)", page)), ports)

    must("the function", re.findall(r"--filter (\S+)\)", " ".join(commands)), stack)
    secrets = {secret for function in stack.values() for secret in function.get("secrets", [])}
    must("the secret", re.findall(r"faas-cli secret create (\S+)", " ".join(commands)), secrets)
    must("created, the secret", secrets, re.findall(r"faas-cli secret create (\S+)", " ".join(commands)))
    variables = set(re.findall(r"\$\{(\w+)", (ROOT / "functions/stack.yaml").read_text()))
    must("the variable of stack.yaml", re.findall(r"\b(REGISTRY|GRAPHQL_URL)=", page), variables)

    # The names that the page says it uses are those of the example, the chart and the function.
    values = yaml.safe_load(written("connector"))
    queue, account, namespace = default("name"), default("service_account"), default("namespace")
    must("the queue", [values["queues"][0]["url"].rsplit("/", 1)[1]], [queue])
    must("the topic", [function["annotations"]["topic"] for function in stack.values()], [queue])
    must("the service account", [made["metadata"]["name"] for made in objects if made["kind"] == "ServiceAccount" and made["metadata"]["name"].startswith("sqs")], [account])
    must("the namespace", re.findall(r"system:serviceaccount:(\S+):", page), [namespace])

    # What the role may do is what the module gives it.
    policy = (ROOT / "ingress/modules/queue/connector.tf").read_text()
    must("in the policy, the action", re.findall(r"`((?:sqs|kms):\w+)`", page), re.findall(r'"((?:sqs|kms):\w+)"', policy))
    must("on the page, the action", re.findall(r'"((?:sqs|kms):\w+)"', policy), re.findall(r"`((?:sqs|kms):\w+)`", page))

    if len(commands) < 25 or charts != {"sqs-connector", "throughline-logs"}:
        wrong.append(f"{len(commands)} commands to be typed, for {sorted(charts)}: the page has lost some, or is read wrongly")
    if wrong:
        sys.exit("\n".join(f"{PAGE.name}: {line}" for line in wrong))
    print(f"what {len(commands)} commands of {PAGE.name} name is there")


if __name__ == "__main__":
    if sys.argv[1] == "check":
        import tempfile

        with tempfile.TemporaryDirectory() as folder:
            check(sys.argv[2], pathlib.Path(folder))
    else:
        print("\n".join(text for section, language, text in blocks() if language == "sh" and section in sys.argv[2:]))
