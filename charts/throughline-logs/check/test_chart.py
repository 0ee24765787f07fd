"""What the chart renders: least privilege, read-only mounts, and values that are refused with a
sentence."""

import unittest
from pathlib import Path

import yaml

from rendered import CHART, URL, Refused, config, one, render

VALUES = sorted((CHART / "check" / "values").glob("*.yaml"))


def daemonset(*settings: str) -> dict:
    return one(render(URL, *settings), "DaemonSet")["spec"]["template"]


class Pods(unittest.TestCase):
    def test_no_container_may_more_than_read_logs_and_write_its_own_state(self):
        for file in VALUES:
            for made in render(values=file):
                if made["kind"] not in ("DaemonSet", "Job"):
                    continue
                pod = made["spec"]["template"]["spec"]
                self.assertEqual(pod["securityContext"]["seccompProfile"], {"type": "RuntimeDefault"})
                self.assertFalse({"hostNetwork", "hostPID", "hostIPC"} & set(pod))
                for container in pod["containers"]:
                    context = container["securityContext"]
                    self.assertEqual(context["capabilities"], {"drop": ["ALL"]})
                    self.assertFalse(context["allowPrivilegeEscalation"])
                    self.assertTrue(context["readOnlyRootFilesystem"])
                    self.assertIn("memory", container["resources"]["limits"])
                    self.assertNotIn(":latest", container["image"])
                hosts = {volume["name"]: volume["hostPath"]["path"] for volume in pod["volumes"] if "hostPath" in volume}
                for mount in pod["containers"][0]["volumeMounts"]:
                    if mount["name"] in hosts and mount["name"] != "state":
                        self.assertTrue(mount["readOnly"], f"{file.name}: {mount}")
                if made["kind"] == "Job":
                    self.assertTrue(pod["securityContext"]["runAsNonRoot"])
                    self.assertFalse(hosts)
                    self.assertFalse(pod["automountServiceAccountToken"])

    def test_every_mount_has_its_volume_and_every_port_its_listener(self):
        for file in VALUES:
            objects = render(values=file)
            for made in objects:
                if made["kind"] not in ("DaemonSet", "Job"):
                    continue
                pod = made["spec"]["template"]["spec"]
                volumes = {volume["name"] for volume in pod["volumes"]}
                container = pod["containers"][0]
                self.assertEqual({mount["name"] for mount in container["volumeMounts"]}, volumes, file.name)
                ports = {port["name"] for port in container.get("ports", [])}
                for probe in ["readinessProbe", "livenessProbe"]:
                    if probe in container:
                        self.assertIn(container[probe]["httpGet"]["port"], ports)
                for service in [found for found in objects if found["kind"] == "Service" and made["kind"] == "DaemonSet"]:
                    self.assertLessEqual({port["targetPort"] for port in service["spec"]["ports"]}, ports)

    def test_pods_start_anew_when_their_configuration_changes(self):
        of = lambda *settings: daemonset(*settings)["metadata"]["annotations"]["checksum/config"]
        self.assertNotEqual(of(), of("collector.queue.batches=7"))
        self.assertEqual(of(), of())

    def test_a_secret_is_named_and_never_written(self):
        for shipper in ["collector", "filebeat"]:
            objects = render(URL, f"shipper={shipper}", "elasticsearch.credentialsSecret=es")
            environment = one(objects, "DaemonSet")["spec"]["template"]["spec"]["containers"][0]["env"]
            self.assertIn({"secretKeyRef": {"name": "es", "key": "api_key"}}, [entry.get("valueFrom") for entry in environment])


class Rights(unittest.TestCase):
    def test_the_account_may_only_read_pods_and_namespaces(self):
        rules = one(render(URL), "ClusterRole")["rules"]
        self.assertEqual(rules, [{"apiGroups": [""], "resources": ["pods", "namespaces"], "verbs": ["get", "list", "watch"]}])

    def test_without_kubernetes_metadata_nothing_is_asked_and_no_token_is_there(self):
        objects = render(URL, "collector.kubernetesMetadata=false")
        self.assertFalse([made for made in objects if made["kind"].startswith("ClusterRole")])
        self.assertFalse(one(objects, "DaemonSet")["spec"]["template"]["spec"]["automountServiceAccountToken"])
        self.assertNotIn("k8sattributes", yaml.safe_load(config(objects, "collector.yaml"))["processors"])


class CollectorConfiguration(unittest.TestCase):
    def made(self, *settings: str) -> dict:
        return yaml.safe_load(config(render(URL, *settings), "collector.yaml"))

    def test_every_part_that_is_named_is_there_and_every_part_that_is_there_is_used(self):
        for file in VALUES:
            objects = render(values=file)
            if one(objects, "DaemonSet")["spec"]["template"]["spec"]["containers"][0]["name"] == "filebeat":
                continue
            made = yaml.safe_load(config(objects, "collector.yaml"))
            self.assertEqual(set(made["service"]["extensions"]), set(made["extensions"]))
            for kind in ["receivers", "processors", "exporters"]:
                used = {name for pipeline in made["service"]["pipelines"].values() for name in pipeline[kind]}
                self.assertEqual(used, set(made[kind]), f"{file.name}: {kind}")

    def test_the_mapping_mode_is_said_where_each_release_reads_it(self):
        made = self.made()
        self.assertEqual(made["exporters"]["elasticsearch"]["mapping"]["mode"], "bodymap")
        statements = [text for group in made["processors"]["transform/document"]["log_statements"] for text in group["statements"]]
        self.assertIn('set(scope.attributes["elastic.mapping.mode"], "bodymap")', statements)

    def test_the_queue_and_the_read_positions_are_on_the_disk_and_nothing_is_dropped_when_it_is_full(self):
        made = self.made()
        queue = made["exporters"]["otlphttp/queue"]
        self.assertEqual((queue["sending_queue"]["storage"], queue["sending_queue"]["block_on_overflow"]), ("file_storage", True))
        self.assertEqual(queue["retry_on_failure"]["max_elapsed_time"], 0)
        self.assertEqual(queue["endpoint"], "http://" + made["receivers"]["otlp/queue"]["protocols"]["http"]["endpoint"])
        self.assertTrue(queue["endpoint"].startswith("http://127.0.0.1:"))
        self.assertFalse(made["exporters"]["elasticsearch"]["sending_queue"]["enabled"])
        self.assertEqual(made["receivers"]["filelog"]["storage"], "file_storage")
        self.assertEqual(made["receivers"]["filelog"]["retry_on_failure"], {"enabled": True, "max_elapsed_time": 0})
        self.assertEqual(made["extensions"]["file_storage"]["directory"], "/var/lib/throughline-logs")

    def test_only_the_named_namespaces_are_read_and_never_its_own_pods(self):
        made = self.made('namespaces=["a","b-c"]')["receivers"]["filelog"]
        self.assertEqual({path.split("/")[4].split("_")[0] for path in made["include"]}, {"a", "b-c"})
        self.assertIn("/var/log/pods/logging_logs-throughline-logs-*/*/*", made["exclude"])

    def test_traces_go_to_xray_by_the_correlation_id_and_to_otlp(self):
        made = self.made("traces.enabled=true", "traces.xray.enabled=true", "traces.otlp.endpoint=http://tempo:4318")
        self.assertEqual(made["service"]["pipelines"]["traces"]["exporters"], ["awsxray", "otlphttp"])
        self.assertEqual(made["exporters"]["awsxray"]["indexed_attributes"], ["messaging.message.conversation_id"])
        self.assertNotIn("traces", self.made()["service"]["pipelines"])


class FilebeatConfiguration(unittest.TestCase):
    def setUp(self):
        self.objects = render(URL, "shipper=filebeat", "elasticsearch.credentialsSecret=es")
        self.made = yaml.safe_load(config(self.objects, "filebeat.yml"))

    def test_each_input_has_an_id_of_its_own_and_reads_small_files(self):
        inputs = self.made["filebeat.inputs"]
        self.assertEqual(len({made["id"] for made in inputs}), len(inputs))
        for made in inputs:
            self.assertEqual(made["type"], "filestream")
            self.assertEqual(made["prospector.scanner.fingerprint.length"], 64)
            self.assertTrue(made["prospector.scanner.symlinks"])
            self.assertEqual(made["paths"], ["/var/log/containers/*_openfaas_*.log", "/var/log/containers/*_openfaas-fn_*.log"])
            self.assertEqual(made["index"], "logs-throughline-default")

    def test_each_stream_is_read_once_and_json_on_standard_output_alone(self):
        streams = {made["parsers"][0]["container"]["stream"]: made["parsers"][1] for made in self.made["filebeat.inputs"]}
        self.assertEqual(set(streams), {"stdout", "stderr"})
        wanted = {"target": "", "overwrite_keys": True, "expand_keys": True, "add_error_key": True}
        self.assertEqual(streams["stdout"], {"ndjson": wanted})

    def test_neither_index_nor_autodiscover_is_set(self):
        self.assertNotIn("index", self.made["output.elasticsearch"])
        self.assertNotIn("filebeat.autodiscover", self.made)
        matchers = self.made["processors"][0]["add_kubernetes_metadata"]["matchers"]
        self.assertEqual(matchers, [{"logs_path": {"logs_path": "/var/log/containers/"}}])


class Values(unittest.TestCase):
    def refused(self, *settings: str) -> str:
        with self.assertRaises(Refused) as caught:
            render(*settings)
        return str(caught.exception)

    def test_what_is_missing_or_contradicts_itself_is_said_with_what_to_do(self):
        self.assertIn("elasticsearch.url is empty: set it", self.refused())
        self.assertIn("nothing takes the traces: set traces.xray.enabled", self.refused(URL, "traces.enabled=true"))
        self.assertIn("shipper is filebeat", self.refused(URL, "shipper=filebeat", "traces.enabled=true", "traces.xray.enabled=true"))

    def test_unknown_keys_and_wrong_values_are_refused_by_name(self):
        for setting, named in [
            ("elasticsearch.ulr=http://x", "ulr"), ("shipper=fluentd", "shipper"), ("namespaces=[]", "namespaces"),
            ("elasticsearch.url=elasticsearch", "url"), ("elasticsearch.dataStream=mine", "dataStream"),
            ("collector.queue.batches=0", "batches"), ("setup.enabled=yes", "enabled"), ("prices.logsPerGB=-1", "logsPerGB"),
            ("collector.logLevel=loud", "logLevel"), ("maxUnavailable=half", "maxUnavailable"), ("stateDirectory=var", "stateDirectory"),
            ("serviceAccount.annotation.a=b", "annotation"), ('namespaces=["A_b"]', "namespaces"), ("traces.xray.region=Paris", "region"),
        ]:  # fmt: skip
            self.assertIn(named, self.refused(URL, setting), setting)

    def test_the_schema_knows_every_value_and_no_other(self):
        import json

        schema = json.loads((CHART / "values.schema.json").read_text())

        def compare(values: dict, properties: dict, at: str) -> None:
            self.assertEqual(set(values) | {"global"} & set(properties), set(properties), at)
            for name, value in values.items():
                inner = properties[name]
                if "$ref" in inner:
                    inner = schema["definitions"][inner["$ref"].split("/")[-1]]
                if isinstance(value, dict) and name not in ("resources", "nodeSelector") and inner.get("properties"):
                    self.assertFalse(inner["additionalProperties"], f"{at}{name}")
                    compare(value, inner["properties"], f"{at}{name}.")

        compare(yaml.safe_load((CHART / "values.yaml").read_text()), schema["properties"], "")

    def test_prices_reach_the_pipeline(self):
        import json

        objects = render(URL, "prices.sqsPerMillion=1", "prices.apiGatewayPerMillion=2", "prices.logsPerGB=0")
        pipeline = json.loads(config(objects, "lines-pipeline.json"))
        params = pipeline["processors"][1]["script"]["params"]
        self.assertEqual(params["usd_per_byte"], 0)
        self.assertAlmostEqual(params["usd_per_milestone"]["WEBHOOK_RECEIVED"], 3e-6)
        default = json.loads((CHART / "elastic" / "lines-pipeline.json").read_text())
        unchanged = json.loads(config(render(URL), "lines-pipeline.json"))
        for name, usd in default["processors"][1]["script"]["params"]["usd_per_milestone"].items():
            self.assertAlmostEqual(unchanged["processors"][1]["script"]["params"]["usd_per_milestone"][name], usd)
        unchanged["processors"][1]["script"]["params"] = default["processors"][1]["script"]["params"]
        self.assertEqual(unchanged, default)


class Rendered(unittest.TestCase):
    def test_every_values_file_renders_and_no_object_has_the_name_of_another(self):
        self.assertGreaterEqual(len(VALUES), 6)
        for file in VALUES:
            names = [(made["kind"], made["metadata"]["name"]) for made in render(values=file)]
            self.assertEqual(len(names), len(set(names)), file.name)

    def test_the_configuration_of_every_values_file_is_yaml(self):
        for file in VALUES:
            for made in render(values=file):
                for name, text in (made.get("data") or {}).items() if made["kind"] == "ConfigMap" else []:
                    if Path(name).suffix in (".yaml", ".yml", ".json"):
                        self.assertIsInstance(yaml.safe_load(text), dict, f"{file.name}: {name}")
