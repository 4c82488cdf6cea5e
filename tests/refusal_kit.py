"""What the tests of refused clients share: the sentence, the hosts and mappings, programs and what they print."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

SAID = 'Denied by policy: "no <deletes> & no dumps". Do not retry this call. Ask your user.'
CLUSTER = "kubernetes.default.svc"
HOSTS = [
    CLUSTER, "mcp.linear.app", "api.github.com", "github.com", "slack.com", "api.stripe.com", "api.openai.com",
    "registry.npmjs.org", "pypi.org", "files.pythonhosted.org", "gmail.googleapis.com", "unmapped.example",
    "s3.eu-west-1.amazonaws.com",
    "bucket.s3.eu-west-1.amazonaws.com", "ec2.eu-west-1.amazonaws.com", "iam.amazonaws.com",
    "dynamodb.eu-west-1.amazonaws.com", "email.eu-west-1.amazonaws.com", "lambda.eu-west-1.amazonaws.com",
    "secretsmanager.eu-west-1.amazonaws.com", "sns.eu-west-1.amazonaws.com", "route53.amazonaws.com",
    "tools.example", "clickhouse", "abc.supabase.co", "api.twilio.com", "api.sendgrid.com", "api.anthropic.com",
    "generativelanguage.googleapis.com",
]  # fmt: skip
MAPPINGS = """
    anthropic aws_dynamodb aws_ec2 aws_iam aws_lambda aws_s3 aws_secretsmanager aws_ses aws_sesv2 clickhouse
    clickhouse_status github github_git github_graphql gmail gemini kubernetes mcp npm openai postgrest pypi_read
    sendgrid slack stripe toy_payments twilio
""".split()


def plain(text: str) -> str:
    """Without what a client's own quoting adds."""
    return text.replace("\\", "").replace('"', "").replace("'", "")


def run(*command: str, **env: str) -> tuple[int, str]:
    """Exit code, and what a person sees."""
    done = subprocess.run(
        command, env={**os.environ, **env}, capture_output=True, text=True, timeout=110, check=False
    )
    return done.returncode, done.stdout + done.stderr


def found(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        if os.environ.get("CI"):
            pytest.fail(f"{name} is not installed, and in CI it must be")
        pytest.skip(f"{name} is not installed")
    return path
