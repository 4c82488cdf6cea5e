"""``python -m vienna_proxy.drill``: the same gate with a judge that fails on purpose, to show that it refuses.

For dev and test: whoever starts this in prod gets nothing at all.
"""

from __future__ import annotations

import sys

from vienna_kernel.call.request import Call
from vienna_proxy.__main__ import main
from vienna_proxy.answer.problem import Answer
from vienna_proxy.judge.consult import Grant
from vienna_proxy.judge.decide import Judge, Plea


class BrokenJudge(Judge):
    """Raises instead of judging."""

    async def judge(self, call: Call, plea: Plea) -> Grant | Answer:
        """Fail. Raises ``RuntimeError`` always."""
        raise RuntimeError("drill: this judge fails on purpose")


def drill() -> int:
    """Run the drill; the exit code."""
    return main(make_judge=BrokenJudge, lenient_only="the drill")


if __name__ == "__main__":
    sys.exit(drill())
