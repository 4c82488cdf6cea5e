"""Requests to the Kubernetes API: the verb that is authorised is the verb that was read."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from mutant import must_die
from protocol_kit import content, parts, refused, request
from vienna_kernel.call.request import Call
from vienna_kernel.decode import form
from vienna_kernel.protocol import kubernetes

NS = "/api/v1/namespaces/prod"
WEB = "/apis/apps/v1/namespaces/prod/deployments/web"
MERGE = "application/merge-patch+json"
APPLY = "application/apply-patch+yaml"
JSON_PATCH = "application/json-patch+json"


def read(method: str, target: str, body: object = b"", kind: str = "application/json") -> dict[str, Any]:
    (part,) = parts("k8s", request(method, target, body, content_type=kind))
    assert isinstance(part.value, dict)
    assert part.open is None
    return {**part.value, "operation": part.operation, "accounted": part.query}


@pytest.mark.parametrize(
    ("method", "target", "operation"),
    [
        ("GET", f"{NS}/pods", "list:pods"),
        ("GET", f"{NS}/pods/web", "get:pods"),
        ("HEAD", f"{NS}/pods/web", "get:pods"),
        ("GET", f"{NS}/pods?watch=true", "watch:pods"),
        ("GET", f"{NS}/pods?watch=1", "watch:pods"),
        ("GET", f"{NS}/pods?watch=", "watch:pods"),
        ("GET", f"{NS}/pods?watch=no", "watch:pods"),
        ("GET", f"{NS}/pods?watch=0", "list:pods"),
        ("GET", f"{NS}/pods?watch=False", "list:pods"),
        ("GET", f"{NS}/pods/web?watch=true", "get:pods"),
        ("GET", "/api/v1/watch/namespaces/prod/pods", "watch:pods"),
        ("GET", f"{NS}/pods/web/log", "get:pods/log"),
        ("GET", f"{NS}/pods/web/exec?command=ls", "create:pods/exec"),
        ("POST", f"{NS}/pods/web/exec?command=ls", "create:pods/exec"),
        ("GET", f"{NS}/pods/web/attach", "create:pods/attach"),
        ("GET", f"{NS}/pods/web/portforward", "create:pods/portforward"),
        ("GET", f"{NS}/services/web/proxy/admin", "get:services/proxy"),
        ("DELETE", f"{NS}/services/web/proxy/admin", "delete:services/proxy"),
        ("DELETE", f"{NS}/pods/web", "delete:pods"),
        ("DELETE", f"{NS}/pods", "deletecollection:pods"),
        ("DELETE", NS, "delete:namespaces"),
        ("GET", "/api", "get:nonresource"),
        ("GET", "/version", "get:nonresource"),
        ("GET", "/apis/apps/v1", "get:nonresource"),
        ("POST", "/healthz", "post:nonresource"),
    ],
)
def test_the_verb_is_that_of_authorisation(method: str, target: str, operation: str) -> None:
    assert read(method, target)["operation"] == operation


@pytest.mark.parametrize(
    ("method", "target", "body", "operation"),
    [
        ("POST", f"{NS}/pods", {"metadata": {"name": "a"}}, "create:pods"),
        ("POST", f"{NS}/pods/web/eviction", {"metadata": {"name": "web"}}, "create:pods/eviction"),
        ("PUT", f"{NS}/configmaps/a", {"metadata": {"name": "a"}}, "update:configmaps"),
        ("PUT", f"{NS}/finalize", {"metadata": {"name": "prod"}}, "update:namespaces/finalize"),
        ("DELETE", f"{NS}/pods/web", {"propagationPolicy": "Background"}, "delete:pods"),
    ],
)
def test_bodies_come_with_their_verbs(method: str, target: str, body: object, operation: str) -> None:
    assert read(method, target, body)["operation"] == operation


def test_a_scale_is_all_that_is_said_of_it() -> None:
    found = read("PATCH", f"{WEB}/scale?fieldManager=kubectl&timeout=5s", {"spec": {"replicas": 3}}, MERGE)
    accounted = found.pop("accounted")
    assert {"fieldManager", "timeout", "dryRun"} <= accounted
    assert found == {
        "operation": "patch:deployments/scale",
        "verb": "patch",
        "group": "apps",
        "version": "v1",
        "namespace": "prod",
        "resource": "deployments",
        "subresource": "scale",
        "name": "web",
        "dry_run": False,
        "field_manager": "kubectl",
        "force": False,
        "object": {"spec": {"replicas": 3}},
        "patch_type": "merge",
        "replicas": 3,
    }


@pytest.mark.parametrize(
    ("kind", "body", "name"),
    [
        (MERGE, {"spec": {"replicas": 3}}, "merge"),
        ("application/strategic-merge-patch+json", {"spec": {"replicas": 3}}, "strategic"),
        (APPLY, {"apiVersion": "apps/v1", "spec": {"replicas": 3}}, "apply"),
        (JSON_PATCH, [{"op": "replace", "path": "/spec/replicas", "value": 3}], "json"),
    ],
)
def test_every_kind_of_patch_tells_its_replicas(kind: str, body: object, name: str) -> None:
    found = read("PATCH", WEB, body, kind)
    assert (found["patch_type"], found["replicas"]) == (name, 3)


def test_pods_are_described_where_their_kind_has_them() -> None:
    def nested(*steps: str, pod: str) -> dict[str, Any]:
        return {steps[0]: nested(*steps[1:], pod=pod)} if steps else {"nodeName": pod}

    everywhere = {
        "template": nested("spec", pod="of a template"),
        "spec": {
            "nodeName": "of a pod",
            "template": nested("spec", pod="of a workload"),
            "jobTemplate": nested("spec", "template", "spec", pod="of a cron job"),
        },
    }
    for target, name in [
        (f"{NS}/pods", "of a pod"),
        (f"{NS}/podtemplates", "of a template"),
        (f"{NS}/replicationcontrollers", "of a workload"),
        ("/apis/apps/v1/namespaces/prod/deployments", "of a workload"),
        ("/apis/batch/v1/namespaces/prod/cronjobs", "of a cron job"),
    ]:
        assert read("POST", target, everywhere)["pod"]["nodeName"] == name
    assert "pod" not in read(
        "PATCH", WEB, [{"op": "replace", "path": "/spec/template/spec", "value": {}}], JSON_PATCH
    )
    assert "pod" not in read("PATCH", WEB, {"spec": {"replicas": 1}}, MERGE)
    assert "pod" not in read("PATCH", f"{WEB}/status", everywhere, MERGE)


@pytest.mark.parametrize("text", ["true", "1", ""])
def test_an_apply_may_be_forced(text: str) -> None:
    assert read("PATCH", f"{WEB}?fieldManager=x&force={text}", {}, APPLY)["force"] is True
    assert read("PATCH", f"{WEB}?fieldManager=x&force=false", {}, APPLY)["force"] is False


def test_what_runs_in_a_container_is_shown() -> None:
    found = read("POST", f"{NS}/pods/web/exec?command=rm&command=-rf&command=%2F&container=app&stdout=true")
    assert (found["command"], found["container"]) == (["rm", "-rf", "/"], "app")


def test_selectors_and_what_is_made_are_shown() -> None:
    found = read("DELETE", f"{NS}/pods?labelSelector=app%3Dweb&fieldSelector=spec.nodeName%3Dn1")
    assert (found["label_selector"], found["field_selector"]) == ("app=web", "spec.nodeName=n1")
    found = read("POST", f"{NS}/pods", {"metadata": {"generateName": "job-"}})
    assert ("name" in found, found["generate_name"]) == (False, "job-")
    assert read("POST", f"{NS}/pods", {"metadata": {"name": "a"}})["name"] == "a"


def test_a_proxied_request_is_not_the_servers_own() -> None:
    found = read("POST", f"{NS}/services/web/proxy/a?watch=true&dryRun=All&dryRun=All", b"\xff", "image/png")
    assert (found["rest"], found["dry_run"], found["accounted"]) == ("/a", False, frozenset())


@pytest.mark.parametrize(
    ("method", "target", "body", "dry"),
    [
        ("POST", f"{NS}/pods?dryRun=All", {}, True),
        ("PATCH", f"{WEB}?dryRun=All", {}, True),
        ("PATCH", f"{WEB}/scale?dryRun=All", {}, True),
        ("DELETE", f"{NS}/pods/web?dryRun=All", b"", True),
        ("DELETE", f"{NS}/pods?dryRun=All", b"", True),
        ("DELETE", f"{NS}/pods/web", {"dryRun": ["All"]}, True),
        ("DELETE", f"{NS}/pods/web", {"dryRun": []}, False),
        ("DELETE", f"{NS}/pods/web", {}, False),
        ("POST", f"{NS}/pods/web/eviction?dryRun=All", {}, True),
        ("POST", f"{NS}/pods/web/eviction", {"deleteOptions": {"dryRun": ["All"]}}, True),
        ("POST", f"{NS}/pods/web/eviction", {"deleteOptions": {}}, False),
        # what the server does not heed
        ("POST", f"{NS}/pods/web/exec?command=rm&dryRun=All", b"", False),
        ("POST", f"{NS}/serviceaccounts/a/token?dryRun=All", {}, False),
        ("POST", f"{NS}/pods", {"dryRun": ["All"]}, False),
        ("GET", f"{NS}/pods?dryRun=All", b"", False),
        ("PUT", f"{NS}/pods/web", {"deleteOptions": {"dryRun": ["All"]}}, False),
    ],
)
def test_a_dry_run_is_one_only_where_the_server_heeds_it(
    method: str, target: str, body: object, dry: bool
) -> None:
    kind = MERGE if method == "PATCH" else "application/json"
    assert read(method, target, body, kind)["dry_run"] is dry


@pytest.mark.parametrize(
    "call",
    [
        request("DELETE", f"{NS}/pods/web?dryRun=All", {"gracePeriodSeconds": 0}),
        request("DELETE", f"{NS}/pods/web?dryRun=All", {}),
        request("DELETE", f"{NS}/pods/web?dryRun=All", "null"),
        request("DELETE", f"{NS}/pods?propagationPolicy=Orphan", {"propagationPolicy": "Foreground"}),
        request("DELETE", f"{NS}/pods/web?dryRun=All&dryRun=All"),
        request("DELETE", f"{NS}/pods/web?dryRun="),
        request("DELETE", f"{NS}/pods/web?dryRun=true"),
        request("DELETE", f"{NS}/pods/web", {"dryRun": ["None"]}),
        request("DELETE", f"{NS}/pods/web", {"dryRun": True}),
        request("GET", f"{NS}/pods?watch=0&watch=1"),
        request("PATCH", WEB, {"metadata": {"name": "other"}}, content_type=MERGE),
        request("PATCH", WEB, {"metadata": {"namespace": "other"}}, content_type=MERGE),
        request("PATCH", WEB, {}, content_type="application/json"),
        request("PATCH", WEB, [], content_type=MERGE),
        request("PATCH", WEB, {}, content_type=JSON_PATCH),
        request("PATCH", WEB),
        request("POST", f"{NS}/pods", []),
        request("POST", f"{NS}/pods", {"kind": "PodList", "items": [{}]}),
        request("POST", f"{NS}/pods", {"metadata": {"namespace": "kube-system"}}),
        request("OPTIONS", f"{NS}/pods"),
        request("DELETE", "/api/v1/watch/namespaces/prod/pods"),
    ],
)
def test_what_the_server_could_take_otherwise_is_refused(call: Call) -> None:
    assert refused("k8s", call)


def options_count_once(module: ModuleType) -> None:
    """Over a small space of deletions: a dry run is told only where the place that counts asks for one."""
    for query in ("", "?dryRun=All"):
        for body in (b"", "{}", '{"dryRun": ["All"]}', '{"gracePeriodSeconds": 0}'):
            call = request("DELETE", f"{NS}/pods/web{query}", body)
            try:
                (part,) = module.READER.parts(call, form.pairs(call.query.encode()), content(call), {})
            except ValueError:
                continue
            counts = "All" in str(body) if body else bool(query)
            assert part.value["dry_run"] is counts


def test_options_count_in_one_place() -> None:
    options_count_once(kubernetes)
    must_die(
        options_count_once,
        kubernetes,
        "elif body is not None and told:",
        "elif body is not None and not told:",
    )
    must_die(
        options_count_once, kubernetes, '"dry_run": any(dry) and heeded', '"dry_run": all(dry) and heeded'
    )
