"""The chart renders, its objects are valid on three Kubernetes versions, and every pod is restricted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

helm = pytest.importorskip("helm_python", reason="helm-python-sdk has no wheel for this platform")

CHART = Path(__file__).parents[2] / "charts" / "vienna"
VERSIONS = ("1.29", "1.33", "1.37")
VALUES: dict[str, dict[str, Any]] = {
    "defaults": {},
    "own policies": {"control": {"policies": {"starter.yaml": "apiVersion: vienna/v1\n"}}},
    "own claim, open network": {
        "control": {"persistence": {"existingClaim": "mine"}},
        "networkPolicy": {"enabled": False},
    },
    "private registry": {
        "images": {
            "control": {"repository": "registry.corp.example:5000/vienna/control"},
            "pullSecrets": ["pull"],
        }
    },
}


def render(values: dict[str, Any]) -> list[dict[str, Any]]:
    files = helm.Chart.load(str(CHART)).render(values=values, name="rel", namespace="vienna")
    texts = [text for name, text in files.items() if name.endswith(".yaml")]
    return [document for text in texts for document in yaml.safe_load_all(text) if document]


def sidecar_pod(documents: list[dict[str, Any]]) -> dict[str, Any]:
    """An agent's pod with what the chart says to merge into it."""
    (snippet,) = [d["data"] for d in documents if d["metadata"]["name"] == "rel-sidecar"]
    part = yaml.safe_load(snippet["pod.yaml"])
    agent = {
        "name": "agent",
        "image": "agent:1",
        "env": yaml.safe_load(snippet["env.yaml"]),
        "volumeMounts": [{"name": "vienna-ca", "mountPath": "/etc/vienna", "readOnly": True}],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "a"},
        "spec": {"containers": [agent], **part},
    }


def pod_specs(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    deployed = [d["spec"]["template"]["spec"] for d in documents if d["kind"] == "Deployment"]
    return [*deployed, sidecar_pod(documents)["spec"]]


def ours(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """Containers that the chart writes: all but the agent's."""
    return [c for c in [*spec.get("initContainers", []), *spec["containers"]] if c["name"] != "agent"]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("case", VALUES)
def test_every_object_is_valid(case: str, version: str) -> None:
    documents = render(VALUES[case])
    for document in [*documents, sidecar_pod(documents)]:
        kubernetes_validate.validate(document, version, strict=True)


@pytest.mark.parametrize("case", VALUES)
def test_every_container_of_ours_is_restricted_and_bounded(case: str) -> None:
    for spec in pod_specs(render(VALUES[case])):
        for container in ours(spec):
            security = container["securityContext"]
            assert security["runAsNonRoot"] is True
            assert security["allowPrivilegeEscalation"] is False
            assert security["readOnlyRootFilesystem"] is True
            assert security["capabilities"] == {"drop": ["ALL"]}
            assert security["seccompProfile"] == {"type": "RuntimeDefault"}
            assert container["resources"]["requests"]
            assert container["resources"]["limits"]["memory"]
            assert {"startupProbe", "livenessProbe"} <= set(container)
            assert not container["image"].endswith(":latest")
        for forbidden in ("hostNetwork", "hostPID", "hostIPC"):
            assert not spec.get(forbidden)
        assert all("hostPath" not in volume for volume in spec["volumes"])


def test_the_gate_is_a_native_sidecar_whose_keys_the_agent_cannot_see() -> None:
    pod = sidecar_pod(render({}))["spec"]
    (gate,) = pod["initContainers"]
    assert gate["restartPolicy"] == "Always"
    (agent,) = pod["containers"]
    seen_by_agent = {mount["name"] for mount in agent["volumeMounts"]}
    assert seen_by_agent == {"vienna-ca"}
    assert not seen_by_agent & {mount["name"] for mount in gate["volumeMounts"]}
    state = next(volume for volume in pod["volumes"] if volume["name"] == "vienna-state")
    assert state["emptyDir"]["medium"] == "Memory"


def test_no_secret_is_in_the_chart() -> None:
    documents = render({})
    assert "Secret" not in {document["kind"] for document in documents}
    (control,) = [d for d in documents if d["kind"] == "Deployment"]
    (container,) = control["spec"]["template"]["spec"]["containers"]
    secret = next(row for row in container["env"] if row["name"] == "VIENNA_SECRET_KEY")
    assert secret["valueFrom"]["secretKeyRef"]["name"] == "vienna-secret"


def test_the_network_policy_selects_the_control_plane() -> None:
    documents = render({})
    (policy,) = [d for d in documents if d["kind"] == "NetworkPolicy"]
    (control,) = [d for d in documents if d["kind"] == "Deployment"]
    labels = control["spec"]["template"]["metadata"]["labels"]
    assert policy["spec"]["podSelector"]["matchLabels"].items() <= labels.items()


@pytest.mark.parametrize(
    "values",
    [
        {"control": {"replicas": 2}},
        {"control": {"env": "test"}},
        {"control": {"replcas": 1}},
        {"images": {"gate": {"tag": "latest"}}},
        {"publicUrl": "http://vienna.example.com"},
        {"gate": {"port": 80}},
        {"unknown": True},
    ],
    ids=str,
)
def test_the_schema_refuses(values: dict[str, Any]) -> None:
    with pytest.raises(helm.HelmError):
        render(values)


def test_lint_has_no_complaint() -> None:
    assert helm.lint(str(CHART))["errors"] == []
