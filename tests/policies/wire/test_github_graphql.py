"""GitHub's GraphQL by PyGithub, by its own methods and by its requester."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import github
import pytest
from github import Auth, Github

from harness.standin import Answer, Asked, Exchange, Standin
from vienna_kernel.verification import Result
from wire_kit import expect, expect_each, expect_refused, read, rejoined, through, verified

HOSTS = ["api.github.com"]
NODE = {"id": "N_1", "isDraft": True, "isMinimized": True, "state": "OPEN", "merged": True, "number": 7}


def answered(asked: Asked) -> dict[str, Any]:
    """Every root field by its name in the answer, with an object for each that was asked for below it."""
    text = asked.json["query"]
    fields = re.findall(r"(?:(\w+): ?)?(\w+)\((?:input|id)", text.partition("{")[2])
    data: dict[str, Any] = {alias or name: state(name) for alias, name in fields}
    return {"data": data or {"viewer": {"login": "me"}}}


def state(name: str) -> dict[str, Any]:
    if name == "node":
        return {"__typename": "Issue", **NODE}
    node = {**NODE, "isDraft": name.startswith("convert"), "isArchived": name == "archiveRepository"}
    if name.startswith("close") or name == "updatePullRequest":
        node["state"] = "CLOSED"
    if name.startswith("unminimize"):
        node["isMinimized"] = False
    if "Review" in name:
        node["state"] = "APPROVED"
    whole = ("pullRequest", "issue", "comment", "minimizedComment", "unminimizedComment", "repository")
    return {
        **dict.fromkeys(whole, node),
        "pullRequestReview": node,
        "success": True,
        "clientMutationId": None,
    }


ANSWERS = [Answer("POST", "/graphql", body=answered)]


@pytest.fixture
def api() -> Iterator[Standin]:
    with Standin(HOSTS, ANSWERS) as standin, through(standin):
        yield standin


def client(**settings: Any) -> Github:
    plain = {"retry": None, "seconds_between_requests": None, "seconds_between_writes": None}
    return Github(auth=Auth.Token("ghp_1"), **{**plain, **settings})


def pull(hub: Github) -> Any:
    return github.PullRequest.PullRequest(hub.requester, {}, {"node_id": "PR_1", "url": "/p"}, completed=True)


type Row = tuple[str, str, str, Callable[[], Any]]


class Calls:
    """The client's own calls, by action: tier, summary, the call."""

    def __init__(self) -> None:
        self.hub = client()

    def ask(self, name: str, /, **given: Any) -> Callable[[], Any]:
        asked = given.pop("schema", "clientMutationId")
        return lambda: self.hub.requester.graphql_named_mutation(name, given, asked)

    def __iter__(self) -> Iterator[Row]:
        yield from self.pulls()
        yield from self.issues()
        yield from self.code()
        yield from self.rest()

    # fmt: off
    def pulls(self) -> Iterator[Row]:
        ask, one, pr = self.ask, pull(self.hub), {"pullRequestId": "PR_1"}
        yield "merge_pull_request", "T1", "Merge pull request PR_1 (head: a1)", ask("mergePullRequest", **pr, expectedHeadOid="a1", schema="pullRequest { merged }")
        yield "enable_auto_merge", "T1", "Merge pull request PR_1 as soon as its checks allow (head: not given)", lambda: one.enable_automerge("SQUASH")
        yield "disable_auto_merge", "T1", "Merge pull request PR_1 no more by itself", one.disable_automerge
        yield "enqueue_pull_request", "T1", "Queue pull request PR_1 for merging (first: true)", ask("enqueuePullRequest", **pr, jump=True)
        yield "create_pull_request", "T1", "Propose merging fix into main of R_1: “Fix”", ask("createPullRequest", repositoryId="R_1", baseRefName="main", headRefName="fix", title="Fix")
        yield "update_pull_request", "T1", "Change pull request PR_1", ask("updatePullRequest", **pr, title="Fix 2")
        yield "close_pull_request", "T1", "Close pull request PR_1", ask("closePullRequest", **pr, schema="pullRequest { state }")
        yield "close_pull_request", "T1", "Close pull request PR_1", ask("updatePullRequest", **pr, state="CLOSED")
        yield "set_pull_request_draft", "T1", "Set pull request PR_1 (draft: true)", one.convert_to_draft
        yield "set_pull_request_draft", "T1", "Set pull request PR_1 (draft: false)", one.mark_ready_for_review
        yield "update_pull_branch", "T1", "Bring the branch of pull request PR_1 up to date", ask("updatePullRequestBranch", **pr)
        yield "create_review", "T1", "Review pull request PR_1 (COMMENT): “Hm”", ask("addPullRequestReview", **pr, event="COMMENT", body="Hm")
        yield "approve_pull_request", "T1", "Approve pull request PR_1", ask("addPullRequestReview", **pr, event="APPROVE")
        yield "approve_pull_request", "T1", "Approve pull request PRR_1", ask("submitPullRequestReview", pullRequestReviewId="PRR_1", event="APPROVE")
        yield "dismiss_review", "T2", "Dismiss review PRR_1: “Old”", ask("dismissPullRequestReview", pullRequestReviewId="PRR_1", message="Old")
        yield "request_reviewers", "T1", 'Ask ["U_1"] to review pull request PR_1', ask("requestReviews", **pr, userIds=["U_1"])
        yield "comment_pull_request", "T1", "Comment on a.py of pull request PR_1: “Hm”", ask("addPullRequestReviewThread", **pr, path="a.py", line=3, body="Hm")
        yield "resolve_review_thread", "T1", "Review thread PRRT_1 (settled: true)", ask("resolveReviewThread", threadId="PRRT_1")

    def issues(self) -> Iterator[Row]:
        ask = self.ask
        comment = github.IssueComment.IssueComment(self.hub.requester, {}, {"node_id": "IC_1"}, completed=True)
        talk = github.RepositoryDiscussion.RepositoryDiscussion(self.hub.requester, {}, {"id": "D_1"}, completed=True)
        reply = github.RepositoryDiscussionComment.RepositoryDiscussionComment(self.hub.requester, {}, {"id": "DC_1", "node_id": "DC_1"}, completed=True)
        yield "create_issue", "T1", "Open an issue in R_1: “Lost”", ask("createIssue", repositoryId="R_1", title="Lost", labelIds=["L_1"])
        yield "update_issue", "T1", "Change issue I_1 (state: closed)", ask("closeIssue", issueId="I_1", stateReason="COMPLETED", schema="issue { state }")
        yield "update_issue", "T1", "Change issue I_1 (state: open)", ask("reopenIssue", issueId="I_1", schema="issue { state }")
        yield "delete_issue", "T2", "Delete issue I_1", ask("deleteIssue", issueId="I_1")
        yield "transfer_issue", "T2", "Move issue I_1 to R_2", ask("transferIssue", issueId="I_1", repositoryId="R_2")
        yield "comment_issue", "T1", "Comment on I_1: “Found”", ask("addComment", subjectId="I_1", body="Found")
        yield "edit_comment", "T1", "Change comment DC_1: “Sorry”", lambda: reply.edit("Sorry")
        yield "delete_comment", "T2", "Delete comment DC_1", reply.delete
        yield "minimize_comment", "T1", "Fold comment IC_1 away (SPAM)", lambda: comment.minimize("SPAM")
        yield "minimize_comment", "T1", "Unfold comment IC_1", comment.unminimize
        yield "create_discussion", "T1", "Begin a discussion in R_1: “Idea”", ask("createDiscussion", repositoryId="R_1", categoryId="C_1", title="Idea", body="b")
        yield "comment_discussion", "T1", "Answer in discussion D_1: “Yes”", lambda: talk.add_comment("Yes")
        yield "delete_discussion", "T2", "Delete discussion D_1", ask("deleteDiscussion", id="D_1")
        yield "label_issue", "T1", 'Label I_1: ["L_1"]', ask("addLabelsToLabelable", labelableId="I_1", labelIds=["L_1"])
        yield "unlabel_issue", "T1", 'Take labels ["L_1"] off I_1', ask("removeLabelsFromLabelable", labelableId="I_1", labelIds=["L_1"])
        yield "assign_issue", "T1", 'Assign I_1 to ["U_1"]', ask("addAssigneesToAssignable", assignableId="I_1", assigneeIds=["U_1"])
        yield "unassign_issue", "T1", 'Take I_1 from ["U_1"]', ask("removeAssigneesFromAssignable", assignableId="I_1", assigneeIds=["U_1"])
        yield "lock_issue", "T1", "Lock I_1", ask("lockLockable", lockableId="I_1", lockReason="SPAM")
        yield "unlock_issue", "T1", "Unlock I_1", ask("unlockLockable", lockableId="I_1")
        yield "add_reaction", "T1", "React with HEART to I_1", ask("addReaction", subjectId="I_1", content="HEART")

    def code(self) -> Iterator[Row]:
        ask = self.ask
        files = {"additions": [{"path": "a.py", "contents": "aGk="}], "deletions": [{"path": "b.py"}]}
        branch = {"repositoryNameWithOwner": "acme/shop", "branchName": "main"}
        yield "commit_files", "T1", 'Commit ["a.py"] to main of acme/shop, without ["b.py"]: “Fix”', ask("createCommitOnBranch", branch=branch, message={"headline": "Fix"}, fileChanges=files, expectedHeadOid="a1")
        yield "git_push", "T1", "Push to refs/heads/fix of R_1 (create)", ask("createRef", repositoryId="R_1", name="refs/heads/fix", oid="a1")
        yield "git_push", "T1", "Push to REF_1 (update)", ask("updateRef", refId="REF_1", oid="b2")
        yield "git_force_push", "T2", "Replace the history of REF_1", ask("updateRef", refId="REF_1", oid="b2", force=True)
        yield "git_delete_ref", "T2", "Delete REF_1", ask("deleteRef", refId="REF_1")
        yield "git_update_refs", "T2", "Set refs/heads/main of R_1 to b2 (force: true)", ask("updateRefs", repositoryId="R_1", refUpdates=[{"name": "refs/heads/main", "afterOid": "b2", "force": True}])
        yield "merge_branch", "T1", "Merge fix into main of R_1", ask("mergeBranch", repositoryId="R_1", base="main", head="fix")
        yield "create_repo", "T1", "Make repository new (visibility: PRIVATE)", ask("createRepository", name="new", visibility="PRIVATE")
        yield "update_repo", "T1", "Change the settings of R_1", ask("updateRepository", repositoryId="R_1", hasIssuesEnabled=False)
        yield "archive_repo", "T2", "Archive R_1", ask("archiveRepository", repositoryId="R_1", schema="repository { isArchived }")
        yield "protect_branch", "T2", "Protect branches main of R_1 (reviews: true, checks: not given, admins too: not given)", ask("createBranchProtectionRule", repositoryId="R_1", pattern="main", requiresApprovingReviews=True)
        yield "unprotect_branch", "T2", "Take away protection BPR_1", ask("deleteBranchProtectionRule", branchProtectionRuleId="BPR_1")
        yield "create_ruleset", "T2", "Make the rules r of R_1 (ACTIVE)", ask("createRepositoryRuleset", sourceId="R_1", name="r", target="BRANCH", enforcement="ACTIVE", conditions={})
        yield "update_ruleset", "T2", "Change the rules RRS_1 (DISABLED)", ask("updateRepositoryRuleset", repositoryRulesetId="RRS_1", enforcement="DISABLED")
        yield "delete_ruleset", "T2", "Delete the rules RRS_1", ask("deleteRepositoryRuleset", repositoryRulesetId="RRS_1")
        yield "star_repo", "T1", "Star R_1", ask("addStar", starrableId="R_1")
        yield "unstar_repo", "T1", "Take the star of R_1 away", ask("removeStar", starrableId="R_1")
        yield "create_deployment", "T2", "Deploy REF_1 of R_1 to prod", ask("createDeployment", repositoryId="R_1", refId="REF_1", environment="prod")
        yield "review_deployment", "T2", "Deployments of run WR_1: approved", ask("approveDeployments", workflowRunId="WR_1", environmentIds=["E_1"])
        yield "put_environment", "T2", "Set environment E_1 (reviewers: [], wait: 0 minutes)", ask("updateEnvironment", environmentId="E_1", reviewers=[], waitTimer=0)
        yield "delete_environment", "T2", "Delete environment E_1", ask("deleteEnvironment", id="E_1")
        yield "delete_package_version", "T2", "Delete package version PV_1", ask("deletePackageVersion", packageVersionId="PV_1")
        yield "create_sponsorship", "T2", "Pay eve 25.00 USD (every month: false, tier: not given)", ask("createSponsorship", sponsorableLogin="eve", amount=25, isRecurring=False)
        yield "add_project_item", "T1", "Put I_1 on project P_1", ask("addProjectV2ItemById", projectId="P_1", contentId="I_1")
        yield "update_project_item", "T1", "Change PI_1 of project P_1", ask("updateProjectV2ItemFieldValue", projectId="P_1", itemId="PI_1", fieldId="F_1", value={"text": "x"})
        yield "delete_project_item", "T2", "Take PI_1 off project P_1", ask("deleteProjectV2Item", projectId="P_1", itemId="PI_1")
        yield "delete_project", "T2", "Delete project P_1", ask("deleteProjectV2", projectId="P_1")

    def rest(self) -> Iterator[Row]:
        query = self.hub.requester.graphql_query
        yield "github_graphql_read", "T0", "Read node of GitHub (3 fields)", lambda: self.hub.requester.graphql_node("I_1", "title", "Issue")
        yield "github_graphql_read", "T0", "Read viewer of GitHub (2 fields)", lambda: query("{ viewer { login } }", {})
        yield "github_graphql_write", "T2", "Write followUser of GitHub", self.ask("followUser", userId="U_1")
    # fmt: on


def test_every_named_action_by_the_clients_own_call(api: Standin) -> None:
    for action, tier, summary, call in Calls():
        call()
        expect(api.last, action=action, tier=tier, summary=summary)
        told = verified(api.last)
        assert told.result is Result.MATCH, (action, told)


def other(exchange: Exchange, **body: Any) -> Result:
    found: Result = verified(exchange, answer=Answer("", "", 200, body)).result
    return found


def test_an_answer_that_says_the_contrary_is_a_failure(api: Standin) -> None:
    merge = "mergePullRequest"
    client().requester.graphql_named_mutation(merge, {"pullRequestId": "PR_1"}, "pullRequest { merged }")
    assert other(api.last, data={merge: {"pullRequest": {"merged": False}}}) is Result.FAILED
    assert (
        other(api.last, data={merge: None}, errors=[{"type": "FORBIDDEN", "path": [merge], "message": "no"}])
        is Result.FAILED
    )
    assert other(api.last, data={merge: {"pullRequest": {"merged": True}}}) is Result.MATCH


def run(text: str, **variables: Any) -> None:
    client().requester.graphql_query(text, variables)


def test_several_mutations_in_one_document(api: Standin) -> None:
    run(
        "mutation($pr: ID!) { ok: addStar(input: {starrableId: \"R_1\"}) { clientMutationId }"
        " harmless: mergePullRequest(input: {pullRequestId: $pr}) { pullRequest { merged } }"
        " addComment: deleteIssue(input: {issueId: \"I_1\"}) { clientMutationId } }",
        pr="PR_1",
    )  # fmt: skip
    expect_each(
        api.last,
        [
            {"action": "star_repo", "tier": "T1"},
            {"action": "merge_pull_request", "target": "github:node/PR_1", "tier": "T1"},
            {"action": "delete_issue", "target": "github:node/I_1", "tier": "T2"},
        ],
    )
    star: dict[str, Any] = {"ok": {}, "harmless": {"pullRequest": {"merged": True}}, "addComment": {}}
    assert other(api.last, data=star) is Result.MATCH
    failed = {**star, "harmless": {"pullRequest": {"merged": False}}}
    assert other(api.last, data=failed) is not Result.MATCH


def test_a_mutation_in_a_fragment(api: Standin) -> None:
    run(
        "mutation { ...F } fragment F on Mutation { a: deleteRef(input: {refId: \"REF_1\"}) { clientMutationId } }"
    )  # fmt: skip
    expect(api.last, action="git_delete_ref", tier="T2", target="github:node/REF_1")


def test_a_default_that_a_variable_overrides(api: Standin) -> None:
    text = "mutation($force: Boolean = false) { updateRef(input: {refId: \"R\", oid: \"b\", force: $force}) { clientMutationId } }"  # fmt: skip
    run(text)
    expect(api.last, action="git_push")
    run(text, force=True)
    expect(api.last, action="git_force_push", parameters={"force": True})


def test_an_argument_beside_what_is_declared(api: Standin) -> None:
    ask = client().requester.graphql_named_mutation
    ask("deleteRef", {"refId": "REF_1", "refIds": ["REF_2"]}, "clientMutationId")
    expect_refused(api.last, "unknown_parameter")
    ask("deleteRef", {}, "clientMutationId")
    expect_refused(api.last, "invalid_parameter")
    ask("updateRef", {"refId": "R", "oid": "b", "force": "true"}, "clientMutationId")
    expect_refused(api.last, "invalid_parameter")


def test_each_ref_and_each_payment_is_an_act(api: Standin) -> None:
    ask = client().requester.graphql_named_mutation
    zero = "0" * 40
    rows = [{"name": "refs/heads/a", "afterOid": "b2"}, {"name": "refs/heads/main", "afterOid": zero}]
    ask("updateRefs", {"repositoryId": "R_1", "refUpdates": rows}, "clientMutationId")
    expect_each(
        api.last,
        [
            {"action": "git_update_refs", "target": "github:node/R_1/refs/heads/a"},
            {"action": "git_update_refs", "target": "github:node/R_1/refs/heads/main"},
        ],
    )
    paid = [{"sponsorableLogin": "a", "amount": 5}, {"sponsorableLogin": "b", "amount": "7.50"}]
    ask("createSponsorships", {"sponsorLogin": "me", "sponsorships": paid}, "clientMutationId")
    expect_each(
        api.last,
        [
            {"action": "create_sponsorship", "target": "github:sponsors/a", "cost": (5, "USD")},
            {"action": "create_sponsorship", "target": "github:sponsors/b"},
        ],
    )


def test_a_file_that_runs_is_seen_among_the_files(api: Standin) -> None:
    branch = {"repositoryNameWithOwner": "acme/shop", "branchName": "release/1"}
    added = [{"path": "a.py", "contents": "aGk="}, {"path": ".github/workflows/x.yml", "contents": "aGk="}]
    given = {
        "branch": branch,
        "message": {"headline": "x"},
        "fileChanges": {"additions": added},
        "expectedHeadOid": "a",
    }
    client().requester.graphql_named_mutation("createCommitOnBranch", given, "clientMutationId")
    found = expect(
        api.last,
        action="commit_files",
        target="github:acme/shop/refs/heads/release/1",
        parameters={"files": ["a.py", ".github/workflows/x.yml"], "repository": "acme/shop"},
    )
    assert "aGk=" not in str(found.shown_body)


def test_the_clients_own_retry_is_the_same_call(api: Standin) -> None:
    api.fail_next(502)
    hub = client(retry=github.GithubRetry(total=2, backoff_factor=0))
    hub.requester.graphql_named_mutation("addStar", {"starrableId": "R_1"}, "clientMutationId")
    assert [call.answer.status for call in api.calls] == [502, 200]
    rejoined(*api.calls)


def test_reading_asks_nobody(api: Standin) -> None:
    run(
        'query Q { viewer { login } r: repository(owner: "acme", name: "shop") { issues(first: 5) { nodes { title } } } }'
    )
    assert [(intent.action, intent.default_tier) for intent in read(api.last).intents] == [
        ("github_graphql_read", "T0")
    ] * 2
