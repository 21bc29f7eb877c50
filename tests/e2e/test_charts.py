"""What the charts render, without a pod: style, strictness, golden files, documentation."""

import json
import os
import re

import pytest
import yaml  # type: ignore[import-untyped]

from . import document
from .kube import Namespace, helm
from .release import BASE_VALUES, MYSQL_CHART, ROOT, Values, example_chart, set_words, template_words

GOLDEN = ROOT / "tests" / "e2e" / "golden"
EXAMPLE = ROOT / "tests" / "example"

EVERYTHING: Values = {
    "replicas": 5,
    "firstOrdinal": 1,
    "podManagementPolicy": "OrderedReady",
    "mysql.config": "[mysqld]\nmax_connections=500\n",
    "mysql.resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "1Gi"}},
    "mysql.extraEnv": [{"name": "TZ", "value": "UTC"}],
    "mysql.extraVolumeMounts": [{"name": "more", "mountPath": "/more"}],
    "extraVolumes": [{"name": "more", "emptyDir": {}}],
    "extraContainers": [{"name": "beside", "image": "busybox"}],
    "extraInitContainers": [{"name": "before", "image": "busybox"}],
    "ordinal.nativeSidecar": False,
    "ordinal.config": {"readiness": {"max_lag": "30s"}, "replication": {"semi_sync": False}, "mysql": {"server_id_base": 1000}},
    "auth.existingSecret": "mine",
    "storage.className": "fast",
    "storage.accessModes": ["ReadWriteOncePod"],
    "storage.annotations": {"a.b/c": "d"},
    "services.primary": {"type": "LoadBalancer", "annotations": {"a.b/c": "d"}},
    "updateStrategy": {"type": "OnDelete"},
    "podDisruptionBudget.maxUnavailable": "50%",
    "networkPolicy.mysqlFrom": [{"namespaceSelector": {"matchLabels": {"team": "shop"}}}],
    "networkPolicy.egress.enabled": True,
    "serviceAccount.annotations": {"a.b/c": "d"},
    "affinity": {"nodeAffinity": {}},
    "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {}}],
    "nodeSelector": {"disk": "ssd"},
    "tolerations": [{"operator": "Exists"}],
    "priorityClassName": "high",
    "imagePullSecrets": [{"name": "pull"}],
    "dnsConfig": {"options": [{"name": "timeout", "value": "1"}]},
    "commonLabels": {"team": "shop"},
    "commonAnnotations": {"owner": "shop"},
    "podLabels": {"more": "yes"},
    "podAnnotations": {"more": "yes"},
    "metrics.dashboard.enabled": True,
    "metrics.serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
    "metrics.prometheusRule": {"enabled": True, "labels": {"release": "prometheus"}},
}

VALUE_SETS: dict[str, Values] = {
    "default": {},
    "one": {"replicas": 1, "auth.username": "", "networkPolicy.enabled": False, "podDisruptionBudget.enabled": False},
    "bare": {"serviceAccount.create": False, "defaultSpreading": False, "fullnameOverride": "db", "ordinal.resources": {}},
    "everything": EVERYTHING,
}


def template(values: Values) -> str:
    """What helm renders; passwords, which are random, are replaced by a word."""
    text = helm(*template_words(values, "--namespace", "store"))
    return re.sub(r"(?m)^(  (?:root|agent|replication|clone|application_password): ).*$", r"\1random", text)


@pytest.mark.parametrize("chart", ["charts/ordinal", "charts/mysql", "tests/example/plain", "tests/example/with-ordinal"])
def test_helm_lint_has_nothing_to_say(chart: str) -> None:
    example_chart()
    printed = helm("lint", "--strict", "--kube-version=1.34.0", str(ROOT / chart))
    assert "1 chart(s) linted, 0 chart(s) failed" in printed
    assert "[WARNING]" not in printed


@pytest.mark.parametrize("name", ["default", "everything"])
def test_the_rendering_is_the_golden_one(name: str) -> None:
    """With ORDINAL_WRITE_GOLDEN set they are written anew; a difference in review is a difference in what people install."""
    golden = GOLDEN / f"{name}.yaml"
    if "ORDINAL_WRITE_GOLDEN" in os.environ:
        golden.write_text(template(VALUE_SETS[name]), encoding="utf-8")
    assert template(VALUE_SETS[name]) == golden.read_text(encoding="utf-8")


def create_strictly(namespace: Namespace, text: str) -> None:
    """Has the API server check manifests, but not those of the Prometheus operator where it does not know their kinds."""
    manifests = re.split(r"(?m)^---$", text)
    if "monitoring.coreos.com/" not in namespace.kubectl("api-versions"):
        manifests = [manifest for manifest in manifests if "\napiVersion: monitoring.coreos.com/" not in manifest]
    namespace.kubectl("create", "--dry-run=server", "--validate=strict", "--filename", "-", stdin="---".join(manifests))


@pytest.mark.parametrize("name", VALUE_SETS)
def test_the_api_server_accepts_the_rendering_with_strict_validation(shared_namespace: Namespace, name: str) -> None:
    create_strictly(shared_namespace, helm(*template_words(VALUE_SETS[name] | BASE_VALUES, "--namespace", shared_namespace.name)))


@pytest.mark.parametrize("chart", ["plain", "with-ordinal"])
def test_the_api_server_accepts_the_examples_with_strict_validation(shared_namespace: Namespace, chart: str) -> None:
    path = example_chart().parent / chart
    create_strictly(shared_namespace, helm("template", "db", str(path), "--kube-version=1.34.0", "--namespace", shared_namespace.name))


def test_common_labels_and_annotations_are_on_everything_but_the_volume_claims() -> None:
    values = {"commonLabels": {"team": "shop"}, "commonAnnotations": {"owner": "shop"}, "auth.existingSecret": ""}
    manifests = list(yaml.safe_load_all(template(EVERYTHING | values)))
    stateful_set = next(manifest for manifest in manifests if manifest["kind"] == "StatefulSet")
    for manifest in [*manifests, stateful_set["spec"]["template"]]:
        metadata = manifest["metadata"]
        assert metadata["labels"]["team"] == "shop" and metadata["annotations"]["owner"] == "shop", manifest
    assert len(manifests) == 14, [manifest["kind"] for manifest in manifests]
    claim = stateful_set["spec"]["volumeClaimTemplates"][0]["metadata"]
    assert "team" not in claim["labels"] and "owner" not in claim["annotations"]


def test_the_example_has_its_agent_as_an_ordinary_container_too() -> None:
    text = helm("template", "db", str(example_chart()), "--kube-version=1.34.0", "--set", "ordinal.nativeSidecar=false")
    found = next(manifest for manifest in yaml.safe_load_all(text) if manifest["kind"] == "StatefulSet")
    assert [container["name"] for container in found["spec"]["template"]["spec"]["containers"]] == ["mysql", "ordinal"]


# What NOTES.txt says of a release that was not made, by its values.
NOTES: dict[str, tuple[Values, list[str], list[str]]] = {
    "default": ({}, ["The account app, ", "The volumes stay ", "-credentials stays "], ["With one pod"]),
    "without an account": ({"auth.username": ""}, [], ["The account", "application_password"]),
    "volumes that go": ({"storage.retention.whenDeleted": "Delete"}, ["The volumes, and the data on them, are deleted "], ["volumes stay"]),
    "a Secret to come": ({"auth.existingSecret": "mine"}, ["your Secret mine, which is not there yet"], ["application_password", "stays"]),
    "one pod": ({"replicas": 1}, ["With one pod there is no replica"], []),
}


@pytest.mark.parametrize("name", NOTES)
def test_the_notes_say_what_is_true_of_the_values(shared_namespace: Namespace, name: str) -> None:
    values, said, unsaid = NOTES[name]
    words = ("install", "shop", str(MYSQL_CHART), "--namespace", shared_namespace.name, "--dry-run=server", *set_words(values))
    notes = helm(*words).partition("\nNOTES:\n")[2]
    assert all(sentence in notes for sentence in said), notes
    assert not any(sentence in notes for sentence in unsaid), notes


def pod_template(values: Values) -> object:
    text = helm(*template_words(values, "--show-only", "templates/statefulset.yaml"))
    return yaml.safe_load(text)["spec"]["template"]


def test_a_change_of_the_number_of_pods_does_not_change_the_pods() -> None:
    assert pod_template({"replicas": 3}) == pod_template({"replicas": 5})


@pytest.mark.parametrize("values", [{"mysql.config": "[mysqld]\nmax_connections=9\n"}, {"ordinal.config": {"log": {"format": "json"}}}])
def test_a_change_of_settings_rolls_the_pods(values: Values) -> None:
    assert pod_template({}) != pod_template(values)


def test_a_secret_that_is_rendered_without_asking_the_cluster_is_immutable() -> None:
    text = helm(*template_words({}, "--show-only", "templates/secret.yaml"))
    assert "\nimmutable: true\n" in text and "helm.sh/resource-policy: keep" in text


def test_the_charts_and_the_agent_have_one_version() -> None:
    version = re.search(r"project\(ordinal VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text(encoding="utf-8"))
    assert version
    for chart in ("ordinal", "mysql"):
        folder = ROOT / "charts" / chart
        assert f"\nversion: {version[1]}\n" in (folder / "Chart.yaml").read_text(encoding="utf-8")
        assert f"tag: {version[1]}\n" in (folder / "values.yaml").read_text(encoding="utf-8")


def test_the_schema_knows_every_setting_of_the_agent_that_a_chart_may_set() -> None:
    text = (ROOT / "config" / "ordinal.toml").read_text(encoding="utf-8")
    keys = set()
    for line in text.splitlines():
        if section := re.fullmatch(r"\[(\w+)\]", line):
            current = section[1]
        elif key := re.fullmatch(r"#(\w+) = .*", line):
            keys.add(f"{current}.{key[1]}")
    schema = json.loads((ROOT / "charts" / "ordinal" / "values.schema.json").read_text(encoding="utf-8"))
    sections = schema["properties"]["config"]["properties"]
    known = {f"{section}.{key}" for section, found in sections.items() for key in found["properties"]}
    # What the chart itself decides: names, paths, ports.
    of_the_chart = {
        "cluster.statefulset", "cluster.service", "cluster.replicas", "cluster.first_ordinal", "volume.path", "mysql.socket", "mysql.port",
        "mysql.settings_directory", "tls.directory", "http.listen", "agent.run_directory", "credentials.directory",
    }  # fmt: skip
    assert known == keys - of_the_chart


@pytest.mark.parametrize("chart", ["ordinal", "mysql"])
def test_the_readme_of_a_chart_documents_every_value(chart: str) -> None:
    folder = ROOT / "charts" / chart
    assert (folder / "README.md").read_text(encoding="utf-8") == document.readme(folder), "./dev docs writes it anew"


@pytest.mark.parametrize("chart", ["ordinal", "mysql"])
def test_every_value_is_documented_and_known_to_the_schema(chart: str) -> None:
    folder = ROOT / "charts" / chart
    text = (folder / "values.yaml").read_text(encoding="utf-8")
    values = yaml.safe_load(text)
    schema = json.loads((folder / "values.schema.json").read_text(encoding="utf-8"))
    if chart == "mysql":
        of_the_library = json.loads((ROOT / "charts" / "ordinal" / "values.schema.json").read_text(encoding="utf-8"))["properties"]
        assert values["ordinal"].keys() <= of_the_library.keys()
        # What the chart gives the library is no choice of a person's: the schema has constants for it.
        own = schema["properties"].pop("ordinal")["properties"].keys()
    paths = {path for path, _ in document.documented(text)}
    assert set(document.undocumented(values, paths)) == ({f"ordinal.{key}" for key in own} if chart == "mysql" else set())
    assert set(document.unlike(schema, values, schema)) == ({"global", "ordinal"} if chart == "mysql" else {"global"})


# The templates of the library that only its other templates include.
INTERNAL = {
    "agentImage", "annotations", "configMapMetadata", "firstOrdinal", "labels", "number", "podManagementPolicy", "rendered", "replicas",
    "selectorLabels", "service", "serviceMetadata", "sharedVolumeMounts", "toml", "tomlValue",
}  # fmt: skip


def test_the_readme_of_the_library_has_every_template_with_an_example() -> None:
    folder = ROOT / "charts" / "ordinal"
    sources = "".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("templates/_*.tpl")))
    rows = re.findall(r"(?m)^\| (`ordinal\.v1\..*?) \| .* \| (.*?) \|$", (folder / "README.md").read_text(encoding="utf-8"))
    documented = set()
    for names, example in rows:
        named = set(re.findall(r"ordinal\.v1\.(\w+)", names))
        assert named == set(re.findall(r'include "ordinal\.v1\.(\w+)"', example)), names
        documented |= named
    assert documented | INTERNAL == set(re.findall(r'define "ordinal\.v1\.(\w+)"', sources))
    assert not documented & INTERNAL


def test_the_readme_shows_what_the_library_adds_to_the_example() -> None:
    assert document.example_difference(EXAMPLE) in (ROOT / "README.md").read_text(encoding="utf-8"), "./dev docs writes it anew"
