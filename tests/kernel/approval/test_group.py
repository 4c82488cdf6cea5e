"""Groups as files name them: every complaint has its line."""

from __future__ import annotations

import pytest

from vienna_kernel.approval.group import Group, from_documents
from vienna_kernel.approval.rota import Weekly
from vienna_kernel.document import DocumentError, parse
from vienna_kernel.errors import MalformedError

GROUPS = """\
apiVersion: vienna/v1
kind: Groups
groups:
  - name: finance
    order: 10
    timezone: Europe/Vienna
    page: now
    duty:
      - {days: [monday, friday], from: "08:00", to: "18:00", people: [Alice@example.com]}
  - name: devops
    calendar: https://calendar.example.com/devops.ics
"""


def test_a_file_of_groups() -> None:
    finance, devops = from_documents([parse(GROUPS, name="groups.yaml")])
    assert (finance.name, finance.order, finance.page) == ("finance", 10, "now")
    (row,) = finance.weekly().rows
    assert (row.days, row.start, row.end, row.people) == ({0, 4}, 480, 1080, {"alice@example.com"})
    assert devops.weekly() == Weekly((), devops.weekly().zone)
    assert Group.model_validate(finance.to_json()) == finance


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("order: 10", "order: -1", "groups.yaml:5:"),
        ("order: 10", "rank: 10", "unknown key 'rank'"),
        ("Europe/Vienna", "Europe/Wien", "groups.yaml:6:5 groups[0].timezone"),
        ("monday", "mon", "groups.yaml:9:"),
        ("18:00", "24:00", "expected a time of day HH:MM"),
        ("https://calendar", "http://calendar", "groups.yaml:11:5 groups[1].calendar"),
        ("https://calendar", "https://user@calendar", "expected an https address"),
        ("name: devops", "name: finance", "groups.yaml:10:5 groups[1].name: the group 'finance' stands at"),
        ("page: now", "page: later", "groups.yaml:7:"),
        ("page: now", "calendar: https://a.example", "not both"),
        ("vienna/v1", "vienna/v2", "groups.yaml:1:"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(old: str, new: str, why: str) -> None:
    with pytest.raises(MalformedError) as told:
        from_documents([parse(GROUPS.replace(old, new), name="groups.yaml")])
    assert isinstance(told.value, DocumentError)
    assert why in str(told.value)
