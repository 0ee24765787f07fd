"""Lays out the schemas that kubeconform reads: Kubernetes' own, and those of custom resources.

schemas.py FOLDER SCHEMAS CRD...

SCHEMAS is the folder of one version in the package kubernetes-validate. Every object whose fields are
named takes no other, as the API server has it with strict validation.
"""

import json
import pathlib
import sys

import yaml


def strict(schema):
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {key: strict(value) for key, value in schema.items()}
    if "properties" in schema and not schema.get("x-kubernetes-preserve-unknown-fields"):
        schema.setdefault("additionalProperties", False)
    if schema.pop("x-kubernetes-int-or-string", False):
        schema["type"] = ["integer", "string"]
    return schema


def main(folder, kubernetes, crds):
    folder.mkdir(parents=True, exist_ok=True)
    for source in kubernetes.glob("*.json"):
        # kubeconform resolves a reference against the file's own place, not its `$id`.
        schema = json.loads(source.read_text().replace("/api/_definitions.json", "_definitions.json"))
        schema.pop("$id", None)
        (folder / source.name).write_text(json.dumps(schema))
    for path in crds:
        for crd in yaml.safe_load_all(pathlib.Path(path).read_text()):
            kind = crd["spec"]["names"]["kind"].lower()
            group = crd["spec"]["group"].split(".")[0]
            for version in crd["spec"]["versions"]:
                schema = strict(version["schema"]["openAPIV3Schema"])
                schema["properties"]["metadata"] = {"type": "object"}
                name = f"{kind}-{group}-{version['name']}.json"
                (folder / name).write_text(json.dumps(schema))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3:])
