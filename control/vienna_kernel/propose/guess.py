"""Effect, reversibility and tier of an operation, guessed from its method and its words. Every guess says from what.

1. A method that is safe (RFC 9110 9.2.1) reads, unless the name starts with a verb that acts: ``GET /auth.revoke``.
2. Of the words, only those count that name what is acted on: the last literal of the path, the verb, at last the tags;
   ``POST /messages/{id}/reactions`` sends no message.
3. Where two guesses fit, the first row of the table counts; rows with more at stake stand first.
4. A read that is not done by a safe method keeps a person in the loop (T1): its name may be wrong.
"""

from __future__ import annotations

from dataclasses import dataclass

from vienna_kernel.intent import Effect, Reversibility, Tier
from vienna_kernel.propose.naming import STRONG

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

_READING = frozenset(
    "check compare count describe download estimate export fetch find get list lookup poll preview query read retrieve"
    " search show validate verify".split()
)
_READING_BY_POST = _READING - {"check", "download", "export", "poll", "validate", "verify"}
_DELETING = frozenset("delete destroy drop erase purge remove terminate trash uninstall void wipe".split())
_MAKING = frozenset(
    "broadcast call create email forward mail message notify post publish reply resend send submit".split()
)

_MONEY = "charge checkout disbursement donation invoice pay payment payout purchase refund topup withdraw withdrawal"
_ACCESS = (
    "access acl certificate collaborator credential grant grantee impersonation invitation invite invitee key"
    " member membership oauth owner ownership password permission policy protection public role ruleset scope secret"
    " share shared token transfer"
)
_RUNNING = (
    "command deploy deployment dispatch exec execute execution invoke job launch reboot rerun restart rollback run"
    " scale start stop trigger"
)
_SENDING = "broadcast call email fax mail message notification notify publish reply resend send sms"
_RULING = (
    "admin ban billing deactivate dns domain enterprise firewall hook saml scim sso suspend suspension tenant"
    " webhook"
)

_ROWS: tuple[tuple[Effect, frozenset[str], frozenset[str]], ...] = (
    # effect, words that tell it, verbs it needs (none: any)
    (Effect.SPEND, frozenset(_MONEY.split()), frozenset()),
    (Effect.GRANT, frozenset(_ACCESS.split()) | {"revoke"}, frozenset()),
    (Effect.EXECUTE, frozenset(_RUNNING.split()), frozenset()),
    (Effect.SEND, frozenset(_SENDING.split()), _MAKING),
    (Effect.ADMIN, frozenset(_RULING.split()), frozenset()),
)

_CONTAINERS = frozenset(
    "account bucket cluster customer database db directory domain enterprise environment namespace org organisation"
    " organization project repo repository server site space subuser table team tenant vault volume workspace"
    " zone".split()
)
_PARTING = frozenset("detach disconnect kick leave remove unassign unlink".split())
"""Verbs that take a thing out of another and leave both."""
_MANY_BELOW = 10
_SECRETS = frozenset({"credential", "password", "secret"})


@dataclass(frozen=True, slots=True)
class Guess:
    """A value and what it was guessed from, in a few words."""

    value: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is known of an operation when it is guessed about; words in lower case and singular.

    Attributes:
        about: Words of the last literal of its path.
        tags: Words of its tags.
        money: Whether it takes an amount and its currency.
        item: Whether its path ends with a variable: it acts on one thing.
        below: How many operations lie below its path.
        collection: Whether its path is that of several things, each with a path below it.
        undone_by: The operation that would take it back, empty when none is documented.
    """

    method: str
    verb: str
    about: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    money: bool = False
    item: bool = False
    below: int = 0
    collection: bool = False
    undone_by: str = ""


def effect(subject: Subject) -> Guess:
    """What it does to the world."""
    acting = subject.verb in STRONG - _READING
    if subject.method in SAFE and not acting:
        return Guess(Effect.READ, subject.method)
    if subject.method == "DELETE":
        return Guess(Effect.DELETE, "DELETE")
    if subject.verb in _DELETING:
        return Guess(Effect.DELETE, f"the word {subject.verb}")
    if subject.method == "POST" and subject.verb in _READING_BY_POST:
        return Guess(Effect.READ, f"the word {subject.verb}")
    if subject.money:
        return Guess(Effect.SPEND, "an amount with its currency")
    return _by_words(subject) or Guess(Effect.WRITE, subject.method)


def _by_words(subject: Subject) -> Guess | None:
    for words, of in (((*subject.about, subject.verb), "word"), (subject.tags, "tag")):
        for told, telling, verbs in _ROWS:
            found = next((word for word in words if word in telling), None)
            if found and (not verbs or subject.verb in verbs):
                return Guess(told, f"the {of} {found}")
    return None


def reversibility(subject: Subject, told: Guess) -> Guess:
    """Whether it can be taken back, as far as that can be guessed."""
    match Effect(told.value):
        case Effect.READ:
            return Guess(Reversibility.REVERSIBLE, "it reads")
        case Effect.DELETE | Effect.SPEND | Effect.SEND as kind:
            words = {
                Effect.DELETE: "what is deleted",
                Effect.SPEND: "what is paid",
                Effect.SEND: "what is sent",
            }
            return Guess(Reversibility.IRREVERSIBLE, words[kind])
    if subject.undone_by:
        return Guess(Reversibility.COMPENSATABLE, subject.undone_by)
    return Guess(Reversibility.UNKNOWN, "nothing says that it can be taken back")


def tier(subject: Subject, told: Guess) -> Guess:
    """How much consent it needs before anybody has said more."""
    kind = Effect(told.value)
    if kind is Effect.READ:
        return _tier_of_read(subject)
    if kind in (Effect.WRITE, Effect.SEND):
        return Guess(Tier.T1, f"effect {kind}")
    whole = _whole(subject) if kind is Effect.DELETE else ""
    return Guess(Tier.T3, whole) if whole else Guess(Tier.T2, f"effect {kind}")


def _tier_of_read(subject: Subject) -> Guess:
    if subject.method not in SAFE:
        return Guess(Tier.T1, f"a read by {subject.method}")
    secret = next((word for word in subject.about if word in _SECRETS), None)
    return Guess(Tier.T1, f"the word {secret}") if secret else Guess(Tier.T0, "effect read")


def _whole(subject: Subject) -> str:
    """Why what is deleted is more than one thing; empty when it is not."""
    last = subject.about[-1] if subject.about else ""
    if subject.item and subject.verb in _PARTING:
        return ""
    if subject.item and last in _CONTAINERS:
        return f"{'an' if last[0] in 'aeio' else 'a'} {last} holds others"
    if subject.item and subject.below >= _MANY_BELOW:
        return f"{subject.below} operations lie below it"
    if subject.collection:
        return "all of a collection"
    return ""
