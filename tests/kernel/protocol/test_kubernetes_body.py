"""Objects of the Kubernetes API."""

from __future__ import annotations

import pytest

from protocol_kit import content, request
from vienna_kernel.call.request import Call
from vienna_kernel.decode.pointer import MISSING
from vienna_kernel.errors import MalformedError
from vienna_kernel.protocol import kubernetes_body
from vienna_kernel.protocol.kubernetes_path import Resource
from vienna_kernel.value import Value

DEPLOYMENT = Resource(group="apps", version="v1", namespace="prod", resource="deployments", name="web")


def sent(body: object, kind: str | None = "application/json") -> Call:
    return request("PUT", "/x", body, content_type=kind)


@pytest.mark.parametrize(
    "kind", ["application/json", "application/apply-patch+yaml", "application/yaml", None]
)
def test_json_is_read_whatever_it_is_called(kind: str | None) -> None:
    call = sent({"a": 1}, kind)
    assert kubernetes_body.read(call, content(call)) == {"a": 1}


def test_a_list_of_changes_describes_no_pod() -> None:
    assert kubernetes_body.pod(DEPLOYMENT, [{"spec": {}}]) is MISSING
    assert kubernetes_body.pod(DEPLOYMENT, {"spec": {"template": {"spec": {"a": 1}}}}) == {"a": 1}
    assert kubernetes_body.pod(DEPLOYMENT, None) is MISSING


def test_no_body_is_none() -> None:
    call = request("DELETE", "/x")
    assert kubernetes_body.read(call, content(call)) is None


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("kind: Pod", "application/apply-patch+yaml"),
        ("{kind: Pod}", "application/yaml"),
        (b"k8s\x01", "application/vnd.kubernetes.protobuf"),
        (b"\xa1", "application/cbor"),
        ("{}", "text/plain"),
        ("null", "application/json"),  # to the server an object without members
        ("null", "application/apply-patch+yaml"),
        ("5", "application/json"),
        ('"x"', "application/json"),
    ],
)
def test_anything_else_is_refused(body: bytes | str, kind: str) -> None:
    call = sent(body, kind)
    with pytest.raises(MalformedError):
        kubernetes_body.read(call, content(call))


def test_no_text_of_a_body_stands_in_a_refusal() -> None:
    call = sent("canary: [", "application/yaml")
    with pytest.raises(MalformedError) as caught:
        kubernetes_body.read(call, content(call))
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"metadata": {"name": "web", "namespace": "prod"}, "apiVersion": "apps/v1"},
        {"metadata": {"name": "", "namespace": None}},
        {"metadata": None},
    ],
)
def test_what_agrees_with_the_path_passes(body: Value) -> None:
    kubernetes_body.judge(DEPLOYMENT, body, named=True)


@pytest.mark.parametrize(
    "body",
    [
        {"metadata": {"name": "other"}},
        {"metadata": {"name": 5}},
        {"metadata": {"namespace": "kube-system"}},
        {"apiVersion": "apps/v1beta1"},
        {"apiVersion": "v1"},
        {"kind": "DeploymentList", "items": []},
    ],
)
def test_what_contradicts_the_path_is_refused(body: Value) -> None:
    with pytest.raises(MalformedError):
        kubernetes_body.judge(DEPLOYMENT, body, named=True)


def test_a_new_object_names_itself_and_a_namespace_has_none() -> None:
    new = Resource(group="", version="v1", resource="namespaces")
    kubernetes_body.judge(new, {"metadata": {"name": "any"}, "apiVersion": "v1"}, named=False)
    with pytest.raises(MalformedError):
        kubernetes_body.judge(new, {"metadata": {"namespace": "x"}}, named=False)


def test_the_object_of_a_subresource_has_a_version_of_its_own() -> None:
    scale = Resource(
        group="apps", version="v1", namespace="prod", resource="deployments", name="web", subresource="scale"
    )
    kubernetes_body.judge(scale, {"apiVersion": "autoscaling/v1"}, named=True)


@pytest.mark.parametrize(
    ("patch", "told"),
    [
        ([], MISSING),
        ([{"op": "replace", "path": "/spec/replicas", "value": 5}], 5),
        ([{"op": "add", "path": "/spec/replicas", "value": 5}], 5),
        ([{"op": "add", "path": "/spec", "value": {"replicas": 7}}], 7),
        ([{"op": "replace", "path": "", "value": {"spec": {"replicas": 9}}}], 9),
        ([{"op": "add", "path": "/spec", "value": {}}], MISSING),
        (
            [
                {"op": "replace", "path": "/spec/replicas", "value": 1},
                {"op": "add", "path": "/spec/replicas", "value": 50},
            ],
            50,
        ),
        (
            [
                {"op": "replace", "path": "/spec/replicas", "value": 1},
                {"op": "remove", "path": "/spec/replicas"},
            ],
            MISSING,
        ),
        ([{"op": "test", "path": "/spec/replicas", "value": 5}], MISSING),
        ([{"op": "add", "path": "/spec/template", "value": 1}], MISSING),
        ([{"op": "add", "path": "/spec/replicas/x", "value": 1}], MISSING),
    ],
)
def test_replicas_of_a_json_patch_are_those_of_its_last_word(patch: Value, told: object) -> None:
    assert kubernetes_body.replicas("json", patch) == told


@pytest.mark.parametrize(
    "patch",
    [
        [{"op": "copy", "from": "/metadata/generation", "path": "/spec/replicas"}],
        [{"op": "move", "from": "/a", "path": "/b"}],
        [{"op": "Replace", "path": "/spec/replicas", "value": 5}],
        [{"path": "/spec/replicas", "value": 5}],
        [{"op": "add", "path": "spec/replicas", "value": 5}],
        [{"op": "add", "path": None}],
        ["x"],
        {"op": "add"},
        [{"op": "add", "path": "/a", "value": 1}] * 1001,
    ],
)
def test_a_json_patch_that_hides_what_it_writes_is_refused(patch: Value) -> None:
    with pytest.raises(MalformedError) as caught:
        kubernetes_body.replicas("json", patch)
    assert "spec/replicas" not in str(caught.value)


@pytest.mark.parametrize("kind", ["", "merge", "strategic", "apply"])
def test_replicas_of_an_object_stand_in_its_spec(kind: str) -> None:
    assert kubernetes_body.replicas(kind, {"spec": {"replicas": 3}}) == 3
    assert kubernetes_body.replicas(kind, {"spec": 5}) is MISSING
