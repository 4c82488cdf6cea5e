"""Kubernetes by kubectl and by the Python client."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes.client as k8s
import pytest
import yaml

from harness.standin import Answer, Asked, Exchange, Standin
from vienna_kernel.protocol import kubernetes_protobuf
from vienna_kernel.verification import Result
from wire_kit import expect, read, through, verified

HOST = "kubernetes.default.svc"
VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]


def resources(version: str, *rows: Any) -> dict[str, Any]:
    listed = [
        {
            "name": name,
            "singularName": "",
            "namespaced": spaced,
            "kind": kind,
            "verbs": VERBS,
            "shortNames": [*more],
        }
        for name, kind, spaced, *short in rows
        for more in [short[0] if short else []]
    ]
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": listed}


CORE = resources(
    "v1",
    ("namespaces", "Namespace", False),
    ("pods", "Pod", True),
    ("pods/eviction", "Eviction", True),
    ("configmaps", "ConfigMap", True),
    ("secrets", "Secret", True),
    ("services", "Service", True),
    ("nodes", "Node", False),
    ("persistentvolumeclaims", "PersistentVolumeClaim", True, ["pvc"]),
    ("serviceaccounts", "ServiceAccount", True),
)
GROUPS = {
    "apps/v1": resources(
        "apps/v1", ("deployments", "Deployment", True), ("deployments/scale", "Scale", True)
    ),
    "rbac.authorization.k8s.io/v1": resources(
        "rbac.authorization.k8s.io/v1",
        ("rolebindings", "RoleBinding", True),
        ("clusterrolebindings", "ClusterRoleBinding", False),
    ),
    "authorization.k8s.io/v1": resources(
        "authorization.k8s.io/v1", ("selfsubjectaccessreviews", "SelfSubjectAccessReview", False)
    ),
}


def groups() -> dict[str, Any]:
    rows = []
    for name in GROUPS:
        group, version = name.split("/")
        told = {"groupVersion": name, "version": version}
        rows.append({"name": group, "versions": [told], "preferredVersion": told})
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": rows}


def deployment(replicas: int = 2) -> dict[str, Any]:
    labels = {"app": "web"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "web",
            "namespace": "prod",
            "uid": "u-1",
            "resourceVersion": "7",
            "generation": 1,
        },
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "web", "image": "shop/web:1"}]},
            },
        },
        "status": {"observedGeneration": 1, "replicas": replicas, "updatedReplicas": replicas},
    }


def patched(asked: Asked) -> dict[str, Any]:
    found = deployment()
    spec = asked.json["spec"]
    found["spec"]["replicas"] = spec.get("replicas", 2)
    found["spec"]["template"]["spec"]["containers"][0]["image"] = spec["template"]["spec"]["containers"][0][
        "image"
    ]
    return found


def scale(asked: Asked) -> dict[str, Any]:
    replicas = asked.json["spec"]["replicas"] if asked.body else 2
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {"name": "web", "namespace": "prod"},
        "spec": {"replicas": replicas},
        "status": {"replicas": 2, "selector": "app=web"},
    }


def echo(asked: Asked) -> dict[str, Any]:
    sent = kubernetes_protobuf.loads(asked.body) if asked.body.startswith(b"k8s") else asked.json
    found: dict[str, Any] = json.loads(json.dumps(sent))
    spaced = "/namespaces/" in asked.path
    found.setdefault("metadata", {}).update({"uid": "u-2", **({"namespace": "prod"} if spaced else {})})
    return dict(found)


def status(kind: str, name: str) -> dict[str, Any]:
    details = {"name": name, "kind": kind, "uid": "u-1"}
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}


def pod() -> dict[str, Any]:
    return {
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": {"name": "web-1", "namespace": "prod", "uid": "u-3"},
        "spec": {"containers": [{"name": "web", "image": "shop/web:1"}]},
        "status": {"phase": "Running"},
    }


def named(kind: str, name: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "apiVersion": "v1", "metadata": {"name": name}, **more}


REVIEW = {
    "kind": "SelfSubjectAccessReview",
    "apiVersion": "authorization.k8s.io/v1",
    "status": {"allowed": True},
}
TOKEN = {"kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1", "status": {"token": "t"}}
APPS = "/apis/apps/v1/namespaces/prod/deployments"
ANSWERS = [
    Answer("GET", "/version", 200, {"major": "1", "minor": "32", "gitVersion": "v1.32.0"}),
    Answer("GET", "/api", 200, {"kind": "APIVersions", "versions": ["v1"]}),
    Answer("GET", "/apis", 200, groups()),
    Answer("GET", "/api/v1", 200, CORE),
    *(Answer("GET", f"/apis/{name}", 200, page) for name, page in GROUPS.items()),
    Answer("GET", "/openapi/v3", 404, {}),
    Answer("GET", "/openapi/v2", 404, {}),
    Answer("GET", "/openapi/{rest+}", 404, {}),
    Answer("GET", "/swagger-2.0.0.pb-v1", 404, {}),
    Answer("GET", f"{APPS}/web/scale", 200, scale),
    Answer("PUT|PATCH", f"{APPS}/web/scale", 200, scale),
    Answer("GET", f"{APPS}/web", 200, deployment()),
    Answer("PATCH|PUT", f"{APPS}/web", 200, patched),
    Answer("POST", APPS, 201, echo),
    Answer("DELETE", f"{APPS}/web", 200, status("deployments", "web")),
    Answer("GET", "/api/v1/namespaces/prod", 200, named("Namespace", "prod")),
    Answer("DELETE", "/api/v1/namespaces/prod", 200, status("namespaces", "prod")),
    Answer("GET", "/api/v1/namespaces/prod/pods/web-1", 200, pod()),
    Answer("DELETE", "/api/v1/namespaces/prod/pods/web-1", 200, pod()),
    Answer("GET", "/api/v1/namespaces/prod/secrets", 200, {"kind": "SecretList", "apiVersion": "v1", "items": []}),
    Answer("POST", "/api/v1/namespaces/prod/{kind}", 201, echo),
    Answer("DELETE", "/api/v1/namespaces/prod/{kind}", 200, status("", "")),
    Answer("DELETE", "/api/v1/namespaces/prod/{kind}/{name}", 200, status("", "")),
    Answer("POST", "/apis/rbac.authorization.k8s.io/v1/{rest+}", 201, echo),
    Answer("POST", "/apis/authorization.k8s.io/v1/{rest+}", 201, REVIEW),
    Answer("GET", "/api/v1/pods", 200, {"kind": "PodList", "apiVersion": "v1", "items": []}),
    Answer("GET", "/api/v1/events", 200, {"kind": "EventList", "apiVersion": "v1", "items": []}),
    Answer("GET", "/apis/coordination.k8s.io/{rest+}", 404, {}),
    Answer("GET", "/api/v1/nodes/n1", 200, named("Node", "n1", spec={})),
    Answer("PATCH", "/api/v1/nodes/n1", 200, named("Node", "n1", spec={"unschedulable": True})),
    Answer("POST", "/api/v1/namespaces/prod/serviceaccounts/bot/token", 201, TOKEN),
]  # fmt: skip


@pytest.fixture
def cluster() -> Iterator[Standin]:
    with Standin(HOST, ANSWERS) as standin:
        yield standin


@pytest.fixture
def kubectl(cluster: Standin, tmp_path: Path) -> Any:
    found = shutil.which("kubectl")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("kubectl is not installed, and in CI it must be")
        pytest.skip("kubectl is not installed")
    config = tmp_path / "config"
    config.write_text(
        yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [
                    {
                        "name": "c",
                        "cluster": {"server": f"https://{HOST}", "certificate-authority": str(cluster.ca)},
                    }
                ],
                "users": [{"name": "u", "user": {"token": "t0ken"}}],
                "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u", "namespace": "prod"}}],
                "current-context": "x",
            }
        )
    )

    def run(*words: str, stdin: Any = None) -> list[Exchange]:
        before = len(cluster.calls)
        done = subprocess.run(
            [found, *words],
            env={**os.environ, **cluster.environment, "KUBECONFIG": str(config), "HOME": str(tmp_path)},
            input=None if stdin is None else json.dumps(stdin),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return list(cluster.calls[before:])

    return run


def writes(calls: list[Exchange]) -> list[Exchange]:
    return [call for call in calls if call.asked.method not in (b"GET", b"HEAD")]


def test_scaling(kubectl: Any) -> None:
    (call,) = writes(kubectl("scale", "deployment/web", "--replicas=50"))
    expect(
        call,
        action="scale_deployment",
        tier="T2",
        target="k8s:prod/deployments/web",
        parameters={"replicas": 50, "namespace": "prod", "name": "web"},
        summary="Scale deployments web in prod to 50",
    )
    assert verified(call).result is Result.MATCH
    other = Answer("", "", 200, {"metadata": {"name": "web", "namespace": "prod"}, "spec": {"replicas": 500}})
    assert verified(call, answer=other).result is Result.DRIFT


def test_deleting(kubectl: Any) -> None:
    (call,) = writes(kubectl("delete", "namespace", "prod", "--wait=false"))
    expect(call, action="delete_namespace", tier="T3", target="k8s:namespace/prod")
    assert verified(call).result is Result.MATCH
    (call,) = writes(kubectl("delete", "deployment", "web", "--wait=false"))
    expect(call, action="delete_kubernetes_resource", tier="T2", target="k8s:prod/deployments/web")
    (call,) = writes(kubectl("delete", "pod", "web-1", "--wait=false"))
    expect(call, action="restart_pod", tier="T1", parameters={"name": "web-1"})
    (call,) = writes(kubectl("delete", "pvc", "data", "--wait=false"))
    expect(call, action="delete_kubernetes_data", tier="T3")


def test_a_dry_run_is_a_read(kubectl: Any) -> None:
    told = subprocess.run(
        [str(shutil.which("kubectl")), "version", "--client", "-o", "json"], capture_output=True, check=True
    )
    if int(re.sub(r"\D", "", json.loads(told.stdout)["clientVersion"]["minor"])) < 27:
        return  # older ones ask the server's OpenAPI document first; the Python client tries a dry run below
    (call,) = writes(kubectl("delete", "namespace", "prod", "--dry-run=server"))
    expect(call, action="try_kubernetes", tier="T0")
    (call,) = writes(kubectl("scale", "deployment/web", "--replicas=3", "--dry-run=server"))
    expect(call, action="try_kubernetes", tier="T0")


def test_creating_and_changing(kubectl: Any) -> None:
    (call,) = writes(
        kubectl("create", "deployment", "web", "--image=shop/web:2", "--replicas=3", "--validate=false")
    )
    expect(
        call,
        action="deploy_workload",
        tier="T2",
        parameters={"name": "web", "images": ["shop/web:2"], "replicas": 3},
        summary='Deploy deployments web in prod: ["shop/web:2"]',
    )
    assert verified(call).result is Result.MATCH
    (call,) = writes(kubectl("set", "image", "deployment/web", "web=shop/web:3"))
    expect(call, action="deploy_workload", parameters={"images": ["shop/web:3"]})
    assert verified(call).result is Result.MATCH
    (call,) = writes(kubectl("create", "configmap", "settings", "--from-literal=a=b", "--validate=false"))
    expect(call, action="write_kubernetes_resource", tier="T2", target="k8s:prod/configmaps/settings")
    assert verified(call).result is Result.MATCH


def test_server_side_apply(kubectl: Any) -> None:
    (call,) = writes(kubectl("apply", "--server-side", "--validate=false", "-f", "-", stdin=deployment(4)))
    expect(call, action="deploy_workload", parameters={"replicas": 4, "field_manager": "kubectl"})


def test_secrets_and_grants(kubectl: Any) -> None:
    reads = kubectl("get", "secrets", "-o", "json")
    expect(reads[-1], action="get_kubernetes_secret", tier="T2", effect="read")
    (call,) = writes(
        kubectl("create", "secret", "generic", "key", "--from-literal=p=s3cret", "--validate=false")
    )
    found = expect(call, action="put_kubernetes_secret", tier="T2", target="k8s:prod/secrets/key")
    assert "czNjcmV0" not in json.dumps(found.shown_body)
    assert "object" in found.intents[0].redacted
    (call,) = writes(
        kubectl(
            "create",
            "clusterrolebinding",
            "b",
            "--clusterrole=cluster-admin",
            "--user=eve",
            "--validate=false",
        )
    )
    expect(
        call,
        action="grant_kubernetes_role",
        tier="T2",
        parameters={"role": "cluster-admin", "subjects": ["eve"]},
        summary='Grant cluster-admin to ["eve"] (clusterrolebindings b)',
    )


def test_cordon_and_can_i(kubectl: Any) -> None:
    (call,) = writes(kubectl("cordon", "n1"))
    expect(call, action="cordon_node", tier="T2", parameters={"name": "n1", "unschedulable": True})
    assert verified(call).result is Result.MATCH
    (call,) = writes(kubectl("auth", "can-i", "delete", "pods"))
    expect(call, action="review_kubernetes_access", tier="T0")


def test_nothing_that_kubectl_reads_asks_people(kubectl: Any) -> None:
    for words in (("get", "deployment", "web"), ("describe", "node", "n1"), ("version",), ("api-resources",)):
        for call in kubectl(*words):
            assert all(intent.default_tier == "T0" for intent in read(call).intents), str(call.asked)


def test_the_python_client(cluster: Standin) -> None:
    config = k8s.Configuration(host=f"https://{HOST}")
    config.proxy, config.ssl_ca_cert = cluster.plain_url, str(cluster.ca)
    with through(cluster), k8s.ApiClient(config) as client:
        apps, core = k8s.AppsV1Api(client), k8s.CoreV1Api(client)
        apps.patch_namespaced_deployment_scale("web", "prod", {"spec": {"replicas": 7}})
        expect(cluster.last, action="scale_deployment", parameters={"replicas": 7})
        assert verified(cluster.last).result is Result.MATCH
        core.delete_collection_namespaced_config_map("prod", label_selector="app=web")
        expect(
            cluster.last,
            action="delete_kubernetes_collection",
            tier="T3",
            parameters={"label_selector": "app=web"},
        )
        core.delete_namespace("prod", dry_run="All")
        expect(cluster.last, action="try_kubernetes", tier="T0")
        core.delete_namespace("prod")
        expect(cluster.last, action="delete_namespace")
        core.delete_namespace("prod", body=k8s.V1DeleteOptions(propagation_policy="Foreground"))
        expect(cluster.last, action="delete_namespace", parameters={"propagation_policy": "Foreground"})
        core.create_namespaced_secret(
            "prod", k8s.V1Secret(metadata={"name": "k"}, string_data={"p": "s3cret"})
        )
        expect(cluster.last, action="put_kubernetes_secret")
        asked = k8s.AuthenticationV1TokenRequest(spec=k8s.V1TokenRequestSpec(audiences=["api"]))
        core.create_namespaced_service_account_token("bot", "prod", asked)
        expect(cluster.last, action="create_kubernetes_token", tier="T2", parameters={"name": "bot"})
        rules = k8s.V1RoleBinding(
            metadata={"name": "b"},
            role_ref=k8s.V1RoleRef(api_group="rbac.authorization.k8s.io", kind="ClusterRole", name="admin"),
            subjects=[k8s.RbacV1Subject(kind="User", name="eve")],
        )
        k8s.RbacAuthorizationV1Api(client).create_namespaced_role_binding("prod", rules)
        expect(
            cluster.last, action="grant_kubernetes_role", parameters={"role": "admin", "subjects": ["eve"]}
        )
        assert verified(cluster.last).result is Result.MATCH
