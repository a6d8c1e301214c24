"""A stand-in for the Hub: what making a Space and sending files to it needs. Objects of LFS are said to be there."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.loopback import serving_on_loopback

TOKEN = "hf_good"
OWNER = "me"
BY_LFS = 50_000  # bytes from which the Hub wants a file as an LFS object


@dataclass
class Hub:
    """What has been made there. `spaces`: name to path to content (or what LFS calls it)."""

    address: str = ""
    spaces: dict[str, dict[str, Any]] = field(default_factory=dict)
    made: list[dict[str, Any]] = field(default_factory=list)
    settings: list[tuple[str, Any]] = field(default_factory=list)
    refuse_commits: bool = False

    def answer(self, path: str, body: bytes, token: str) -> tuple[int, Any]:
        if token != f"Bearer {TOKEN}":
            return 401, {"error": "Invalid username or password."}
        if path == "/api/whoami-v2":
            return 200, {"name": OWNER, "type": "user"}
        if path == "/api/validate-yaml":
            return 200, {"errors": [], "warnings": []}
        if path == "/api/repos/create":
            return self._create(json.loads(body))
        name, _, verb = path.removeprefix("/api").removeprefix(f"/spaces/{OWNER}/").partition("/")
        if path.endswith(".git/info/lfs/objects/batch"):
            return 200, {"objects": json.loads(body)["objects"]}
        if name not in self.spaces:
            return 404, {"error": "Repository not found"}
        return self._space(name, verb, body)

    def _create(self, wanted: dict[str, Any]) -> tuple[int, Any]:
        if wanted["organization"] not in (None, OWNER):
            return 403, {"error": "You don't have the rights to create a space under this namespace"}
        if wanted["name"] in self.spaces:
            return 409, {"error": "You already created this space repo"}
        self.made.append(wanted)
        self.spaces[wanted["name"]] = {}
        return 200, {"url": f"{self.address}/spaces/{OWNER}/{wanted['name']}"}

    def _space(self, name: str, verb: str, body: bytes) -> tuple[int, Any]:
        files = self.spaces[name]
        if verb == "preupload/main":
            modes = [
                {"path": f["path"], "uploadMode": "lfs" if f["size"] > BY_LFS else "regular", "shouldIgnore": False}
                for f in json.loads(body)["files"]
            ]
            return 200, {"files": modes}
        if verb == "commit/main":
            if self.refuse_commits:
                return 403, {"error": "Storage limit reached"}
            for line in body.splitlines():
                self._commit(files, **json.loads(line))
            return 200, {"commitUrl": f"{self.address}/spaces/{OWNER}/{name}/commit/1", "commitOid": "1" * 40}
        if verb == "variables":
            self.settings.append((verb, json.loads(body)))
            return 200, {}
        if verb == "hardware":
            self.settings.append((verb, json.loads(body)))
            return 200, {"stage": "BUILDING", "hardware": {"current": None, "requested": None}}
        if verb.startswith("tree/main"):
            return 200, [{"type": "file", "path": path, "size": 1, "oid": "0" * 40} for path in files]
        return 200, {"id": f"{OWNER}/{name}", "sha": "0" * 40, "siblings": [{"rfilename": path} for path in files]}

    @staticmethod
    def _commit(files: dict[str, Any], key: str, value: dict[str, Any]) -> None:
        if key == "file":
            files[value["path"]] = base64.b64decode(value["content"])
        elif key == "lfsFile":
            files[value["path"]] = value["oid"]
        elif key == "deletedFile":
            del files[value["path"]]


@contextmanager
def hub() -> Iterator[Hub]:
    """A Hub that answers while the block runs."""
    here = Hub()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path = self.path.partition("?")[0]
            status, answer = here.answer(path, body, self.headers.get("Authorization", ""))
            said = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_POST = do_GET  # noqa: N815 (the library's name)

    with serving_on_loopback(Handler) as here.address:
        yield here
