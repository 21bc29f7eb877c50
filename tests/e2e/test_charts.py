"""What the charts render, without a pod: style, strictness, golden files, documentation."""

import json
import os
import re

import pytest
import yaml  # type: ignore[import-untyped]

from . import document
from .kube import Namespace, helm
from .release import BASE_VALUES, ROOT, Values, template_words

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


@pytest.mark.parametrize("chart", ["ordinal", "mysql"])
def test_helm_lint_has_nothing_to_say(chart: str) -> None:
    printed = helm("lint", "--strict", "--kube-version=1.34.0", str(ROOT / "charts" / chart))
    assert "1 chart(s) linted, 0 chart(s) failed" in printed
    assert "[WARNING]" not in printed


@pytest.mark.parametrize("name", ["default", "everything"])
def test_the_rendering_is_the_golden_one(name: str) -> None:
    """With ORDINAL_WRITE_GOLDEN set they are written anew; a difference in review is a difference in what people install."""
    golden = GOLDEN / f"{name}.yaml"
    if "ORDINAL_WRITE_GOLDEN" in os.environ:
        golden.write_text(template(VALUE_SETS[name]), encoding="utf-8")
    assert template(VALUE_SETS[name]) == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", VALUE_SETS)
def test_the_api_server_accepts_the_rendering_with_strict_validation(shared_namespace: Namespace, name: str) -> None:
    text = helm(*template_words(VALUE_SETS[name] | BASE_VALUES, "--namespace", shared_namespace.name, "--no-hooks"))
    shared_namespace.kubectl("create", "--dry-run=server", "--validate=strict", "--filename", "-", stdin=text)


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


def test_the_readme_shows_what_the_library_adds_to_the_example() -> None:
    assert document.example_difference(EXAMPLE) in (ROOT / "README.md").read_text(encoding="utf-8"), "./dev docs writes it anew"
