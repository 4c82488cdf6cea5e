"""Mappings: what calls mean, how much of the traffic is understood, and new ones from traffic or a description."""

from __future__ import annotations

import asyncio
from typing import Any

from vienna_control.api.problems import Problem
from vienna_control.console.differences import lines
from vienna_control.console.page import page
from vienna_control.console.request_text import RequestTextError, request_of
from vienna_control.console.visit import Visit
from vienna_kernel.document import parse

_BLANK = """apiVersion: vienna/v1
kind: Mapping
id: my-api
version: 2026-01-01
hosts: [api.example.com]
protocol: rest
defaults: {unknown_params: flag, max_body: 64KiB}
actions:
  - action: get_thing
    match: {methods: [GET], path: "/v1/things/{thing}"}
    target: "my-api:thing/{thing}"
    params: {thing: {from: path}}
    effect: read
    reversibility: reversible
    default_tier: T0
    summary: "Read thing {thing}"
"""


@page("/mappings", "mappings.html", area="mappings")
async def mappings(visit: Visit) -> dict[str, Any]:
    """Those in force; ``q``: words of id, host and action."""
    found = await visit.ask("GET /mappings", query={"limit": 500, **visit.only("cursor")})
    words = visit.query.get("q", "").lower().split()
    kept = [{**one, "text": None, "cases": None} for one in found["mappings"] if _holds(one, words)]
    return {"found": {**found, "mappings": kept}}


def _holds(one: dict[str, Any], words: list[str]) -> bool:
    text = " ".join([one["id"], *one["hosts"], *(name or "" for name in one["actions"])]).lower()
    return all(word in text for word in words)


@page("/mappings/coverage", "mapping_coverage.html", area="mappings")
async def coverage(visit: Visit) -> dict[str, Any]:
    """Of the last ``days``: what is understood, and what is not by operation."""
    return {"found": await visit.ask("GET /mappings/coverage", query=visit.only("days"))}


@page("/mappings/import", "mapping_import.html", area="mappings")
async def from_description(visit: Visit) -> dict[str, Any]:
    """An OpenAPI document made into a mapping to be looked at."""
    return {}


@page("/mappings/new", "mapping.html", area="mappings")
async def new_mapping(visit: Visit) -> dict[str, Any]:
    """``from``: drawn from an intent that no mapping reads; blank else."""
    if intent := visit.query.get("from"):
        drawn = await visit.ask("GET /intents/{id}/mapping-draft", id=intent)
        return {
            "found": None,
            "versions": None,
            "text": drawn["mapping"],
            "cases": drawn["cases"],
            "drawn": {**drawn, "intent": intent},
            "request": _first_request(drawn["cases"]),
        }
    told = {"found": None, "versions": None, "drawn": None, "cases": "", "request": ""}
    return {**told, "text": _BLANK}


def _first_request(cases: str) -> str:
    """Of the cases that were drawn: the call as far as it was recorded."""
    return str(parse(cases, name="cases").data["cases"][0]["request"])


@page("/mappings/{id}", "mapping.html", area="mappings")
async def mapping(visit: Visit) -> dict[str, Any]:
    """One in force."""
    name = visit.path["id"]
    found = await visit.ask("GET /mappings/{id}", id=name)
    versions = None if found["read_only"] else await visit.ask("GET /mappings/{id}/versions", id=name)
    return {
        "found": found,
        "versions": _read(versions) if versions else None,
        "text": found["text"],
        "cases": found["cases"] or "",
        "drawn": None,
        "request": _request_to(found),
    }


def _request_to(found: dict[str, Any]) -> str:
    host = next((one.replace("*", "www") for one in found["hosts"]), "")
    return f"GET https://{host}/" if host else ""


def _read(told: dict[str, Any]) -> list[dict[str, Any]]:
    """Each version with its difference to the one before it."""
    versions, people = told["versions"], told["people"]
    before = [*versions[1:], {"text": "", "cases": ""}]
    return [
        {
            "version": one["version"],
            "what": one["what"],
            "at": one["at"],
            "author": people.get(one["author"], one["author"]),
            "text": lines(was.get("text") or "", one.get("text") or ""),
            "cases": lines(was.get("cases") or "", one.get("cases") or ""),
        }
        for one, was in zip(versions, before, strict=True)
    ]


@page("/mappings/try", "mapping_trial.html", area="mappings", preview=True)
async def try_request(visit: Visit) -> dict[str, Any]:
    """What ``request`` would mean, read by ``mapping`` or by those in force; ``preflight``: what is read before it."""
    sent = visit.body
    try:
        body = await asyncio.to_thread(request_of, str(sent.get("request") or ""))
        body |= {name: sent[name] for name in ("mapping", "preflight") if sent.get(name) not in (None, "")}
        told = await visit.ask("POST /mappings/test", body=body)
    except RequestTextError as error:
        return {"told": None, "problem": {"message": str(error)}}
    except Problem as problem:
        return {"told": None, "problem": problem.envelope()["error"]}
    return {"told": told, "problem": None}
