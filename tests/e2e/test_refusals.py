"""What cannot work fails early, with a sentence: in helm where it can be known there, else in the pod's state and log."""

import re
import subprocess

import pytest
import yaml  # type: ignore[import-untyped]
from pods.waiting import wait_for

from . import document
from .client import POD_SECURITY, SECURITY
from .conftest import Installer
from .kube import CommandError, Namespace, helm
from .release import MYSQL_CHART, Release, Values, example_chart, set_words, template_words

ACCOUNTS = ("root", "agent", "replication", "clone")
APPLICATION = ("application_user", "application_password", "application_database")
NAMES = {"application_user": "clerk", "application_database": "store"}


# What the values say that cannot work, and what helm's sentence names.
REFUSED: dict[str, tuple[Values, str]] = {
    "no pods": ({"replicas": 0}, "replicas"),
    "too small a grace period": ({"terminationGracePeriodSeconds": 10}, "terminationGracePeriodSeconds"),
    "an unknown key": ({"replica": 3}, "replica"),
    "an unknown key further down": ({"storage.length": "1Gi"}, "length"),
    "a number for a tag": ({"mysql.image.tag": 9.7}, "tag"),
    "a duration without a unit": ({"ordinal.config": {"clone": {"stall_timeout": 60}}}, "stall_timeout"),
    "an unknown setting of the agent": ({"ordinal.config": {"clone": {"stall": "60s"}}}, "stall"),
    "a name that ends like a pod": ({"fullnameOverride": "db-1"}, "ends in a number"),
    "a name that is too long": ({"fullnameOverride": "d" * 53}, "52"),
    "an account without a database": ({"auth.database": ""}, "auth.database"),
    "no number of pods": ({"replicas": None}, "replicas"),
    "no grace period": ({"terminationGracePeriodSeconds": None}, "terminationGracePeriodSeconds"),
    "no tag": ({"mysql.image.tag": None}, "tag"),
    "no library": ({"ordinal": None}, "mysqlImage"),
    "a number of pods for the agent alone": ({"ordinal.replicas": 7}, "{{ .Values.replicas }}"),
    "settings of MySQL for the library alone": ({"ordinal.mysqlConfig": "[mysqld]"}, "{{ .Values.mysql.config }}"),
    "another data volume than the StatefulSet's": ({"ordinal.dataVolume": "other"}, "dataVolume"),
}

# The same of a chart that includes the library and hands it templates of its own values.
REFUSED_BY_THE_LIBRARY: dict[str, tuple[Values, str]] = {
    "no pods": ({"replicas": 0}, 'ordinal.replicas: "0" is not a whole number from 1 to 100'),
    "a word for the number of pods": ({"replicas": "three"}, 'ordinal.replicas: "three" is not a whole number from 1 to 100'),
    "too many pods": ({"replicas": 101}, 'ordinal.replicas: "101" is not a whole number from 1 to 100'),
    "a word for the first ordinal": (
        {"first": "one", "ordinal.firstOrdinal": "{{ .Values.first }}"},
        'ordinal.firstOrdinal: "one" is not a whole number from 0 to 999999',
    ),
    "an unknown policy": (
        {"policy": "Serial", "ordinal.podManagementPolicy": "{{ .Values.policy }}"},
        'ordinal.podManagementPolicy: "Serial" is neither Parallel nor OrderedReady',
    ),
}


def words_of_failure(words: list[str]) -> str:
    done = subprocess.run(["helm", *words], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode != 0
    return done.stderr


@pytest.mark.parametrize("what", REFUSED)
def test_helm_refuses_values_that_cannot_work(what: str) -> None:
    values, sentence = REFUSED[what]
    said = words_of_failure(template_words(values))
    assert sentence in said, said


@pytest.mark.parametrize("what", REFUSED_BY_THE_LIBRARY)
def test_the_library_refuses_values_that_cannot_work(what: str) -> None:
    values, sentence = REFUSED_BY_THE_LIBRARY[what]
    said = words_of_failure(["template", "db", str(example_chart()), "--kube-version=1.34.0", *set_words(values)])
    assert sentence.replace('"', '\\"') in said or sentence in said, said


def test_what_the_chart_gives_the_library_cannot_be_given_otherwise() -> None:
    """The values under `ordinal` that have no documentation there are the chart's own."""
    text = (MYSQL_CHART / "values.yaml").read_text(encoding="utf-8")
    documented = {path for path, _ in document.documented(text)}
    own = {key for key, value in yaml.safe_load(text)["ordinal"].items() if f"ordinal.{key}" not in documented and key != "image"}
    said = words_of_failure(template_words({f"ordinal.{key}": "other" for key in own}))
    assert len(own) == 14
    assert {key for key in own if re.search(rf"ordinal\W{key}\b", said)} == own, said


def make_secret(namespace: Namespace, name: str, keys: tuple[str, ...]) -> None:
    """A Secret whose values are words that tell their keys; the names of account and database are to be short ones."""
    data = {key: f"password-of-{key}" for key in keys} | {key: word for key, word in NAMES.items() if key in keys}
    namespace.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": data})


@pytest.mark.parametrize(
    "keys, lacking",
    [
        (("root", "agent", "clone"), "replication"),
        ((*ACCOUNTS, "application_user"), "application_password, application_database"),
        ((*ACCOUNTS, "application_user", "application_database"), "application_password"),
        ((*ACCOUNTS, "application_user", "application_password"), "application_database"),
    ],
)
def test_a_secret_that_lacks_a_key_is_refused_by_helm_install(shared_namespace: Namespace, keys: tuple[str, ...], lacking: str) -> None:
    shared_namespace.kubectl("delete", "secret", "mine", "--ignore-not-found")
    make_secret(shared_namespace, "mine", keys)
    with pytest.raises(CommandError, match=f'the Secret "mine" lacks {lacking}:'):
        Release(shared_namespace, "lacking", {"auth.existingSecret": "mine"}).install(wait_seconds=None)


def test_another_name_for_the_account_in_a_secret_that_was_kept_is_refused(shared_namespace: Namespace) -> None:
    make_secret(shared_namespace, "kept-mysql-credentials", (*ACCOUNTS, *APPLICATION))
    with pytest.raises(CommandError, match='the Secret "kept-mysql-credentials" has application_user "clerk", and the values say "other"'):
        Release(shared_namespace, "kept", {"auth.username": "other", "auth.database": "store"}).install(wait_seconds=None)


def helm_test_says(release: Release) -> str:
    """What the pod of a `helm test` that must fail has said."""
    with pytest.raises(CommandError):
        helm("test", release.name, "--namespace", release.namespace.name, limit_seconds=150)
    return release.namespace.kubectl("logs", f"{release.statefulset}-test")


def test_a_secret_of_ones_own_is_used(namespace: Namespace, install: Installer) -> None:
    make_secret(namespace, "mine", ACCOUNTS)
    release = install("shop", {"auth.existingSecret": "mine", "replicas": 1})
    assert [secret["metadata"]["name"] for secret in namespace.list("secrets") if secret["type"] == "Opaque"] == ["mine"]
    assert release.value(0, "SELECT CURRENT_USER()") == "root@localhost"
    assert "the Secret has no application_user" in helm_test_says(release)


def test_an_account_in_a_secret_of_ones_own_can_write(namespace: Namespace, install: Installer) -> None:
    make_secret(namespace, "mine", (*ACCOUNTS, *APPLICATION))
    release = install("shop", {"auth.existingSecret": "mine", "replicas": 2})
    assert "The account clerk, with all rights on the database store;" in release.notes()
    printed = helm("test", release.name, "--namespace", namespace.name, "--logs", limit_seconds=150)
    assert all(f"{release.pod(ordinal)}: read" in printed for ordinal in range(2))
    namespace.kubectl("patch", "secret", "mine", "--type=json", '--patch=[{"op": "remove", "path": "/data/application_database"}]')
    assert "the Secret has no application_database" in helm_test_says(release)


def wait_for_words(release: Release, ordinal: int, container: str, words: str) -> None:
    """Returns when a container's log, that of its last failure too, has the words."""

    def said() -> bool:
        text = release.namespace.kubectl("logs", release.pod(ordinal), "--container", container)
        try:
            text += release.namespace.kubectl("logs", release.pod(ordinal), "--container", container, "--previous")
        except CommandError:
            pass  # it has not failed yet
        return words in text

    wait_for(said, 90, f"{container} of {release.pod(ordinal)} says: {words}")


def test_another_domain_than_the_clusters_is_named_in_the_log(namespace: Namespace) -> None:
    release = Release(namespace, "shop", {"ordinal.config": {"cluster": {"domain": "other.local"}}, "replicas": 1})
    release.install(wait_seconds=None)
    sentence = "cluster.domain: the configuration says other.local and the pod's own name says cluster.local"
    wait_for_words(release, 0, "ordinal-init", sentence)


def test_a_headless_service_of_another_name_is_named_in_the_log(namespace: Namespace) -> None:
    """A chart of somebody's own whose StatefulSet names another Service than the library makes."""
    release = Release(namespace, "db", {"ordinal.name": "other", "replicas": 1}, chart=example_chart())
    release.install(wait_seconds=None)
    sentence = "cluster.service: the configuration says other and the pod's own name says db"
    wait_for_words(release, 0, "ordinal-init", sentence)


def test_an_image_without_mysqld_is_named_in_the_state_and_the_log(namespace: Namespace) -> None:
    release = Release(namespace, "shop", {"mysql.image.repository": "debian", "mysql.image.tag": "trixie-slim", "replicas": 1})
    release.install(wait_seconds=None)
    status = release.wait_status(0, lambda found: found["state"] == "refused", 60, "refused")
    assert "mysqld" in status["reason"]["text"], status["reason"]
    wait_for_words(release, 0, "ordinal-init", status["reason"]["text"])


def test_an_image_without_the_clone_plugin_is_named_in_the_state_and_the_log(namespace: Namespace) -> None:
    release = Release(namespace, "shop", {"mysql.image.tag": "no-clone", "replicas": 1})
    release.install(wait_seconds=None)
    status = release.wait_status(0, lambda found: found["state"] == "refused", 60, "refused")
    assert "clone" in status["reason"]["text"], status["reason"]
    wait_for_words(release, 0, "ordinal-init", status["reason"]["text"])


def copy_identity(namespace: Namespace, text: str, claim: str) -> None:
    """Makes a volume that holds nothing but an identity file."""
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    namespace.apply({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": claim}, "spec": spec})
    container = {
        "name": "copy",
        "image": "ordinal-mysql:test",
        "command": ["bash", "-ec", 'printf "%s" "$TEXT" > /volume/identity.toml; mkdir /volume/data; : > /volume/data/kept'],
        "env": [{"name": "TEXT", "value": text}],
        "securityContext": SECURITY,
        "volumeMounts": [{"name": "volume", "mountPath": "/volume"}],
    }
    volumes = [{"name": "volume", "persistentVolumeClaim": {"claimName": claim}}]
    pod = {"restartPolicy": "Never", "securityContext": POD_SECURITY, "containers": [container], "volumes": volumes}
    namespace.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "copy"}, "spec": pod})
    namespace.kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/copy", "--timeout=60s", limit_seconds=90)
    namespace.delete("pod/copy")


def test_a_volume_of_another_release_is_refused_and_untouched(namespace: Namespace, install: Installer) -> None:
    owner = install("mine", {"replicas": 1})
    identity = namespace.kubectl("exec", owner.pod(0), "--container", "mysql", "--", "/ordinal/ordinal", "identity")
    copy_identity(namespace, identity, "data-other-mysql-0")
    other = Release(namespace, "other", {"replicas": 1})
    other.install(wait_seconds=None)
    status = other.wait_status(0, lambda found: found["state"] == "refused", 60, "refused")
    assert status["reason"]["code"] == "FOREIGN_VOLUME"
    assert "mine-mysql-0" in status["reason"]["text"] and "other-mysql-0" in status["reason"]["text"]
    wait_for_words(other, 0, "ordinal-init", "FOREIGN_VOLUME")
    read = 'cat /var/lib/ordinal/identity.toml; ls /var/lib/ordinal/data'
    seen = namespace.execute(other.pod(0), "ordinal-init", read)
    assert seen == identity + "kept\n"
