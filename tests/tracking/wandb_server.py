"""A replacement of W&B's server on loopback. It answers the public client, and counts the requests."""

import base64
import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "0" * 40  # which it takes for an account's
MOST = 300  # requests that it answers
PAGE = 2  # runs in one answer, however many are asked for


@dataclass
class Project:
    """A project `team/attention`: the state of each run, its files by name, and those that were sent. Some runs
    are `reports`.

    It takes new runs, or answers them with the status and the message of a `refusal`. `begun` has what it was told of
    each, `written` the lines of its history, and `views` the saved workspaces and reports.
    """

    states: Mapping[str, str]
    files: dict[str, dict[str, bytes]]
    sent: list[str] = field(default_factory=list)
    reports: frozenset[str] = frozenset()
    url: str = ""
    refusal: tuple[int, str] | None = None
    begun: list[Mapping[str, Any]] = field(default_factory=list)
    written: list[dict[str, Any]] = field(default_factory=list)
    views: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """The data of a GraphQL query."""
        if "viewer" in query:
            return {"viewer": {"id": "1", "entity": "team", "username": "me", "flags": "{}", "teams": {"edges": []}}}
        if "mutation UpsertBucket" in query:
            return {"upsertBucket": self._begin(variables)}
        if "mutation CreateRunFiles" in query:
            files = [{"name": name, "uploadUrl": f"{self.url}/upload/{name}"} for name in variables["files"]]
            return {"createRunFiles": {"runID": "1", "uploadHeaders": [], "files": files}}
        if "query RunResumeStatus" in query:
            return {"model": {"id": "1", "name": variables["project"], "entity": {"name": "team"}, "bucket": None}}
        if "upsertView" in query:
            return {"upsertView": self._save(variables)}
        if "query GetProjects" in query:
            times = {"createdAt": "2026-01-01T00:00:00Z", "isBenchmark": False, "user": None}
            node = {"id": "1", "name": "attention", "entityName": "team"} | times
            page = {"endCursor": None, "hasNextPage": False}
            return {"models": {"edges": [{"node": node, "cursor": "1"}], "pageInfo": page}}
        if not variables:
            return {}
        if (variables["entity"], variables["project"]) != ("team", "attention"):
            return {"project": None}
        if "query RunFiles" in query:
            names = [name for name in variables["fileNames"] if name in self.files.get(variables["name"], {})]
            edges = [{"node": self._file(variables["name"], name), "cursor": name} for name in names]
            files = {"edges": edges, "pageInfo": {"endCursor": None, "hasNextPage": False}}
            return {"project": {"internalId": "1", "run": {"fileCount": len(edges), "files": files}}}
        assert "query Runs(" in query, query
        first = int(variables["cursor"] or 0)
        edges = [
            {"node": self._run(name), "cursor": str(place)}
            for place, name in list(enumerate(self.states, 1))[first : first + PAGE]
        ]
        page = {"endCursor": str(first + PAGE), "hasNextPage": first + PAGE < len(self.states)}
        runs = {"edges": edges, "pageInfo": page}
        return {"project": {"internalId": "1", "runCount": len(self.states), "readOnly": False, "runs": runs}}

    def _begin(self, variables: Mapping[str, Any]) -> dict[str, Any]:
        self.begun.append(variables)
        project = {"id": "1", "name": variables["project"], "entity": {"id": "1", "name": "team"}}
        known = {"id": "1", "name": variables["name"], "displayName": variables["displayName"], "project": project}
        unused = dict.fromkeys(("description", "config", "sweepName", "historyLineCount"))
        return {"bucket": known | unused, "inserted": True}

    def _save(self, variables: Mapping[str, Any]) -> dict[str, Any]:
        self.views.append(dict(variables))
        asked = {name: variables[name] for name in ("name", "type", "displayName", "spec")}
        person = {"user": {"username": "me", "name": "me", "photoUrl": None, "admin": False}}
        place = {"project": {"id": "1", "name": "attention", "entityName": "team"}, "entityName": "team"}
        times = dict.fromkeys(("createdAt", "updatedAt"), "2026-01-01T00:00:00Z")
        return {
            "view": {"id": f"view{len(self.views)}", "description": ""} | asked | person | place | times,
            "inserted": True,
        }

    def _run(self, name: str) -> dict[str, Any]:
        person = {"name": "me", "username": "me"}
        unused = ("sweepName", "group", "commit", "description", "notes", "historyLineCount")
        some = {"id": name, "name": name, "displayName": f"job {name}", "projectId": "1", "tags": [], "user": person}
        times = {"createdAt": "2026-01-01T00:00:00Z", "heartbeatAt": "2026-01-01T00:00:00Z", "readOnly": False}
        kind = {"jobType": "report" if name in self.reports else "train"}
        return some | times | {"state": self.states[name]} | dict.fromkeys(unused) | kind

    def _file(self, run: str, name: str) -> dict[str, Any]:
        content = self.files[run][name]
        digest = base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
        place = {"url": f"{self.url}/files/{run}/{name}", "directUrl": f"{self.url}/files/{run}/{name}"}
        kind = {"mimetype": "application/json", "updatedAt": "2026-01-01T00:00:00Z"}
        return {"id": f"{run}/{name}", "name": name, "sizeBytes": len(content), "md5": digest} | place | kind


@contextmanager
def serve(project: Project) -> Iterator[Project]:
    """Serves a project at `project.url` within the context."""

    left = iter(range(MOST))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path.endswith("/file_stream"):
                history = json.loads(body).get("files", {}).get("wandb-history.jsonl", {"content": []})
                project.written += map(json.loads, history["content"])
                self._send(200, b"{}")
            elif self.path != "/graphql":  # how the client is doing
                self._send(200, b"{}")
            elif self.headers["Authorization"] != f"Basic {base64.b64encode(f'api:{KEY}'.encode()).decode()}":
                self._send(401, b'{"errors": [{"message": "user is not logged in"}]}')
            else:
                asked = json.loads(body)
                if project.refusal and "UpsertBucket" in asked["query"]:
                    status, message = project.refusal
                    self._send(status, json.dumps({"errors": [{"message": message}]}).encode())
                    return
                data = project.answer(asked["query"], asked.get("variables") or {})
                self._send(200, json.dumps({"data": data}).encode())

        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self._send(200, b"")

        def do_GET(self) -> None:
            _, _, run, name = self.path.split("/")
            project.sent.append(f"{run}/{name}")
            self._send(200, project.files[run][name])

        def _send(self, status: int, body: bytes) -> None:
            next(left)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        project.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield project
        finally:
            server.shutdown()
