"""Asks the real connector whether it takes what the chart renders.

accepted.py [--some] CONNECTOR RENDERED...

Each container is fed to `CONNECTOR --print-config` with its arguments, its environment and its
configuration file. What the file says must come out again, and all of the connector's settings must have been
in one of the files, unless these are only some of the renderings.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import yaml

POD_IP = "10.0.0.7"
# What a file can't show: where queues are named, what comes from the environment, and what has no effect.
NOT_IN_A_FILE = {"config", "print-config", "help", "version", "region", "topics", "license-file", "log-encoding"}
UNITS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600}
BYTES = {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30}


def plain(value):
    """A value in a form in which two ways to write it are one."""
    if isinstance(value, bool) or value is None:
        return value
    text = str(value)
    if re.fullmatch(r"(\d+(\.\d+)?(ns|us|ms|s|m|h))+", text):
        parts = re.findall(r"(\d+(?:\.\d+)?)(ns|us|ms|s|m|h)", text)
        return float(sum(float(number) * UNITS[unit] for number, unit in parts))
    if found := re.fullmatch(r"(\d+)(KiB|MiB|GiB)", text):
        return float(int(found[1]) * BYTES[found[2]])
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    return text.rstrip("/")


def differences(given, effective, name):
    """What was given and is not in effect."""
    for key, value in given.items():
        if key == "backoff":
            yield from differences(value, effective.get("backoff", {}), f"{name}backoff.")
        elif key == "filter":
            rendered = json.loads(value) if isinstance(value, str) else value
            patterns = rendered.get("Filters", [rendered]) if isinstance(rendered, dict) else rendered
            if patterns and "queues" not in effective and "filter" not in effective:
                yield f"{name}filter is not in effect"
        elif key in effective and plain(effective[key]) != plain(value):
            yield f"{name}{key} is {effective[key]!r} and was given as {value!r}"


def environment(container):
    env = {"PATH": os.environ["PATH"]}
    for variable in container.get("env", []):
        if "value" in variable:
            env[variable["name"]] = variable["value"]
        elif variable["valueFrom"].get("fieldRef", {}).get("fieldPath") == "status.podIP":
            env[variable["name"]] = POD_IP
    return env


def ask(connector, args, env, folder):
    """The effective configuration. The gateway's credentials are looked for here, not in the pod."""
    command = [connector, "--print-config", f"--secret-mount-path={folder}", *args]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=30)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\nwas refused with {done.returncode}:\n{done.stderr}")
    return yaml.safe_load(done.stdout)


def check(connector, path, folder):
    objects = [it for it in yaml.safe_load_all(path.read_text()) if it]
    (config,) = [it["data"]["config.yaml"] for it in objects if it["kind"] == "ConfigMap" and "config.yaml" in it["data"]]
    file = folder / "config.yaml"
    file.write_text(config)
    given = yaml.safe_load(config)
    pods = [it["spec"]["template"]["spec"] for it in objects if it["kind"] == "Deployment"]
    pods += [it["spec"] for it in objects if it["kind"] == "Pod"]
    for container in [container for pod in pods for container in pod["containers"]]:
        mounts = [mount["mountPath"] for mount in container["volumeMounts"]]
        args = [arg.replace("/etc/sqs-connector", str(folder)) for arg in container["args"]]
        env = environment(container)
        effective = ask(connector, args, env, folder)
        general = {key: value for key, value in given.items() if key not in ("secret_mount_path", "queues")}
        wrong = list(differences(general, effective, ""))
        entries = given.get("queues") or [{"url": url.strip()} for url in given["queue_url"].split(",")]
        for entry in entries:
            (queue,) = [it for it in effective["queues"] if plain(it["url"]) == plain(entry["url"])]
            # What is said for all queues holds for this one too.
            wrong += differences({**general, **entry}, queue, f"{entry['url']}: ")
        if len(effective["queues"]) != len(entries):
            wrong.append(f"{len(effective['queues'])} queues are in effect, and not {len(entries)}")
        if effective.get("region") != env["AWS_DEFAULT_REGION"]:
            wrong.append("AWS_DEFAULT_REGION is not in effect")
        if "callback_url" in effective and "callback_url" not in given and POD_IP not in effective["callback_url"]:
            wrong.append("POD_IP is not in effect")
        if given["basic_auth"] and given["secret_mount_path"] not in mounts:
            wrong.append(f"nothing is mounted at secret_mount_path, {given['secret_mount_path']}")
        if wrong:
            sys.exit(f"{path.name}: " + "\n".join(wrong))
    return {key for part in [given, *given.get("queues", [])] for key in part}


def settings(connector):
    """All settings, as flags."""
    text = subprocess.run([connector, "--help"], capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"^ +(?:-\w, )?--([a-z-]+)", text, re.MULTILINE))


def main(connector, paths, some):
    written = set()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for name in ["basic-auth-user", "basic-auth-password"]:
            (folder / name).write_text("x")
        for path in paths:
            written |= check(connector, pathlib.Path(path), folder)
    if some:
        return
    all_settings = settings(connector)
    assert len(all_settings) > 40, all_settings
    bounds = {"backoff-min", "backoff-max"} if "backoff" in written else set()
    missing = all_settings - NOT_IN_A_FILE - bounds - {key.replace("_", "-") for key in written}
    if missing:
        sys.exit(f"no rendering has these settings of the connector: {', '.join(sorted(missing))}")
    print(f"the connector takes all {len(paths)} renderings, and has none of its {len(all_settings)} flags besides")


if __name__ == "__main__":
    arguments = [argument for argument in sys.argv[1:] if argument != "--some"]
    main(arguments[0], arguments[1:], "--some" in sys.argv)
