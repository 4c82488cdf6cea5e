"""An intent that was submitted through the API: checked against its action type, and made into an ask.

The caller says what it wants; who it is comes from the credential. What it says of itself and the world is claimed,
and can only raise scrutiny.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import cast

from vienna_control.approvals.shown import exact
from vienna_control.execution.handlers import HANDLERS
from vienna_control.intake.ask import Ask, Caller, Mode
from vienna_control.policies import Bundle
from vienna_kernel.action import ActionType, FieldError
from vienna_kernel.intent import Cost, Effect, Intent, Reversibility, Tier
from vienna_kernel.value import Value, digest, plain

_ORIGIN = "api"
_WORDS_SHOWN = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What a caller asks for.

    Attributes:
        mode: None: as the tier says, as far as this version can.
        claimed: Context, justification, urgency and the like, by name.
    """

    action: str
    parameters: Mapping[str, Value]
    target: str | None = None
    mode: Mode | None = None
    claimed: Mapping[str, Value] = field(default_factory=dict)
    idempotency_key: str | None = None
    simulation: bool = False
    override_tier: Tier | None = None


class MisfitError(ValueError):
    """What was submitted does not fit its action type, or cannot be executed as asked.

    Attributes:
        errors: Each field with a message and what was expected.
    """

    def __init__(self, errors: list[FieldError]) -> None:
        super().__init__(f"{errors[0].field}: {errors[0].message}")
        self.errors = errors


def ask_of(caller: Caller, wanted: Submission, *, bundle: Bundle, attempt: str) -> Ask:
    """The ask. Raises ``MisfitError`` naming each field; an action that is not registered is left to the law."""
    kind = bundle.action_types.get(wanted.action)
    if kind is not None:
        errors = kind.validate(wanted.parameters)
        if errors:
            raise MisfitError([_under_parameters(error) for error in errors])
    intent = _intent(wanted, kind)
    return Ask(
        caller=caller,
        attempt=attempt,
        fingerprint=_fingerprint(caller, wanted, intent),
        intents=(intent,),
        bundle=bundle.digest,
        mode=_mode(wanted, intent, bundle),
        claimed=wanted.claimed,
        idempotency_key=wanted.idempotency_key,
        simulation=wanted.simulation,
        override_tier=wanted.override_tier,
        wait=False,
    )


def _under_parameters(error: FieldError) -> FieldError:
    return FieldError(f"/parameters/{error.field}".rstrip("/"), error.message, error.expected)


def _intent(wanted: Submission, kind: ActionType | None) -> Intent:
    declared = kind.parameters if kind else {}
    parameters = cast("Mapping[str, Value]", exact(dict(wanted.parameters)))
    return Intent(
        action=wanted.action,
        target=wanted.target or f"action:{wanted.action}",
        parameters=parameters,
        effect=kind.effect if kind else Effect.EXECUTE,
        reversibility=kind.reversibility if kind else Reversibility.UNKNOWN,
        default_tier=kind.default_tier if kind else Tier.T2,
        undetermined=frozenset(name for name in declared if name not in parameters),
        money={"amount": "currency"} if {"amount", "currency"} <= set(declared) else {},
        cost=_cost(parameters),
        summary=_summary(wanted),
        mapping=_ORIGIN if kind else None,
    )


def retold(intent: Intent, parameters: Mapping[str, Value], kind: ActionType | None) -> Intent:
    """The intent with other values. Raises ``MisfitError`` where they do not fit its action type."""
    errors = kind.validate(parameters) if kind else []
    if errors:
        raise MisfitError(errors)
    wanted = Submission(action=intent.action, parameters=parameters)
    return replace(intent, parameters=dict(parameters), cost=_cost(parameters), summary=_summary(wanted))


def _cost(parameters: Mapping[str, Value]) -> Cost | None:
    amount, currency = parameters.get("amount"), parameters.get("currency")
    if isinstance(amount, int | Decimal) and not isinstance(amount, bool) and isinstance(currency, str):
        return Cost(Decimal(amount), currency)
    return None


def _summary(wanted: Submission) -> str:
    """One sentence of plain values; each is cut by itself, so that a long one hides no other."""
    told = [
        f"{name} {_short(value)}"
        for name, value in wanted.parameters.items()
        if isinstance(value, str | int | Decimal) and not isinstance(value, bool)
    ]
    words = wanted.action.replace("_", " ")
    return f"{words} ({', '.join(told)})" if told else words


def _short(value: Value) -> str:
    text = str(plain(value))
    return text if len(text) <= _WORDS_SHOWN else text[: _WORDS_SHOWN - 1] + "…"


def _fingerprint(caller: Caller, wanted: Submission, intent: Intent) -> str:
    """All that was asked for; with an idempotency key, which makes an equal wish another wish."""
    return digest(
        {
            "road": "api",
            "agent": caller.agent_id,
            "source": caller.source.partition(":")[0],
            "intent": intent.digest(),
            "mode": wanted.mode,
            "key": wanted.idempotency_key,
        }
    )


def _mode(wanted: Submission, intent: Intent, bundle: Bundle) -> Mode:
    """Who executes. Raises ``MisfitError`` where ``direct`` is asked for and nothing of ours can do it."""
    able = bundle.handlers.get(wanted.action) in HANDLERS
    if wanted.mode == "direct" and not able:
        why = (
            f"{wanted.action} cannot be executed here: this version executes actions whose type names a handler "
            f"({', '.join(HANDLERS)}); every action can be asked for with mode passback"
        )
        raise MisfitError([FieldError("/mode", why, "passback")])
    if wanted.mode is not None:
        return wanted.mode
    return "direct" if able and bundle.tiers.execution(intent.default_tier) == "direct" else "passback"
