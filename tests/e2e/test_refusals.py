"""What cannot work fails early, with a sentence: in helm where it can be known there, else in the pod's state and log."""

import base64
import subprocess

import pytest
from pods.waiting import wait_for

from .client import POD_SECURITY, SECURITY
from .conftest import Installer
from .kube import CommandError, Namespace
from .release import Release, Values, template_words

ACCOUNTS = ("root", "agent", "replication", "clone")


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
}


@pytest.mark.parametrize("what", REFUSED)
def test_helm_refuses_values_that_cannot_work(what: str) -> None:
    values, sentence = REFUSED[what]
    done = subprocess.run(["helm", *template_words(values)], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode != 0
    assert sentence in done.stderr, done.stderr


def secret_of(accounts: tuple[str, ...]) -> dict[str, str]:
    return {account: base64.b64encode(f"password-of-{account}".encode()).decode() for account in accounts}


def make_secret(namespace: Namespace, name: str, accounts: tuple[str, ...]) -> None:
    namespace.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": secret_of(accounts)})


def test_a_secret_that_lacks_a_key_is_refused_by_helm_install(namespace: Namespace) -> None:
    make_secret(namespace, "mine", ("root", "agent", "clone"))
    with pytest.raises(CommandError, match=r'the Secret "mine" lacks replication'):
        Release(namespace, "shop", {"auth.existingSecret": "mine"}).install(wait_seconds=None)


def test_a_secret_of_ones_own_is_used(namespace: Namespace, install: Installer) -> None:
    make_secret(namespace, "mine", ACCOUNTS)
    release = install("shop", {"auth.existingSecret": "mine", "replicas": 1})
    assert [secret["metadata"]["name"] for secret in namespace.list("secrets") if secret["type"] == "Opaque"] == ["mine"]
    assert release.value(0, "SELECT CURRENT_USER()") == "root@localhost"


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


def test_a_headless_service_of_another_name_is_named_in_the_log(namespace: Namespace) -> None:
    """As in a chart of somebody's own whose StatefulSet names another Service than the library makes."""
    release = Release(namespace, "shop", {"ordinal.config": {"cluster": {"domain": "other.local"}}, "replicas": 1})
    release.install(wait_seconds=None)
    sentence = "cluster.domain: the configuration says other.local and the pod's own name says cluster.local"
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
