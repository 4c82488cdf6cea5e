"""The state of this control plane, as a person can act on it."""

from __future__ import annotations

from pydantic import BaseModel

from vienna_control.api.route import Context, Who, route
from vienna_control.clock import iso
from vienna_control.doctor.check import Status
from vienna_control.doctor.examination import examine, worst


class CheckData(BaseModel):
    """Attributes: ``fix``: what to do about it; empty when nothing."""

    name: str
    status: Status
    detail: str
    fix: str


class DoctorData(BaseModel):
    """Attributes: ``status``: the worst of its checks."""

    status: Status
    at: str
    checks: list[CheckData]


@route("GET", "/doctor", who=Who.ADMIN, writes=None, data=DoctorData, summary="What is well, and what to do")
async def doctor(ctx: Context) -> DoctorData:
    """Gates, channels and people of the tenant; the installation's own state for the admins of its first tenant."""
    found = await examine(ctx.app, ctx.principal.tenant)
    checks = [CheckData(**one.to_json()) for one in found]
    return DoctorData(status=worst(found), at=iso(ctx.app.clock.now()), checks=checks)
