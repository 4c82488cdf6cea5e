"""The AWS query protocol."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol_kit import FORM, parts, refused, request
from vienna_kernel.call.request import Call
from vienna_kernel.protocol import aws_query
from vienna_kernel.protocol.part import Part


def post(body: str, query: str = "", headers: tuple[tuple[str, str], ...] = ()) -> Call:
    return request("POST", f"/?{query}" if query else "/", body, headers=headers, content_type=FORM)


def read(body: str, query: str = "") -> Part:
    (part,) = parts("aws-query", post(body, query))
    return part


def test_parameters_are_nested_and_the_action_is_the_operation() -> None:
    part = read(
        "Action=RunInstances&Version=2016-11-15&ImageId=ami-1&MaxCount=2"
        "&Filter.1.Name=a&Filter.1.Value.1=b&Filter.1.Value.2=c&Filter.2.Name=d"
        "&TagSpecification.1.Tag.1.Key=k&TagSpecification.1.Tag.1.Value=v"
    )
    assert part.operation == "RunInstances"
    assert part.open == ()
    assert part.value == {
        "ImageId": "ami-1",
        "MaxCount": "2",
        "Filter": [{"Name": "a", "Value": ["b", "c"]}, {"Name": "d"}],
        "TagSpecification": [{"Tag": [{"Key": "k", "Value": "v"}]}],
    }


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Tags.member.1.Key=a&Tags.member.2.Key=b", {"Tags": [{"Key": "a"}, {"Key": "b"}]}),
        ("A.entry.1.key=a&A.entry.1.value=b", {"A": [{"key": "a", "value": "b"}]}),
        ("InstanceId.2=b&InstanceId.1=a", {"InstanceId": ["a", "b"]}),
        ("Empty=", {"Empty": ""}),
        ("member.1=a", {"member": ["a"]}),
        ("A.member=a", {"A": {"member": "a"}}),
        ("A.member.x=a", {"A": {"member": {"x": "a"}}}),
        ("", {}),
    ],
)
def test_lists(text: str, value: object) -> None:
    assert read(f"Action=A&{text}" if text else "Action=A").value == value


@pytest.mark.parametrize(
    "text",
    [
        "DryRun=true&dryRun=false",
        "A.2=x",
        "A.1=x&A.3=y",
        "A.0=x",
        "A.01=x",
        "A.1=x&A.b=y",
        "A=x&A.1=y",
        "A.1=x&A=y",
        "A.1=x&A.1.b=y",
        "Tags.member.1=x&Tags.1=y",
        "A..1=x",
        ".A=x",
        "A.=x",
        "1=x",
        "A.99999999=x",
        "A.1x=x",
        "A.٣=x",
        ".".join("a" * 17) + "=x",
        "action=B",
        "ACTION=B",
        "version=2",
    ],
)
def test_what_could_be_nested_in_two_ways_is_refused(text: str) -> None:
    assert refused("aws-query", post(f"Action=A&{text}"))


@pytest.mark.parametrize(
    ("body", "query"),
    [
        ("", ""),
        ("A=1", ""),
        ("Action=", ""),
        ("Action=a.b", ""),
        ("Action=A&Version=latest", ""),
        ("Action=A", "Action=B"),
        ("Action=A", "Action=A"),
        ("A=1", "Action=A"),
        ("Action=A", "InstanceId.1=i"),
        ("Action=A", "Version=2016-11-15"),
        ("", "Action=A&Action=B"),
        ("", "Action=A&action=B"),
    ],
)
def test_one_action_in_one_place(body: str, query: str) -> None:
    assert refused("aws-query", post(body, query))


def test_a_get_has_all_in_its_url_and_what_signs_it_is_not_shown() -> None:
    signed = "&X-Amz-Algorithm=x&X-Amz-Credential=x&X-Amz-Date=x&X-Amz-Expires=1&X-Amz-SignedHeaders=h"
    call = request("GET", f"/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Signature=s{signed}")
    (part,) = parts("aws-query", call)
    assert (part.operation, part.value) == ("GetCallerIdentity", {})
    assert {"Action", "Version", "X-Amz-Signature"} <= part.query


def test_a_signature_may_stand_in_the_url_of_a_form() -> None:
    assert read("Action=A", "X-Amz-Signature=s&X-Amz-Credential=c").operation == "A"


def test_a_target_of_the_other_protocol_is_refused() -> None:
    assert "X-Amz-Target" in refused("aws-query", post("Action=A", headers=(("x-amz-target", "A.B"),)))


def test_a_body_that_is_no_form_is_refused() -> None:
    assert refused("aws-query", request("POST", "/?Action=A", {"a": 1}))
    assert refused("aws-query", request("PUT", "/", "Action=A", content_type=FORM))


VALUES = st.recursive(
    st.text("ab", max_size=3),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3)
        | st.dictionaries(st.sampled_from(["Key", "Value", "Name", "X"]), inner, min_size=1, max_size=3)
    ),
    max_leaves=8,
)


def flat(value: object, way: str) -> dict[str, str]:
    if isinstance(value, str):
        return {way: value}
    rows = enumerate(value, 1) if isinstance(value, list) else value.items()  # type: ignore[attr-defined]
    return {key: text for step, item in rows for key, text in flat(item, f"{way}.{step}").items()}


@given(st.dictionaries(st.sampled_from(["Filter", "Tag", "Id"]), VALUES, max_size=3))
def test_what_is_flattened_is_nested_again(value: dict[str, object]) -> None:
    parameters = {key: text for name, item in value.items() for key, text in flat(item, name).items()}
    assert aws_query.nest(parameters) == value
