"""What a condition tree answers about one subject, and why.

1. Three answers: True, False, None (undetermined). ``all`` is False if any member is, else None if any is; ``any``
   the other way round; ``not`` of None is None.
2. A field that the action does not declare makes its test False; ``exists`` and ``not_exists`` ask about presence,
   which is known even of a value that is hidden from us, but for the members of a hidden object.
3. Money: a test that names a currency is undetermined for any other, or an unknown one; a test that names none is
   undetermined for a parameter that is money. ``cost_impact`` may be compared as a bare number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import tzinfo
from typing import Any, NamedTuple

from vienna_kernel.intent import HIDDEN
from vienna_kernel.policy.condition import Leaf, Node, Not, conjuncts, leaves
from vienna_kernel.policy.field import ABSENT, UNASKED, UNDETERMINED, Field, Gap, Read, present
from vienna_kernel.policy.operand import Kind, kind_of
from vienna_kernel.policy.operators import PRESENCE, Test
from vienna_kernel.policy.subject import Subject
from vienna_kernel.value import plain

type Judge = Callable[[Subject], bool | None]


def compile_tree(node: Node, tz: tzinfo) -> Judge:
    """The tree as one function of a subject."""
    if isinstance(node, Leaf):
        return _compile_leaf(node, tz)
    if isinstance(node, Not):
        return _negated(compile_tree(node.member, tz))
    # counting a call is asked last, after nested groups too, so that a rule counts only calls for which all else held
    whole = conjuncts(node) if node.word == "all" else node.members
    members = sorted(whole, key=lambda member: any(leaf.field.name == "rate" for leaf in leaves(member)))
    judges = [compile_tree(member, tz) for member in members]
    if len(judges) == 1:
        return judges[0]
    return _all(judges) if node.word == "all" else _any(judges)


def _compile_leaf(leaf: Leaf, tz: tzinfo) -> Judge:
    test = leaf.operator.build(leaf.operand, tz)
    if leaf.operator.name in PRESENCE:
        return _asked_of(present(leaf.field), test)
    read = leaf.field.read

    def judge(subject: Subject) -> bool | None:
        value = read(subject)
        if value is ABSENT:
            return False
        return None if value is UNDETERMINED else test(value)

    if leaf.field.currency is None or not leaf.operator.takes_currency:
        return judge
    if leaf.currency is None:
        return _unless_money(leaf.field, judge)
    return _in_currency(leaf.field, leaf.field.currency, leaf.currency, test)


def _asked_of(there: Judge, test: Test) -> Judge:
    def judge_presence(subject: Subject) -> bool | None:
        found = there(subject)
        return None if found is None else test(found)

    return judge_presence


def _in_currency(field: Field, code_of: Read, wanted: str, test: Test) -> Judge:
    read = field.read

    def judge_money(subject: Subject) -> bool | None:
        value = read(subject)
        if value is ABSENT:
            return False
        return None if value is UNDETERMINED or code_of(subject) != wanted else test(value)

    return judge_money


def _unless_money(field: Field, judge: Judge) -> Judge:
    """A parameter that is money cannot be compared with a number that names no currency."""
    name = field.parameter

    def judge_number(subject: Subject) -> bool | None:
        found = judge(subject)
        if subject.intent.money and name in subject.intent.money and name in subject.parameters:
            return None
        return found

    return judge_number


def _negated(judge: Judge) -> Judge:
    def negated(subject: Subject) -> bool | None:
        found = judge(subject)
        return None if found is None else not found

    return negated


def _all(judges: Sequence[Judge]) -> Judge:
    def all_hold(subject: Subject) -> bool | None:
        answer: bool | None = True
        for judge in judges:
            found = judge(subject)
            if found is False:
                return False
            if found is None:
                answer = None
        return answer

    return all_hold


def _any(judges: Sequence[Judge]) -> Judge:
    def any_holds(subject: Subject) -> bool | None:
        answer: bool | None = False
        for judge in judges:
            found = judge(subject)
            if found is True:
                return True
            if found is None:
                answer = None
        return answer

    return any_holds


# explaining


class Told(NamedTuple):
    """A tree as JSON data.

    Attributes:
        data: Each test with what was found, what was expected, and whether it held; groups as they nest.
        held: What the whole answers.
        open: Names of the fields whose tests could not be told, in order, each once; parameters with full name.
    """

    data: dict[str, Any]
    held: bool | None
    open: list[str]


def explain(node: Node, subject: Subject, tz: tzinfo) -> dict[str, Any]:
    """The data of ``tell``."""
    return tell(node, subject, tz).data


def tell(node: Node, subject: Subject, tz: tzinfo) -> Told:
    """The tree with its answers. A subject that is closed counts no call and opens no book for it."""
    if isinstance(node, Leaf):
        return _tell_leaf(node, subject, tz)
    members = [node.member] if isinstance(node, Not) else node.members
    told = [tell(member, subject, tz) for member in members]
    if isinstance(node, Not):
        held = None if told[0].held is None else not told[0].held
        data: dict[str, Any] = {"not": told[0].data}
    else:
        # what ends the question, what leaves it open, what is left: all of them the other way
        ends = node.word == "any"
        answers = [one.held for one in told]
        held = ends if ends in answers else None if None in answers else not ends
        data = {node.word: [one.data for one in told]}
    names = dict.fromkeys(name for one in told for name in one.open)
    return Told({**data, "result": _word(held), "passed": held is True}, held, list(names))


def _tell_leaf(leaf: Leaf, subject: Subject, tz: tzinfo) -> Told:
    held = _compile_leaf(leaf, tz)(subject)
    value = leaf.field.read(subject)
    unasked = value is UNASKED
    data = {
        "field": leaf.field.name,
        "operator": leaf.operator.name,
        "expected": leaf.operator.show(leaf.operand) + (f" {leaf.currency}" if leaf.currency else ""),
        "actual": _shown(leaf.field, value, subject),
        "result": "not asked" if unasked else _word(held),
        "passed": held is True,
    }
    if isinstance(value, Gap):
        data["gap"] = value.value
    return Told(data, held, [_full_name(leaf.field, subject)] if held is None and not unasked else [])


def _shown(field: Field, value: Any, subject: Subject) -> Any:
    if field.parameter is not None and field.parameter in subject.intent.redacted:
        return HIDDEN
    if isinstance(value, Gap):
        return None
    code = field.currency(subject) if field.currency else None
    is_amount = isinstance(code, str) and kind_of(value) is Kind.NUMBER
    return f"{plain(value)} {code}" if is_amount else plain(value)


def _word(held: bool | None) -> str:
    return "undetermined" if held is None else "true" if held else "false"


def _full_name(field: Field, subject: Subject) -> str:
    if field.parameter is None or field.name.startswith("parameters."):
        return field.name
    known = field.parameter in subject.parameters or field.parameter in subject.undetermined
    return f"parameters.{field.name}" if known else field.name
