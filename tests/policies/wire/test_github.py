"""GitHub's REST API by PyGithub, and every address that GitHub documents."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import github
import pytest
from github import Auth, Github

from harness.standin import Answer, Asked, Exchange, Standin
from vienna_kernel.call.request import Call, canonicalise
from vienna_kernel.mapping.cases import parse_request
from vienna_kernel.mapping.reading import Mapped
from vienna_kernel.verdict import Reason
from vienna_kernel.verification import Result
from wire_kit import expect, expect_refused, only, read, rejoined, through, verified

HOSTS = ["api.github.com", "uploads.github.com"]
SPEC = Path(__file__).parents[4] / "shared/apis/github_api.json.gz"
KEY = "hBT5WZEj8ZoOv6TYJsfWq7MxTEQopZO5/IT3ZCVQPzs="  # any X25519 public key

# What is answered where it is not 201 to a POST, 200 to a PUT or PATCH, 204 to a DELETE.
STATUSES = {
    200: "POST .*/(reviews|events|labels|merge-upstream|pending_deployments|generate-notes)|DELETE .*/(assignees|requested_reviewers|contents/.*)",
    201: "PUT .*/(secrets|collaborators)/.*|POST /repos/acme/shop/labels",
    202: "POST .*/(forks|transfer|cancel|force-cancel)|PUT .*/(update-branch|merge-async)|DELETE /orgs/[^/]+",
    204: "PUT .*/(lock|enable|disable|permissions|starred/.*|teams/.*/repos/.*)|POST (.*/dispatches|/hub)|PATCH .*/variables/.*",
}
USUAL = {"POST": 201, "PUT": 200, "PATCH": 200, "DELETE": 204}


def thing(asked: Asked) -> dict[str, Any]:
    """What an object of any kind says of itself, as far as a client or a mapping asks."""
    way = asked.path.replace("/git/ref/", "/git/refs/").removesuffix("/assignees")
    url = f"https://api.github.com{way}"
    name = way.rpartition("/")[2]
    return {
        "id": int(name) if name.isdigit() else name if "/gists/" in way else 1,
        "node_id": "N_1",
        "number": 7,
        "name": name,
        "url": url,
        "issue_url": url.replace("/pulls/", "/issues/"),
        "upload_url": url.replace("api.", "uploads.") + "/assets{?name,label}",
        "protection_url": f"{url}/protection",
        "cancel_url": f"{url}/cancel",
        "rerun_url": f"{url}/rerun",
        "protection_rules": [],
        "key_id": "k1",
        "key": KEY,
        "ref": way.partition("/git/")[2],
        "object": {"sha": "a1", "type": "commit", "url": url},
        "type": "file",
        "sha": "a1",
        "login": name,
        "state": "open",
        "merged": True,
        "draft": False,
        "visibility": "private",
        "tag_name": "v1",
        "body": "x",
        "base": {"ref": "main"},
        "head": {"ref": "fix", "sha": "a1"},
    }


def changed(asked: Asked) -> Answer:
    path = asked.path
    method = asked.method.decode()
    said = [status for status, ways in STATUSES.items() if re.fullmatch(ways, f"{method} {path}")]
    status = said[-1] if said else USUAL[method]
    sent = asked.json if asked.body and "json" in (asked.header("content-type") or "") else {}
    told = (
        {name: value for name, value in sent.items() if value is not None} if isinstance(sent, dict) else {}
    )
    found = {**thing(asked), **told}
    if path.endswith("/pulls") or "/pulls/" in path:
        found |= {"base": {"ref": sent.get("base", "main")}, "head": {"ref": "fix", "sha": "a1"}}
    if path.endswith("/protection"):
        found = {**thing(asked), **{name: {"enabled": value} for name, value in told.items()}}
    if path.endswith(("/reviews", "/events")):
        found |= {"state": "APPROVED" if sent.get("event") == "APPROVE" else "COMMENTED"}
    if "/contents/" in path:
        file = path.partition("/contents/")[2]
        content = {"path": file, "name": file.rpartition("/")[2], "url": "u"}
        found = {"content": content, "commit": {"message": sent["message"], "sha": "c1", "url": "u"}}
    if "/git/refs" in path:
        found["object"] = {"sha": sent.get("sha"), "type": "commit", "url": "u"}
    if path.endswith("/labels"):
        return Answer("", "", status, [{"name": name} for name in sent] if isinstance(sent, list) else found)
    if path.endswith("/dismissals"):
        found |= {"id": 3, "state": "DISMISSED"}
    if "/collaborators/" in path:
        found |= {"invitee": {"login": path.rpartition("/")[2]}}
    if "new_name" in sent:
        found["name"] = sent["new_name"]
    return Answer("", "", status, b"" if status == 204 else found)


def asset(asked: Asked) -> dict[str, Any]:
    digest = f"sha256:{hashlib.sha256(asked.body).hexdigest()}"
    return {
        "id": 5,
        "name": asked.query["name"],
        "size": len(asked.body),
        "digest": digest,
        "state": "uploaded",
    }


LISTS: dict[str, Any] = {
    "/repos/acme/shop/contents/": [],
    "/repos/acme/shop/issues": [],
    "/repos/acme/shop/pulls": [],
}
ANSWERS = [
    Answer("POST", "/repos/{owner}/{repo}/releases/{id}/assets", 201, asset),
    *(Answer("GET", path, 200, rows) for path, rows in LISTS.items()),
    Answer("GET|HEAD", "*", 200, thing),
    Answer("*", "*", body=changed),
]


@pytest.fixture
def api() -> Iterator[Standin]:
    with Standin(HOSTS, ANSWERS) as standin, through(standin):
        yield standin


def client(**settings: Any) -> Github:
    plain = {"retry": None, "seconds_between_requests": None, "seconds_between_writes": None}
    return Github(auth=Auth.Token("ghp_1"), **{**plain, **settings})


type Row = tuple[str, str, str, Callable[[], Any]]


class Calls:
    """The client's own calls, by action: tier, summary, the call."""

    def __init__(self) -> None:
        self.hub = client(lazy=True)
        self.repo = self.hub.get_repo("acme/shop")
        self.org = self.hub.get_organization("acme")
        self.user = self.hub.get_user()

    def raw(self, method: str, path: str, body: Any = None) -> Callable[[], Any]:
        """For what PyGithub has no method of: its requester."""
        return lambda: self.hub.requester.requestJson(method, path, input=body)

    def __iter__(self) -> Iterator[Row]:
        yield from self.issues()
        yield from self.pulls()
        yield from self.code()
        yield from self.repos()
        yield from self.people()
        yield from self.access()
        yield from self.actions()
        yield from self.rest()

    # fmt: off
    def issues(self) -> Iterator[Row]:
        repo, raw = self.repo, self.raw
        issue = repo.get_issue(7)
        at = "/repos/acme/shop"
        yield "list_issues", "T0", "List the issues of acme/shop", lambda: list(repo.get_issues(state="open"))
        yield "get_issue", "T0", "Read issue 7 of acme/shop", lambda: repo.get_issue(7).title
        yield "list_issue_comments", "T0", "List the comments of issue 7 of acme/shop", raw("GET", f"{at}/issues/7/comments")
        yield "create_issue", "T1", "Open an issue in acme/shop: “Lost”", lambda: repo.create_issue("Lost", "It is.", labels=["bug"])
        yield "comment_issue", "T1", "Comment on issue 7 of acme/shop: “Found”", lambda: issue.create_comment("Found")
        yield "update_issue", "T1", "Change issue 7 of acme/shop (state: closed)", lambda: issue.edit(state="closed")
        yield "edit_comment", "T1", "Change comment 4 of acme/shop: “Sorry”", raw("PATCH", f"{at}/issues/comments/4", {"body": "Sorry"})
        yield "edit_comment", "T1", "Change comment 4 of acme/shop: “Sorry”", raw("PATCH", f"{at}/pulls/comments/4", {"body": "Sorry"})
        yield "delete_comment", "T2", "Delete comment 4 of acme/shop", raw("DELETE", f"{at}/issues/comments/4")
        yield "label_issue", "T1", 'Label issue 7 of acme/shop: ["bug","new"]', lambda: issue.add_to_labels("bug", "new")
        yield "label_issue", "T1", 'Label issue 7 of acme/shop: ["bug"]', lambda: issue.set_labels("bug")
        yield "unlabel_issue", "T1", "Take the label bug off issue 7 of acme/shop", lambda: issue.remove_from_labels("bug")
        yield "unlabel_issue", "T1", "Take the label a/b off issue 7 of acme/shop", lambda: issue.remove_from_labels("a/b")
        yield "unlabel_issue", "T1", "Take all labels off issue 7 of acme/shop", issue.delete_labels
        yield "assign_issue", "T1", 'Assign issue 7 of acme/shop to ["eve"]', lambda: issue.add_to_assignees("eve")
        yield "unassign_issue", "T1", 'Take issue 7 of acme/shop from ["eve"]', lambda: issue.remove_from_assignees("eve")
        yield "lock_issue", "T1", "Lock issue 7 of acme/shop", lambda: issue.lock("spam")
        yield "unlock_issue", "T1", "Unlock issue 7 of acme/shop", issue.unlock
        yield "add_reaction", "T1", "React with heart to issue 7 of acme/shop", lambda: issue.create_reaction("heart")
        yield "create_label", "T1", "Make the label new in acme/shop", lambda: repo.create_label("new", "ff0000")
        yield "update_label", "T1", "Change the label a%2Fb of acme/shop", raw("PATCH", f"{at}/labels/a%2Fb", {"new_name": "c"})
        yield "delete_label", "T2", "Delete the label old of acme/shop", lambda: repo.get_label("old").delete()
        yield "create_milestone", "T1", "Make the milestone v2 in acme/shop", lambda: repo.create_milestone("v2")
        yield "update_milestone", "T1", "Change milestone 1 of acme/shop (state: not given)", lambda: repo.get_milestone(1).edit("v3")
        yield "add_sub_issue", "T1", "Put issue 5 under issue 7 of acme/shop", lambda: issue.add_sub_issue(5)

    def pulls(self) -> Iterator[Row]:
        repo, raw = self.repo, self.raw
        pull = repo.get_pull(7)
        at = "/repos/acme/shop/pulls/7"
        yield "get_pull_request", "T0", "Read pull request 7 of acme/shop", lambda: repo.get_pull(7).title
        yield "create_pull_request", "T1", "Propose merging fix into main of acme/shop: “Fix”", lambda: repo.create_pull("main", "fix", title="Fix", body="b", draft=False)
        yield "update_pull_request", "T1", "Change pull request 7 of acme/shop", lambda: pull.edit(title="Fix 2", base="next")
        yield "close_pull_request", "T1", "Close pull request 7 of acme/shop", lambda: pull.edit(state="closed")
        yield "merge_pull_request", "T1", "Merge pull request 7 of acme/shop (head: a1)", lambda: pull.merge("why", "Fix", "squash", sha="a1")
        yield "merge_pull_request", "T1", "Merge pull request 7 of acme/shop (head: a1)", raw("PUT", f"{at}/merge-async", {"sha": "a1"})
        yield "update_pull_branch", "T1", "Bring the branch of pull request 7 of acme/shop up to date", lambda: pull.update_branch("a1")
        yield "create_review", "T1", "Review pull request 7 of acme/shop (REQUEST_CHANGES): “No”", lambda: pull.create_review(body="No", event="REQUEST_CHANGES")
        yield "approve_pull_request", "T1", "Approve pull request 7 of acme/shop", lambda: pull.create_review(body="Good", event="APPROVE")
        yield "approve_pull_request", "T1", "Approve pull request 7 of acme/shop", raw("POST", f"{at}/reviews/3/events", {"event": "APPROVE"})
        yield "dismiss_review", "T2", "Dismiss review 3 of pull request 7 of acme/shop: “Old”", raw("PUT", f"{at}/reviews/3/dismissals", {"message": "Old", "event": "DISMISS"})
        yield "request_reviewers", "T1", 'Ask ["eve"] to review pull request 7 of acme/shop', lambda: pull.create_review_request(["eve"], ["core"])
        yield "remove_reviewers", "T1", 'Ask ["eve"] no more to review pull request 7 of acme/shop', lambda: pull.delete_review_request(["eve"])
        yield "comment_pull_request", "T1", "Answer comment 4 on pull request 7 of acme/shop: “Yes”", lambda: pull.create_review_comment_reply(4, "Yes")

    def code(self) -> Iterator[Row]:
        repo, raw = self.repo, self.raw
        at = "/repos/acme/shop"
        main, tag = repo.get_git_ref("heads/main"), repo.get_git_ref("tags/v1")
        assert main.object.sha == tag.object.sha  # read, they know their own address
        release = repo.get_release(1)
        yield "read_repo_file", "T0", "Read src/a.py of acme/shop", lambda: repo.get_contents("src/a.py", ref="main")
        yield "write_repo_file", "T1", "Write src/a.py of acme/shop on branch main: “Add”", lambda: repo.create_file("src/a.py", "Add", "print()", branch="main")
        yield "write_repo_file", "T1", "Write src/a.py of acme/shop on branch main: “Fix”", lambda: repo.update_file("src/a.py", "Fix", b"\x00", "a1", branch="main")
        yield "change_workflow", "T2", "Change the workflow ci.yaml of acme/shop on branch not given: “CI”", lambda: repo.create_file(".github/workflows/ci.yaml", "CI", "on: push")
        yield "change_workflow", "T2", "Remove the workflow ci.yaml of acme/shop on branch not given: “No CI”", lambda: repo.delete_file(".github/workflows/ci.yaml", "No CI", "a1")
        yield "delete_repo_file", "T1", "Delete src/a.py of acme/shop on branch main: “Gone”", lambda: repo.delete_file("src/a.py", "Gone", "a1", branch="main")
        yield "create_git_object", "T1", "Store git blobs in acme/shop", lambda: repo.create_git_blob("aGk=", "base64")
        yield "create_git_object", "T1", "Store git trees in acme/shop", lambda: repo.create_git_tree([github.InputGitTreeElement("a.py", "100644", "blob", "x")])
        yield "git_push", "T1", "Push to refs/heads/fix of acme/shop (create)", lambda: repo.create_git_ref("refs/heads/fix", "a1")
        yield "git_push", "T1", "Push to refs/heads/main of acme/shop (update)", lambda: main.edit("b2")
        yield "git_push", "T1", "Push to refs/heads/main of acme/shop (update)", lambda: main.edit("b2", force=False)
        yield "git_force_push", "T2", "Replace the history of refs/heads/main of acme/shop", lambda: main.edit("b2", force=True)
        yield "git_delete_ref", "T2", "Delete refs/heads/main of acme/shop", main.delete
        yield "git_delete_ref", "T2", "Delete refs/tags/v1 of acme/shop", tag.delete
        yield "rename_branch", "T2", "Rename branch old of acme/shop to new", lambda: repo.rename_branch("old", "new")
        yield "merge_branch", "T1", "Merge fix into main of acme/shop", lambda: repo.merge("main", "fix")
        yield "sync_fork", "T1", "Bring main of acme/shop up to date", lambda: repo.merge_upstream("main")
        yield "create_release", "T1", "Release v1 of acme/shop from main (draft: false)", lambda: repo.create_git_release("v1", "One", "notes", target_commitish="main")
        yield "update_release", "T1", "Change release 1 of acme/shop (tag: v1, draft: false)", lambda: release.update_release("One", "notes", tag_name="v1")
        yield "delete_release", "T2", "Delete release 1 of acme/shop", release.delete_release
        yield "delete_release_asset", "T2", "Delete file 5 of a release of acme/shop", lambda: repo.get_release_asset(5).delete_asset()
        yield "upload_release_asset", "T1", "Put a.zip beside release 1 of acme/shop", lambda: release.upload_asset_from_memory(io.BytesIO(b"PK\x00"), 3, "a.zip", "application/zip", "A")
        yield "fork_repo", "T1", "Fork acme/shop to other", lambda: repo.create_fork("other")
        yield "star_repo", "T1", "Star acme/shop", raw("PUT", "/user/starred/acme/shop")
        yield "unstar_repo", "T1", "Take the star of acme/shop away", raw("DELETE", "/user/starred/acme/shop")
        yield "set_commit_status", "T1", "Say that ci of commit a1 of acme/shop is success", raw("POST", f"{at}/statuses/a1", {"state": "success", "context": "ci"})
        yield "create_check_run", "T1", "Say that lint of commit a1 of acme/shop is success", lambda: repo.create_check_run("lint", "a1", conclusion="success")
        yield "comment_commit", "T1", "Comment on commit a1 of acme/shop: “Hm”", raw("POST", f"{at}/commits/a1/comments", {"body": "Hm"})

    def repos(self) -> Iterator[Row]:
        repo, raw = self.repo, self.raw
        at = "/repos/acme/shop"
        main = repo.get_branch("main")
        rules = {"name": "r", "enforcement": "active", "target": "branch", "rules": [{"type": "deletion"}]}
        yield "create_repo", "T1", "Make repository new (private: true)", lambda: self.user.create_repo("new", private=True)
        yield "create_repo", "T1", "Make repository acme/new (private: true)", lambda: self.org.create_repo("new", private=True)
        yield "update_repo", "T1", "Change the settings of acme/shop", lambda: repo.edit(description="Shop")
        yield "publish_repo", "T2", "Make acme/shop public", lambda: repo.edit(private=False)
        yield "publish_repo", "T2", "Make acme/shop public", lambda: repo.edit(visibility="public")
        yield "archive_repo", "T2", "Archive acme/shop", lambda: repo.edit(archived=True)
        yield "delete_repo", "T3", "Delete repository acme/shop", repo.delete
        yield "delete_repo", "T3", "Delete repository number 99", raw("DELETE", "/repositories/99")
        yield "transfer_repo", "T3", "Give acme/shop to eve", lambda: repo.transfer_ownership("eve")
        yield "protect_branch", "T2", "Protect branch main of acme/shop (reviews: not given, checks: not given, admins too: true)", lambda: main.edit_protection(enforce_admins=True)
        yield "protect_branch", "T2", "Change enforce_admins of the protection of branch main of acme/shop: not given", main.set_admin_enforcement
        yield "unprotect_branch", "T2", "Take all protection off branch main of acme/shop", main.remove_protection
        yield "unprotect_branch", "T2", "Take enforce_admins off the protection of branch main of acme/shop", main.remove_admin_enforcement
        yield "create_ruleset", "T2", "Make the rules r of acme/shop (active)", raw("POST", f"{at}/rulesets", rules)
        yield "update_ruleset", "T2", "Change the rules 2 of acme (disabled)", raw("PUT", "/orgs/acme/rulesets/2", {"enforcement": "disabled"})
        yield "delete_ruleset", "T2", "Delete the rules 2 of acme/shop", raw("DELETE", f"{at}/rulesets/2")
        yield "set_topics", "T1", 'Set the topics of acme/shop to ["a"]', lambda: repo.replace_topics(["a"])

    def people(self) -> Iterator[Row]:
        repo, org, raw = self.repo, self.org, self.raw
        team = org.get_team(3)
        eve = self.hub.get_user("eve")
        yield "add_collaborator", "T2", "Give eve admin access to acme/shop", lambda: repo.add_to_collaborators("eve", "admin")
        yield "remove_collaborator", "T2", "Take eve's access to acme/shop", lambda: repo.remove_from_collaborators("eve")
        yield "grant_team_repo", "T2", "Give team core of acme admin access to acme/shop", raw("PUT", "/orgs/acme/teams/core/repos/acme/shop", {"permission": "admin"})
        yield "invite_org_member", "T2", "Invite eve@x.example to acme as admin", lambda: org.invite_user(email="eve@x.example", role="admin")
        yield "set_org_membership", "T2", "Make eve admin of acme", lambda: org.add_to_members(eve, role="admin")
        yield "remove_org_member", "T2", "Take eve out of acme", lambda: org.remove_from_members(eve)
        yield "add_team_member", "T2", "Put eve into team core of acme as maintainer", raw("PUT", "/orgs/acme/teams/core/memberships/eve", {"role": "maintainer"})
        yield "add_team_member", "T2", "Put eve into team number 3 as member", lambda: team.add_membership(eve, "member")
        yield "remove_team_member", "T2", "Take eve out of team number 3", lambda: team.remove_membership(eve)
        yield "create_team", "T2", "Make team new of acme", lambda: org.create_team("new", permission="pull", privacy="closed")
        yield "delete_team", "T2", "Delete team number 3", team.delete
        yield "delete_org", "T3", "Delete organisation acme", raw("DELETE", "/orgs/acme")
        yield "update_org", "T2", "Change the settings of acme (everyone may: not given)", lambda: org.edit(billing_email="a@x.example")
        yield "update_team", "T2", "Change team number 3 (permission: not given)", lambda: team.edit("core")
        yield "grant_team_repo", "T2", "Give team number 3 not given access to acme/shop", lambda: team.add_to_repos(repo)

    def access(self) -> Iterator[Row]:
        repo, raw = self.repo, self.raw
        hook = {"url": "https://x.example/h", "secret": "s3cret", "content_type": "json"}
        files = {"a.txt": github.InputFileContent("s3cret")}
        yield "create_deploy_key", "T2", "Let the key bot into acme/shop (read only: false)", lambda: repo.create_key("bot", "ssh-ed25519 AAAA")
        yield "delete_deploy_key", "T2", "Take key 2 from acme/shop", lambda: repo.get_key(2).delete()
        yield "add_account_key", "T2", "Let the key me act for this account", lambda: self.user.create_key("me", "ssh-ed25519 AAAA")
        yield "create_webhook", "T2", 'Send ["push"] of acme/shop to https://x.example/h', lambda: repo.create_hook("web", hook, ["push"], True)
        yield "update_webhook", "T2", "Send events of acme/shop to https://x.example/h", lambda: repo.get_hook(2).edit("web", hook)
        yield "delete_webhook", "T2", "Delete hook 2 of acme/shop", lambda: repo.get_hook(2).delete()
        yield "create_gist", "T1", "Make a gist: “d”", lambda: self.user.create_gist(False, files, "d")
        yield "publish_gist", "T2", "Publish a gist: “d”", lambda: self.user.create_gist(True, files, "d")
        yield "update_gist", "T1", "Change gist g1", raw("PATCH", "/gists/g1", {"description": "e"})
        yield "delete_gist", "T2", "Delete gist g1", raw("DELETE", "/gists/g1")
        yield "create_installation_token", "T2", 'Issue a token of installation 5 for not given ({"contents":"read"})', raw("POST", "/app/installations/5/access_tokens", {"permissions": {"contents": "read"}})
        yield "create_runner_token", "T2", "Issue a runner token for acme", self.org.create_self_hosted_runner_registration_token
        yield "read_leaked_secrets", "T2", "Read the secrets that were found in repo/acme/shop", lambda: repo.get_secret_scanning_alert(1).state
        yield "export_repos", "T2", 'Pack ["acme/shop"] to be taken away', lambda: self.org.create_migration(["acme/shop"])
        yield "download_export", "T2", "Take away export 4", raw("GET", "/orgs/acme/migrations/4/archive")
        yield "create_webhook", "T2", "subscribe https://x.example/h to https://github.com/acme/shop/events/push", lambda: repo.subscribe_to_hub("push", "https://x.example/h", "s3cret")

    def actions(self) -> Iterator[Row]:
        repo, raw = self.repo, self.raw
        at = "/repos/acme/shop"
        run = repo.get_workflow_run(8)
        flow = repo.get_workflow("ci.yaml")
        place = repo.get_environment("prod")
        yield "dispatch_workflow", "T1", 'Run workflow ci.yaml of acme/shop on main with {"a":"b"}', lambda: flow.create_dispatch("main", {"a": "b"})
        yield "dispatch_repo_event", "T1", "Send go to the workflows of acme/shop", lambda: repo.create_repository_dispatch("go", {"a": 1})
        yield "cancel_workflow_run", "T1", "Stop run 8 of acme/shop", run.cancel
        yield "rerun_workflow", "T1", "Run run 8 of acme/shop again", run.rerun
        yield "rerun_workflow", "T1", "Run run 8 of acme/shop again", run.rerun_failed_jobs
        yield "delete_workflow_run", "T2", "Delete run 8 of acme/shop", run.delete
        yield "approve_workflow_run", "T2", "Let a stranger's code run in acme/shop (run 8)", raw("POST", f"{at}/actions/runs/8/approve")
        yield "review_deployment", "T2", "Deployments of run 8 of acme/shop: approved", raw("POST", f"{at}/actions/runs/8/pending_deployments", {"environment_ids": [1], "state": "approved", "comment": "go"})
        yield "enable_workflow", "T2", "Enable workflow ci.yaml of acme/shop", flow.enable
        yield "disable_workflow", "T2", "Disable workflow ci.yaml of acme/shop", flow.disable
        yield "put_actions_secret", "T2", "Set the secret KEY of acme/shop", lambda: repo.create_secret("KEY", "s3cret")
        yield "put_actions_secret", "T2", "Set the secret KEY of acme", lambda: self.org.create_secret("KEY", "s3cret", "all")
        yield "put_actions_secret", "T2", "Set the secret KEY of prod of acme/shop", lambda: place.create_secret("KEY", "s3cret")
        yield "delete_actions_secret", "T2", "Delete the secret KEY of acme/shop", lambda: repo.delete_secret("KEY")
        yield "put_actions_variable", "T1", "Set the variable V of acme/shop to 1", lambda: repo.create_variable("V", "1")
        yield "delete_actions_variable", "T2", "Delete the variable V of acme/shop", lambda: repo.delete_variable("V")
        yield "put_environment", "T2", "Set environment a%2Fb of acme/shop (reviewers: [], wait: 5 minutes)", lambda: repo.create_environment("a/b", wait_timer=5)
        yield "delete_environment", "T2", "Delete environment prod of acme/shop", lambda: repo.delete_environment("prod")
        yield "create_deployment", "T2", "Deploy main of acme/shop to prod", lambda: repo.create_deployment("main", environment="prod")
        yield "set_deployment_status", "T1", "Say that deployment 6 of acme/shop is success", raw("POST", f"{at}/deployments/6/statuses", {"state": "success"})
        yield "delete_artifact", "T2", "Delete artifact 9 of acme/shop", lambda: repo.get_artifact(9).delete()
        yield "set_actions_permissions", "T2", "Workflows of acme/shop may run: true (all)", raw("PUT", f"{at}/actions/permissions", {"enabled": True, "allowed_actions": "all"})
        yield "put_actions_secret", "T2", "Set the secret KEY of Dependabot in acme/shop", lambda: repo.create_secret("KEY", "s3cret", "dependabot")

    def rest(self) -> Iterator[Row]:
        repo, raw = self.repo, self.raw
        yield "github_read", "T0", "Read main of acme/shop", lambda: repo.get_branch("main").protected
        yield "github_read", "T0", "Read rate_limit of GitHub", raw("GET", "/rate_limit")
        yield "github_read", "T0", "Draft the notes of v1 of acme/shop", lambda: repo.generate_release_notes("v1")
        yield "render_markdown", "T0", "Render text", raw("POST", "/markdown", {"text": "*a*"})
        yield "github_write", "T2", "Write vulnerability-alerts of acme/shop", repo.enable_vulnerability_alert
        yield "github_delete", "T2", "Delete autolinks/1 of acme/shop", lambda: repo.remove_autolink(1)
    # fmt: on


def test_every_named_action_by_the_clients_own_call(api: Standin) -> None:
    families = {"github_write", "github_delete"}
    for action, tier, summary, call in Calls():
        call()
        found = read(api.last)
        assert not found.unknown or action in families, (action, found.unknown)
        expect(api.last, action=action, tier=tier, summary=summary, unknown=found.unknown)
        told = verified(api.last)
        assert told.result in (Result.MATCH, Result.UNVERIFIABLE), (action, told)


def other(exchange: Exchange, status: int, body: Any) -> Result:
    found: Result = verified(exchange, answer=Answer("", "", status, body)).result
    return found


def test_merging(api: Standin) -> None:
    client().get_repo("acme/shop").get_pull(7).merge(sha="a1", merge_method="squash")
    expect(
        api.last,
        action="merge_pull_request",
        target="github:repo/acme/shop/pull/7",
        parameters={"owner": "acme", "repo": "shop", "number": 7, "sha": "a1", "method": "squash"},
        effect="write",
    )
    assert [str(call.asked) for call in api.preflights] == [
        "GET https://api.github.com/repos/acme/shop/pulls/7"
    ]
    assert read(api.last).current["/base/ref"] == "main"
    told = verified(api.last)
    assert told.result is Result.MATCH
    assert [lookup.path for lookup in told.lookups] == ["/repos/acme/shop/pulls/7"]
    assert other(api.last, 200, {"sha": "b", "merged": False}) is Result.DRIFT
    assert other(api.last, 405, {"message": "Base branch was modified"}) is Result.FAILED


def test_what_an_answer_says_otherwise_is_drift(api: Standin) -> None:
    repo = client().get_repo("acme/shop")
    repo.edit(private=True)
    assert other(api.last, 200, {"name": "shop", "private": False}) is Result.DRIFT
    repo.create_git_release("v1", "One", "notes", draft=True)
    good = {"id": 1, "tag_name": "v1", "name": "One", "draft": True, "prerelease": False}
    assert other(api.last, 201, good) is Result.MATCH
    assert other(api.last, 201, {**good, "draft": False}) is Result.DRIFT
    repo.create_key("bot", "ssh-ed25519 AAAA", read_only=True)
    assert other(api.last, 201, {"key": "ssh-ed25519 AAAA", "read_only": False}) is Result.DRIFT
    repo.add_to_collaborators("eve", "pull")
    assert other(api.last, 201, {"invitee": {"login": "mallory"}}) is Result.DRIFT


def test_an_asset_is_known_by_its_bytes(api: Standin) -> None:
    release = client().get_repo("acme/shop").get_release(1)
    release.upload_asset_from_memory(io.BytesIO(b"PK"), 2, "a.zip")
    digest = f"sha256:{hashlib.sha256(b'PK').hexdigest()}"
    expect(
        api.last,
        action="upload_release_asset",
        target="github:repo/acme/shop/release/1",
        parameters={"name": "a.zip", "size": 2, "digest": digest},
    )
    assert verified(api.last).result is Result.MATCH
    swapped = {**asset(api.last.asked), "digest": f"sha256:{'0' * 64}"}
    assert other(api.last, 201, swapped) is Result.DRIFT


def test_a_forced_ref_is_a_forced_push_on_either_road(api: Standin) -> None:
    ref = client().get_repo("acme/shop").get_git_ref("heads/main")
    ref.edit("b2", force=True)
    expect(
        api.last,
        action="git_force_push",
        target="github:acme/shop/refs/heads/main",  # as git over HTTPS names it
        effect="delete",
        reversibility="irreversible",
        parameters={"branch": "main", "new": "b2", "force": True},
    )
    client().requester.requestJson(
        "PATCH", "/repos/acme/shop/git/refs/heads/main", input={"sha": "b2", "force": 1}
    )
    expect_refused(api.last, "invalid_parameter")
    client().requester.requestJson("PATCH", "/repos/acme/shop/git/refs/heads%2Fmain", input={"sha": "b2"})
    expect_refused(api.last, "target_not_canonical")


def test_secrets_leave_no_trace(api: Standin) -> None:
    for action, _, _, call in Calls():
        if action in (
            "create_webhook",
            "update_webhook",
            "create_gist",
            "publish_gist",
            "put_actions_secret",
        ):
            call()
            found = read(api.last)
            assert "s3cret" not in str(found.shown_body)
            hidden = {"create_webhook": "secret", "update_webhook": "secret", "put_actions_secret": "value"}
            assert hidden.get(action, "files") in found.intents[0].redacted, action


def test_two_settings_that_are_two_acts_are_read_by_nobody(api: Standin) -> None:
    client(lazy=True).get_repo("acme/shop").edit(private=False, archived=True)
    found = read(api.last)
    assert not found.mapped
    assert found.intents[0].default_tier == "T2"


def test_the_clients_own_retry_is_the_same_call(api: Standin) -> None:
    repo = client(retry=github.GithubRetry(total=2, backoff_factor=0), lazy=True).get_repo("acme/shop")
    api.fail_next(502)
    repo.create_issue("Lost")
    assert [call.answer.status for call in api.calls] == [502, 201]
    rejoined(*api.calls)


def documented() -> Iterator[tuple[str, str]]:
    """Method and URL of every operation that GitHub's description lists."""
    for path, item in json.loads(gzip.decompress(SPEC.read_bytes()))["paths"].items():
        for method in {"get", "post", "put", "patch", "delete"} & set(item):
            host = "uploads" if method == "post" and path.endswith("/releases/{release_id}/assets") else "api"
            filled = re.sub(r"{[a-z_-]*(?:id|number)}", "1", path)
            yield method.upper(), f"https://{host}.github.com{re.sub(r'{[^}]*}', 'x', filled)}"


@pytest.mark.skipif(not SPEC.exists(), reason="../shared is only in the development checkout")
def test_every_documented_operation_is_mapped(capsys: pytest.CaptureFixture[str]) -> None:
    mappings = only()
    known, named, reads = 0, 0, 0
    for method, url in documented():
        call = canonicalise(parse_request(f"{method} {url}\n\n"))
        assert isinstance(call, Call), call
        meant = mappings.map(call, preflight={})
        known += 1
        if not isinstance(meant, Mapped):
            assert meant.reason is Reason.INVALID_PARAMETER, (url, meant)
            named += 1
            continue
        assert meant.mapped, (method, url)
        (intent,) = meant.intents
        assert intent.default_tier != "T0" or intent.effect == "read", (method, url)
        named += intent.action not in ("github_read", "github_write", "github_delete")
        reads += intent.action == "github_read"
    with capsys.disabled():
        print(
            f"\nGitHub REST: {known} documented operations, {named} by name, {reads} by the family of reads"
        )
    assert known > 1000
    assert named > 200
