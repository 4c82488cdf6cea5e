"""Paths of the Kubernetes API, as the API server reads them."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.errors import MalformedError
from vienna_kernel.protocol.kubernetes_path import Resource, parse

NS = "/api/v1/namespaces/prod"


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/api/v1/pods", {"resource": "pods"}),
        ("/api/v1/nodes/n1", {"resource": "nodes", "name": "n1"}),
        ("/api/v1/namespaces", {"resource": "namespaces"}),
        (NS, {"resource": "namespaces", "name": "prod", "namespace": "prod"}),
        (
            f"{NS}/finalize",
            {"resource": "namespaces", "name": "prod", "namespace": "prod", "subresource": "finalize"},
        ),
        (
            f"{NS}/status",
            {"resource": "namespaces", "name": "prod", "namespace": "prod", "subresource": "status"},
        ),
        (f"{NS}/pods", {"resource": "pods", "namespace": "prod"}),
        (f"{NS}/pods/web", {"resource": "pods", "namespace": "prod", "name": "web"}),
        (
            f"{NS}/pods/web/exec",
            {"resource": "pods", "namespace": "prod", "name": "web", "subresource": "exec"},
        ),
        (
            f"{NS}/services/web/proxy/admin//x/",
            {
                "resource": "services",
                "namespace": "prod",
                "name": "web",
                "subresource": "proxy",
                "rest": "/admin//x/",
            },
        ),
        (
            f"{NS}/pods/web/proxy/",
            {"resource": "pods", "namespace": "prod", "name": "web", "subresource": "proxy", "rest": "/"},
        ),
        (
            "/api/v1/nodes/n/proxy/run",
            {"resource": "nodes", "name": "n", "subresource": "proxy", "rest": "/run"},
        ),
        ("/api/v1/namespaces/proxy/pods/proxy", {"resource": "pods", "namespace": "proxy", "name": "proxy"}),
        (
            "/api/v1/namespaces/namespaces/pods/a",
            {"resource": "pods", "namespace": "namespaces", "name": "a"},
        ),
        ("/api/v1/watch/pods", {"resource": "pods", "watched": True}),
        (
            "/api/v1/watch/namespaces/prod/pods/a",
            {"resource": "pods", "namespace": "prod", "name": "a", "watched": True},
        ),
        ("/apis/apps/v1/deployments", {"group": "apps", "resource": "deployments"}),
        (
            "/apis/apps/v1/namespaces/prod/deployments/web/scale",
            {
                "group": "apps",
                "namespace": "prod",
                "resource": "deployments",
                "name": "web",
                "subresource": "scale",
            },
        ),
        (
            "/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Aadmin",
            {"group": "rbac.authorization.k8s.io", "resource": "clusterroles", "name": "system:admin"},
        ),
    ],
)
def test_a_resource_is_told_by_its_path(path: str, told: dict[str, object]) -> None:
    assert parse(path) == Resource(**{"group": "", "version": "v1", **told})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "path",
    "/ /api /api/ /apis /api/v1 /apis/apps /apis/apps/v1 /version /healthz/etcd /openapi/v3 /API/v1/pods".split(),
)
def test_what_is_no_resource(path: str) -> None:
    assert parse(path) is None


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/",
        f"{NS}/",
        f"{NS}/pods/",
        f"{NS}/pods/web/",
        f"{NS}/pods//web",
        f"{NS}/pods/a%2Fb",
        f"{NS}/pods/a%252Fb",
        f"{NS}/pods/%FF",
        f"{NS}/pods/a%0Ab",
        f"{NS}/pods/{'a' * 254}",
        f"{NS}/pods/web/exec/more",
        f"{NS}/pods/web/log/proxy/x",
        "/api/v1/proxy/namespaces/a/pods/b",
        "/api/v1/watch",
        "/api/v1/watch/namespaces/prod/pods/a/log",
        "/apis//v1/deployments",
        "/apis/apps/v1/namespaces//deployments",
    ],
)
def test_what_could_name_something_else_is_refused(path: str) -> None:
    with pytest.raises(MalformedError):
        parse(path)


@given(
    st.lists(
        st.sampled_from(
            ["api", "apis", "v1", "apps", "namespaces", "pods", "watch", "proxy", "%2F", "", "a"]
        ),
        max_size=9,
    )
)
def test_any_path_is_read_or_refused(steps: list[str]) -> None:
    with contextlib.suppress(MalformedError):
        found = parse("/" + "/".join(steps))
        assert found is None or found.resource not in ("", "proxy")
