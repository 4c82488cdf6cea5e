"""EC2, IAM and STS by AWS's own client: one protocol, an action and its parameters as a form."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from aws_kit import MAPPINGS, Clients, Row, aws_clients, called, check, cloud, queried, xml
from harness.standin import Standin
from vienna_kernel.verification import Result
from wire_kit import expect, only, rejoined, verified

ROLE = "arn:aws:iam::123456789012:role/admin"
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
TRUST: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}
DOCUMENT = json.dumps(TRUST)
OPEN = [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
         "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}]  # fmt: skip


def instances(action: str, *names: str) -> Any:
    rows = "".join(f"<item><instanceId>{name}</instanceId></item>" for name in names)
    return queried(action, f"<instancesSet>{rows}</instancesSet>", result=False)


def done(action: str, body: str = "<return>true</return>") -> Any:
    return queried(action, body, result=False)


def of(name: str) -> str:
    return f"aws:ec2/eu-west-1/{name}"


def ec2(
    method: str, asks: dict[str, Any], action: str, tier: str, target: str, answer: Any, *more: Any
) -> Row:
    return Row("ec2", method, asks, action, tier, of(target), answer, *more)


def iam(method: str, asks: dict[str, Any], action: str, tier: str, target: str, *more: Any) -> Row:
    name = "".join(word.title() for word in method.split("_"))
    return Row("iam", method, asks, action, tier, f"aws:iam/{target}", queried(name, ""), *more)


ROWS = [
    ec2("run_instances", {"ImageId": "ami-1", "MinCount": 1, "MaxCount": 3, "InstanceType": "t3.micro"},
        "run_instances", "T2", "instances", instances("RunInstances", "i-1", "i-2"),
        {"count": 3, "least": 1, "instance_type": "t3.micro", "region": "eu-west-1"}),
    ec2("terminate_instances", {"InstanceIds": ["i-1", "i-2"]}, "terminate_instances", "T2", "instances",
        instances("TerminateInstances", "i-1", "i-2"), {"instances": ["i-1", "i-2"]}),
    ec2("stop_instances", {"InstanceIds": ["i-1"], "Force": True}, "stop_instances", "T2", "instances",
        instances("StopInstances", "i-1"), {"force": True}),
    ec2("start_instances", {"InstanceIds": ["i-1"]}, "start_instances", "T1", "instances",
        instances("StartInstances", "i-1"), {"instances": ["i-1"]}),
    ec2("reboot_instances", {"InstanceIds": ["i-1"]}, "reboot_instances", "T1", "instances",
        done("RebootInstances"), {"instances": ["i-1"]}),
    ec2("modify_instance_attribute", {"InstanceId": "i-1", "DisableApiTermination": {"Value": False}},
        "modify_instance", "T2", "instance/i-1", done("ModifyInstanceAttribute"), {"protected": False}),
    ec2("purchase_reserved_instances_offering", {"InstanceCount": 9, "ReservedInstancesOfferingId": "o-1"},
        "buy_ec2_capacity", "T2", "PurchaseReservedInstancesOffering", done("PurchaseReservedInstancesOffering"),
        {"count": 9, "offering": "o-1"}),
    ec2("delete_volume", {"VolumeId": "vol-1"}, "delete_volume", "T3", "volume/vol-1", done("DeleteVolume"),
        {"volume": "vol-1"}),
    ec2("delete_snapshot", {"SnapshotId": "snap-1"}, "delete_snapshot", "T3", "snapshot/snap-1",
        done("DeleteSnapshot"), {"snapshot": "snap-1"}),
    ec2("deregister_image", {"ImageId": "ami-1"}, "deregister_image", "T3", "image/ami-1", done("DeregisterImage")),
    ec2("create_snapshot", {"VolumeId": "vol-1"}, "create_snapshot", "T1", "vol-1",
        done("CreateSnapshot", "<snapshotId>snap-1</snapshotId>")),
    ec2("modify_snapshot_attribute",
        {"SnapshotId": "snap-1", "Attribute": "createVolumePermission", "OperationType": "add", "GroupNames": ["all"]},
        "share_image", "T2", "snap-1", done("ModifySnapshotAttribute"), {"groups": ["all"], "change": "add"}),
    ec2("authorize_security_group_ingress", {"GroupId": "sg-1", "IpPermissions": OPEN}, "authorize_ingress", "T2",
        "security_group/sg-1", done("AuthorizeSecurityGroupIngress"),
        {"cidrs": ["0.0.0.0/0"], "cidrs6": ["::/0"], "from_ports": ["22"]}),
    ec2("create_route", {"RouteTableId": "rtb-1", "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1"},
        "change_network_rules", "T2", "rtb-1", done("CreateRoute"), {"to": "0.0.0.0/0"}, "match", ["/GatewayId"]),
    ec2("create_key_pair", {"KeyName": "ops"}, "create_key_pair", "T2", "key_pair/ops",
        done("CreateKeyPair", "<keyName>ops</keyName><keyMaterial>k</keyMaterial>"), {"name": "ops"}),
    ec2("associate_iam_instance_profile", {"InstanceId": "i-1", "IamInstanceProfile": {"Name": "admin"}},
        "give_instance_role", "T2", "i-1", done("AssociateIamInstanceProfile"), {"profile": "admin"}),
    ec2("get_password_data", {"InstanceId": "i-1"}, "read_instance_secrets", "T1", "i-1",
        done("GetPasswordData"), {}, None),
    ec2("create_tags", {"Resources": ["i-1"], "Tags": [{"Key": "k", "Value": "v"}]}, "tag_ec2", "T1", "tags",
        done("CreateTags"), {"resources": ["i-1"]}),
    ec2("describe_instances", {"Filters": [{"Name": "tag:a", "Values": ["b", "c"]}]}, "ec2_read", "T0",
        "DescribeInstances", done("DescribeInstances", "<reservationSet/>"), {}, None),
    ec2("delete_vpc", {"VpcId": "vpc-1"}, "ec2_delete", "T2", "DeleteVpc", done("DeleteVpc"), {}, None, ["/VpcId"]),
    ec2("create_vpc", {"CidrBlock": "10.0.0.0/16"}, "ec2_write", "T2", "CreateVpc", done("CreateVpc", ""), {}, None,
        ["/CidrBlock"]),
    iam("put_role_policy", {"RoleName": "app", "PolicyName": "all", "PolicyDocument": DOCUMENT}, "put_role_policy",
        "T2", "app/policy/all", {"role": "app", "document": TRUST}),
    iam("put_user_policy", {"UserName": "eve", "PolicyName": "all", "PolicyDocument": DOCUMENT}, "put_role_policy",
        "T2", "eve/policy/all", {"user": "eve", "document": TRUST}),
    iam("attach_role_policy", {"RoleName": "app", "PolicyArn": ADMIN}, "attach_policy", "T2", "app/attached",
        {"policy": ADMIN}),
    iam("detach_role_policy", {"RoleName": "app", "PolicyArn": ADMIN}, "detach_policy", "T2", "app/attached",
        {"policy": ADMIN}),
    Row("iam", "create_policy", {"PolicyName": "all", "PolicyDocument": DOCUMENT}, "write_policy", "T2",
        "aws:iam/policy/all", queried("CreatePolicy", "<Policy><PolicyName>all</PolicyName></Policy>"),
        {"document": TRUST}),
    Row("iam", "create_role", {"RoleName": "app", "AssumeRolePolicyDocument": DOCUMENT}, "write_role", "T2",
        "aws:iam/role/app", queried("CreateRole", "<Role><RoleName>app</RoleName></Role>"), {"trust": TRUST}),
    Row("iam", "create_user", {"UserName": "eve"}, "create_user", "T2", "aws:iam/user/eve",
        queried("CreateUser", "<User><UserName>eve</UserName></User>"), {"user": "eve"}),
    iam("create_access_key", {"UserName": "eve"}, "create_access_key", "T2", "user/eve/access_keys", {"user": "eve"}),
    iam("update_access_key", {"UserName": "eve", "AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "Status": "Active"},
        "update_access_key", "T2", "access_key/AKIAIOSFODNN7EXAMPLE", {"status": "Active"}),
    iam("create_login_profile", {"UserName": "eve", "Password": "hunter2"}, "set_password", "T2",
        "user/eve/password"),
    iam("add_user_to_group", {"UserName": "eve", "GroupName": "admins"}, "add_to_group", "T2", "group/admins"),
    iam("delete_user", {"UserName": "eve"}, "delete_iam_user", "T2", "user/eve"),
    iam("delete_role", {"RoleName": "app"}, "delete_iam_role", "T2", "role/app"),
    iam("get_account_authorization_details", {}, "audit_iam", "T1", "account", {}, None),
    iam("list_users", {}, "iam_read", "T0", "ListUsers", {}, None),
    iam("delete_access_key", {"UserName": "eve", "AccessKeyId": "AKIAIOSFODNN7EXAMPLE"}, "iam_delete", "T2", "eve",
        {"key": "AKIAIOSFODNN7EXAMPLE"}, None),
    iam("tag_role", {"RoleName": "app", "Tags": [{"Key": "k", "Value": "v"}]}, "iam_write", "T2", "app", {}, None,
        ["/Tags"]),
    Row("sts", "assume_role", {"RoleArn": ROLE, "RoleSessionName": "agent", "ExternalId": "hunter2"}, "assume_role",
        "T2", f"aws:sts/{ROLE}", queried("AssumeRole", "<Credentials/>"), {"session": "agent"}),
    Row("sts", "get_session_token", {"DurationSeconds": 900}, "get_session", "T2", "aws:sts/GetSessionToken",
        queried("GetSessionToken", "<Credentials/>"), {"seconds": 900}),
    Row("sts", "get_caller_identity", {}, "get_caller_identity", "T0", "aws:sts/caller",
        queried("GetCallerIdentity", "<Arn>a</Arn>")),
    Row("sts", "get_access_key_info", {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE"}, "sts_read", "T0",
        "aws:sts/GetAccessKeyInfo", queried("GetAccessKeyInfo", ""), {}, None),
]  # fmt: skip


@pytest.fixture(scope="module")
def sky() -> Iterator[tuple[Standin, Clients]]:
    with cloud() as found:
        yield found


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_call(row: Row, sky: tuple[Standin, Clients]) -> None:
    exchange = called(row, *sky)
    check(row, exchange)
    found = expect(exchange, only(*MAPPINGS), unknown=row.unknown)
    assert "hunter2" not in repr(found.shown_body)


def test_the_reach_of_a_call(sky: tuple[Standin, Clients]) -> None:
    rows = {row.action: row for row in ROWS}
    expect(called(rows["terminate_instances"], *sky), only(*MAPPINGS), blast_radius=2)
    expect(called(rows["run_instances"], *sky), only(*MAPPINGS), blast_radius=3)


def test_a_dry_run_is_a_read_where_it_is_heeded(sky: tuple[Standin, Clients]) -> None:
    aws, client = sky
    aws.add(instances("TerminateInstances"), done("CreateTags"))
    client("ec2").terminate_instances(InstanceIds=["i-1"], DryRun=True)
    expect(aws.last, only(*MAPPINGS), action="try_ec2", tier="T0", target=of("TerminateInstances"))
    client("ec2").create_tags(Resources=["i-1"], Tags=[{"Key": "k", "Value": "v"}], DryRun=True)
    expect(aws.last, only(*MAPPINGS), action="tag_ec2", unknown=["/DryRun"])


def test_more_than_was_asked_for_is_drift(sky: tuple[Standin, Clients]) -> None:
    rows = {row.action: row for row in ROWS}
    mappings = only(*MAPPINGS)
    for name, other in (
        ("terminate_instances", instances("TerminateInstances", "i-1", "i-9")),
        ("run_instances", instances("RunInstances", "i-1", "i-2", "i-3", "i-4")),
        ("create_user", queried("CreateUser", "<User><UserName>root</UserName></User>")),
        ("delete_volume", done("DeleteVolume", "<return>false</return>")),
    ):
        assert verified(called(rows[name], *sky), mappings, answer=other).result is Result.DRIFT, name


def test_tries_of_the_client_are_one_call() -> None:
    rows = {row.action: row for row in ROWS}
    with Standin("*.amazonaws.com", [rows["run_instances"].answer]) as aws, aws_clients(aws) as client:
        aws.fail_next(503)
        for _ in range(2):  # the second time with another token
            client("ec2", retries=1).run_instances(**rows["run_instances"].asks)
        assert len(aws.calls) == 3
        rejoined(*aws.calls, mappings=only(*MAPPINGS))


def test_the_first_region_without_its_name() -> None:
    answer = xml("POST", "/", "<StopInstancesResponse/>")
    with Standin("*.amazonaws.com", [answer]) as aws, aws_clients(aws):
        old = boto3.client("ec2", endpoint_url="https://ec2.amazonaws.com")
        old.stop_instances(InstanceIds=["i-1"])
        expect(aws.last, only(*MAPPINGS), parameters={"region": "us-east-1"})
