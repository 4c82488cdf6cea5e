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
from typing import Any

from vienna_kernel.policy.condition import Leaf, Node, Not, leaves
from vienna_kernel.policy.field import ABSENT, UNDETERMINED, Field, Gap, Read, present
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
    # counting a call is asked last, so that a rule counts only calls for which all else held
    members = sorted(
        node.members, key=lambda member: any(leaf.field.name == "rate" for leaf in leaves(member))
    )
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


def explain(node: Node, subject: Subject, tz: tzinfo) -> dict[str, Any]:
    """The tree as JSON data: each test with what was found, what was expected, and whether it held."""
    if isinstance(node, Leaf):
        return _explain_leaf(node, subject, tz)
    held = compile_tree(node, tz)(subject)
    if isinstance(node, Not):
        return {"not": explain(node.member, subject, tz), "result": _word(held), "passed": held is True}
    members = [explain(member, subject, tz) for member in node.members]
    return {node.word: members, "result": _word(held), "passed": held is True}


def _explain_leaf(leaf: Leaf, subject: Subject, tz: tzinfo) -> dict[str, Any]:
    held = _compile_leaf(leaf, tz)(subject)
    expected = leaf.operator.show(leaf.operand) + (f" {leaf.currency}" if leaf.currency else "")
    return {
        "field": leaf.field.name,
        "operator": leaf.operator.name,
        "expected": expected,
        "actual": _shown(leaf.field, subject),
        "result": _word(held),
        "passed": held is True,
    }


def _shown(field: Field, subject: Subject) -> Any:
    if field.parameter is not None and field.parameter in subject.intent.redacted:
        return "[redacted]"
    value = field.read(subject)
    if isinstance(value, Gap):
        return None
    code = field.currency(subject) if field.currency else None
    is_amount = isinstance(code, str) and kind_of(value) is Kind.NUMBER
    return f"{plain(value)} {code}" if is_amount else plain(value)


def _word(held: bool | None) -> str:
    return "undetermined" if held is None else "true" if held else "false"


def undetermined_fields(node: Node, subject: Subject, tz: tzinfo) -> list[str]:
    """Names of the fields whose tests could not be told, in order, each once; parameters with their full name."""
    names: dict[str, None] = {}
    for leaf in leaves(node):
        if _compile_leaf(leaf, tz)(subject) is None:
            names[_full_name(leaf.field, subject)] = None
    return list(names)


def _full_name(field: Field, subject: Subject) -> str:
    if field.parameter is None or field.name.startswith("parameters."):
        return field.name
    known = field.parameter in subject.parameters or field.parameter in subject.undetermined
    return f"parameters.{field.name}" if known else field.name
