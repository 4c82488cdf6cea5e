"""OpenAI and Anthropic by their official clients."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest

from harness.standin import Answer, Asked, Standin
from vienna_kernel.call.request import Call, canonicalise
from vienna_kernel.mapping.cases import parse_request
from vienna_kernel.mapping.reading import Mapped
from vienna_kernel.verdict import Reason
from vienna_kernel.verification import Result
from wire_kit import expect, only, read, rejoined, through, verified

DOCUMENT = Path(__file__).parents[4] / "shared" / "apis" / "openai.json.gz"


def thing(asked: Asked) -> dict[str, Any]:
    """An object as the API shows it: what was said of it, and the id in the path."""
    told = asked.json if "json" in (asked.header("content-type") or "") and asked.body else {}
    last = asked.path.rpartition("/")[2]
    return {
        "object": "thing",
        "id": last,
        "deleted": True,
        "purpose": "batch",
        "filename": "a.txt",
        "data": [{"embedding": [0.5], "index": 0, "object": "embedding"}],
        "choices": [],
        "content": [],
        "output": [],
        "results": [],
        "usage": {"input_tokens": 1, "output_tokens": 1},
        "input_tokens": 1,
        **told,
    }


ANSWERS = [Answer("*", "*", 200, thing)]


@pytest.fixture
def api() -> Iterator[Standin]:
    with Standin(["api.openai.com", "api.anthropic.com"], ANSWERS) as standin, through(standin):
        yield standin


def calls() -> Iterator[tuple[str, str, str, Any]]:
    """Action, tier, summary, and the client's own call of it."""
    ai = openai.OpenAI(api_key="sk-1", admin_api_key="sk-2", max_retries=0)
    hello: Any = [{"role": "user", "content": "Hello"}]
    yield (
        "llm_completion",
        "T0",
        "Ask gpt-5, 1 messages, at most 9 tokens",
        lambda: ai.chat.completions.create(model="gpt-5", messages=hello, max_completion_tokens=9),
    )
    yield (
        "llm_completion",
        "T0",
        "Ask gpt-5, at most 16 tokens",
        lambda: ai.responses.create(model="gpt-5", input="Hello", max_output_tokens=16),
    )
    yield (
        "llm_completion",
        "T0",
        "Ask gpt-3, at most 5 tokens",
        lambda: ai.completions.create(model="gpt-3", prompt="x", max_tokens=5),
    )
    yield "llm_embedding", "T0", "Embed with e-1", lambda: ai.embeddings.create(model="e-1", input="x")
    yield "llm_moderate", "T0", "Have a text judged", lambda: ai.moderations.create(input="x")
    yield (
        "llm_media",
        "T0",
        "Make pictures with img-1",
        lambda: ai.images.generate(model="img-1", prompt="x", n=2),
    )
    yield (
        "llm_media",
        "T0",
        "Write down a recording with w-1",
        lambda: ai.audio.transcriptions.create(model="w-1", file=("a.mp3", b"x")),
    )
    yield (
        "llm_upload_file",
        "T1",
        "Give OpenAI the file a.txt for batch",
        lambda: ai.files.create(file=("a.txt", b"x"), purpose="batch"),
    )
    yield "llm_delete_file", "T1", "Delete the file f1", lambda: ai.files.delete("f1")
    yield (
        "llm_fine_tune",
        "T1",
        "Train gpt-5 on f1",
        lambda: ai.fine_tuning.jobs.create(model="gpt-5", training_file="f1"),
    )
    yield (
        "llm_batch",
        "T2",
        "Ask all of f1 (/v1/responses)",
        lambda: ai.batches.create(input_file_id="f1", endpoint="/v1/responses", completion_window="24h"),
    )
    yield "llm_delete_model", "T2", "Delete the model ft-1", lambda: ai.models.delete("ft-1")
    yield "llm_conversation", "T0", "Go on with a conversation", lambda: ai.conversations.create()
    yield (
        "llm_admin",
        "T2",
        "Change admin_api_keys of the organisation: k not given",
        lambda: ai.admin.organization.admin_api_keys.create(name="k"),
    )
    yield "openai_write", "T2", "Write vector_stores of OpenAI", lambda: ai.vector_stores.create(name="x")
    yield "openai_delete", "T2", "Delete vector_stores/v1 of OpenAI", lambda: ai.vector_stores.delete("v1")
    yield "openai_read", "T0", "Read files of OpenAI", lambda: ai.files.list()
    claude = anthropic.Anthropic(api_key="sk-1", max_retries=0)
    yield (
        "llm_completion",
        "T0",
        "Ask claude, 1 messages, at most 9 tokens",
        lambda: claude.messages.create(model="claude", messages=hello, max_tokens=9),
    )
    yield (
        "llm_count_tokens",
        "T0",
        "Count tokens for claude",
        lambda: claude.messages.count_tokens(model="claude", messages=hello),
    )
    batch: Any = [{"custom_id": "a", "params": {"model": "claude", "max_tokens": 1, "messages": hello}}]
    yield "llm_batch", "T1", "Ask 1 questions at once", lambda: claude.messages.batches.create(requests=batch)
    yield (
        "llm_upload_file",
        "T1",
        "Give Anthropic the file a.txt",
        lambda: claude.beta.files.upload(file=("a.txt", b"x", "text/plain")),
    )
    yield "llm_delete_file", "T1", "Delete the file f1", lambda: claude.beta.files.delete("f1")
    yield (
        "anthropic_delete",
        "T2",
        "Delete messages/batches/b1 of Anthropic",
        lambda: claude.messages.batches.delete("b1"),
    )
    yield (
        "anthropic_write",
        "T2",
        "Write messages/batches/b1/cancel of Anthropic",
        lambda: claude.messages.batches.cancel("b1"),
    )
    yield "anthropic_read", "T0", "Read messages/batches of Anthropic", lambda: claude.messages.batches.list()


def test_every_named_action_by_the_clients_own_call(api: Standin) -> None:
    for action, tier, summary, call in calls():
        call()
        unknown = read(api.last).unknown
        expect(api.last, action=action, tier=tier, summary=summary, unknown=unknown)
        assert verified(api.last).result in (Result.MATCH, Result.UNVERIFIABLE), (action, verified(api.last))
        assert "Hello" not in str(read(api.last).shown_body)


def test_a_retry_is_the_same_call(api: Standin) -> None:
    hello: Any = [{"role": "user", "content": "Hello"}]
    for call in (
        lambda: openai.OpenAI(api_key="k", max_retries=1).chat.completions.create(model="m", messages=hello),
        lambda: anthropic.Anthropic(api_key="k", max_retries=1).messages.create(
            model="m", messages=hello, max_tokens=1
        ),
    ):
        before = len(api.calls)
        api.fail_next(503)
        call()
        rejoined(*api.calls[before:])


def test_every_documented_operation_of_openai_is_mapped() -> None:
    if not DOCUMENT.exists():
        pytest.skip("the public API descriptions do not lie beside this checkout")
    named = total = 0
    for path, methods in json.loads(gzip.decompress(DOCUMENT.read_bytes()))["paths"].items():
        for method in methods.keys() & {"get", "post", "delete"}:
            url = "https://api.openai.com/v1" + re.sub(r"{[^}]*}", "x1", path)
            call = canonicalise(parse_request(f"{method.upper()} {url}\n\n"))
            assert isinstance(call, Call)
            found = only("openai").map(call)
            total += 1
            if not isinstance(found, Mapped):
                assert found.reason is Reason.INVALID_PARAMETER, path  # type: ignore[union-attr]
                named += 1
                continue
            assert found.mapped, path
            named += not found.intents[0].action.startswith("openai_")
            if method == "delete":
                assert found.intents[0].default_tier >= "T1", path
    assert total == 288
    assert named > 90
