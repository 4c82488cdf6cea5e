"""Names of actions."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from propose_kit import listed
from vienna_kernel.propose.naming import names, words_of

NAME = re.compile(r"[a-z][a-z0-9_]*\Z")


@pytest.mark.parametrize(
    ("method", "path", "operation_id", "name"),
    [
        ("GET", "/x", "issues/list-for-repo", "list_issues_for_repo"),
        ("GET", "/x", "issues/list-comments", "list_issue_comments"),
        ("POST", "/x", "issues/create", "create_issue"),
        ("DELETE", "/x", "repos/delete", "delete_repo"),
        ("GET", "/x", "meta/get", "get_meta"),
        ("GET", "/x", "meta/root", "get_meta_root"),
        ("GET", "/x", "search/labels", "search_labels"),
        ("PUT", "/x", "actions/create-or-update-org-secret", "create_or_update_action_org_secret"),
        ("POST", "/x", "secrets/bulk-create-org-patterns", "create_secret_bulk_org_patterns"),
        ("DELETE", "/x", "repos/delete-an-environment", "delete_repo_environment"),
        ("POST", "/x", "createChatCompletion", "create_chat_completion"),
        ("GET", "/x", "ListThreadsMethod", "list_threads"),
        ("GET", "/x", "admin-api-keys-list", "list_admin_api_keys"),
        ("GET", "/x", "usage-file-search-calls", "list_usage_file_search_calls"),
        ("POST", "/x", "chat_postMessage", "post_chat_message"),
        ("POST", "/x", "admin_users_setAdmin", "set_user_admin"),
        ("POST", "/x", "admin_inviteRequests_deny", "deny_admin_invite_request"),
        ("GET", "/x", "conversations_info", "get_conversation_info"),
        ("GET", "/x", "api_test", "test_api"),
        ("POST", "/mail/send", "POST_mail-send", "send_mail"),
        ("GET", "/items/{item_id}", "read_item_items__item_id__get", "read_item"),
        ("POST", "/spend_limit", "Updateorganizationspendlimit", "create_spend_limit"),
        ("POST", "/v1/tickets/{id}/close", "", "close_ticket"),
        ("GET", "/api/v2/orders", "", "list_orders"),
        ("GET", "/orders/{id}", "", "get_order"),
        ("PATCH", "/orders/{id}/lines/{line}", "", "update_order_line"),
        ("GET", "/users/search", "", "search_users"),
        ("HEAD", "/orders/{id}", "", "check_order"),
        ("GET", "/", "", "get_root"),
        ("POST", "/{id}", "", "create_root"),
        ("PUT", "/2010-04-01/Accounts/{Sid}.json", "", "replace_account"),
        ("GET", "/x", "get", "get_x"),
        ("GET", "/é", "日本", "get_e"),
    ],
)
def test_verb_first(method: str, path: str, operation_id: str, name: str) -> None:
    assert names([listed(method, path, operation_id)]) == [name]


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Delete the whole cart", "delete_whole_cart"),
        ("Cart", "delete_x"),
        ("v3 Delete cart", "delete_x"),
        ("Delete everything that was ever put into it", "delete_x"),
    ],
)
def test_a_short_title_that_starts_with_a_verb(title: str, name: str) -> None:
    assert names([listed("DELETE", "/x/{id}", title=title)]) == [name]


def test_names_are_unique_and_the_first_keeps_its_own() -> None:
    same = [listed("GET", f"/a{i}/{{id}}", "getThing") for i in range(3)] + [listed("GET", "/b", "getThing")]
    assert names(same) == ["get_thing", "get_thing_by_id", "get_thing_2", "get_thing_get_b"]
    assert names(same[:1]) == ["get_thing"]


def test_a_name_that_is_taken_gets_the_mapping_after_its_verb() -> None:
    assert names([listed("GET", "/b", "getThing")], taken={"get_thing"}, space="shop") == ["get_shop_thing"]
    both = [listed("GET", "/b", "getThing"), listed("GET", "/c", "getShopThing")]
    assert len(set(names(both, taken={"get_thing"}, space="shop"))) == 2


def test_a_long_name_is_cut_at_a_word() -> None:
    (name,) = names([listed("GET", "/x", "get" + "Thing" * 60)])
    assert name == "get" + "_thing" * 12
    assert max(map(len, names([listed("GET", "/x", "get" + "Thing" * 60)] * 5))) <= 100


OPERATIONS = st.lists(
    st.builds(
        listed,
        st.sampled_from(["GET", "POST", "DELETE", "HEAD"]),
        st.text(alphabet="ab{}/-.é1", max_size=12).map(lambda text: f"/{text}"),
        st.text(alphabet="abAB_-/1é gettlis", max_size=14),
        title=st.text(alphabet="abget ", max_size=10),
    ),
    max_size=12,
)


@given(OPERATIONS, st.sets(st.sampled_from(["get_root", "get_a", "create_root"])))
def test_every_name_is_one_and_no_two_are_alike(operations: list, taken: set[str]) -> None:
    found = names(operations, taken=taken, space="shop")
    assert all(NAME.match(name) and len(name) <= 100 for name in found)
    assert len(set(found)) == len(found)
    assert not set(found) & taken
    assert names(operations[:3], taken=taken, space="shop") == found[:3]


def test_a_name_has_a_verb_and_a_noun() -> None:
    assert all(len(words_of(listed(method, "/"))) == 2 for method in ("GET", "POST", "QUERY"))
