"""What a release consists of, as the servers say now: places, addresses, sizes and hashes. Fetches nothing."""

import base64
import hashlib
import re
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import httpx
from huggingface_hub import HfApi, hf_hub_url
from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, HTTPError, OfflineModeIsEnabled
from huggingface_hub.utils import build_hf_headers

from llamavid_demo.errors import DownloadError
from llamavid_demo.model.releases import HubPart, Release

_PIECE = 1 << 22  # bytes that are hashed at once


@dataclass(frozen=True)
class ReleaseFile:
    """A file of a release: its `place` in the folder, such as bert/vocab.txt, and what the server says of it.

    `digest` is "sha256:…" for the Hub's large files, "git:…" for its small ones, "md5:…" elsewhere; "" when unknown.
    """

    place: str
    url: str
    size: int
    digest: str
    headers: dict[str, str] = field(default_factory=dict, repr=False)  # may hold a token

    def wrong(self, path: Path) -> str:
        """What is wrong with the bytes at `path`, which are there; "" when nothing is."""
        if (size := path.stat().st_size) != self.size:
            return f"it has {size:,} bytes, not {self.size:,}"
        kind, _, stated = self.digest.partition(":")
        return f"its {kind} hash is another than the server states" if stated and _hash(kind, path) != stated else ""


def list_files(release: Release, *, tower: str) -> list[ReleaseFile]:
    """All files of a release, asked of the Hub and, for the tower, of the server of its address `tower`.

    Raises `DownloadError` when a repository is gated, gone or incomplete, and when a server cannot be reached.
    """
    files = [file for part in release.parts for file in _on_the_hub(part)]
    return [*files, _on_the_web(tower, "eva_vit_g.pth")] if release.lacks_tower else files


def _on_the_hub(part: HubPart) -> list[ReleaseFile]:
    api, name = HfApi(library_name="llamavid-demo"), part.repository
    try:
        info = api.model_info(name, revision=part.revision, files_metadata=True)
        if info.gated:
            api.auth_check(name)
    except GatedRepoError:
        raise DownloadError(
            f"{name} is gated: accept its terms at {api.endpoint}/{name}, run `hf auth login`, and try again."
        ) from None
    except HfHubHTTPError as error:
        raise DownloadError(_refusal(error, name, api.endpoint)) from error
    except (HTTPError, OfflineModeIsEnabled) as error:
        raise DownloadError(f"The Hub ({api.endpoint}) cannot be reached: check the network, and try again.") from error
    named = {sibling.rfilename: sibling for sibling in info.siblings or []}
    wanted = [n for n in named if "/" not in n and any(fnmatch(n, pattern) for pattern in part.patterns)]
    if any(n.endswith(".safetensors") for n in wanted):  # the same weights, in the better form
        wanted = [n for n in wanted if not fnmatch(n, "pytorch_model*")]
    if "config.json" not in wanted or any(named[n].size is None for n in wanted):
        raise DownloadError(f"{name} at {api.endpoint} is incomplete: it should hold a config.json, and say its sizes.")
    headers = build_hf_headers(library_name="llamavid-demo")
    return [
        ReleaseFile(
            f"{part.folder}/{n}".lstrip("/"),
            hf_hub_url(name, n, revision=info.sha, endpoint=api.endpoint),
            named[n].size or 0,
            _stated(named[n]),
            headers,
        )
        for n in sorted(wanted)
    ]


def _on_the_web(url: str, place: str) -> ReleaseFile:
    """A file outside the Hub. Google's storage says the MD5 of what it keeps."""
    try:
        response = httpx.head(url, follow_redirects=True, timeout=30)
        response.raise_for_status()
        size = int(response.headers["Content-Length"])
    except httpx.HTTPStatusError as error:
        status = error.response.status_code
        raise DownloadError(f"{url} answers {status}: put {place} from elsewhere into the folder.") from error
    except (httpx.HTTPError, httpx.InvalidURL, KeyError, ValueError) as error:
        raise DownloadError(f"{url} cannot be reached ({error}): check the address and the network.") from error
    stated = re.search(r"md5=([\w+/]+=*)", response.headers.get("x-goog-hash", ""))
    return ReleaseFile(place, url, size, f"md5:{base64.b64decode(stated[1]).hex()}" if stated else "")


def _refusal(error: HfHubHTTPError, name: str, endpoint: str) -> str:
    status = error.response.status_code
    if status in (401, 403, 404):
        return f"{name} is not, or no longer, open to you at {endpoint} ({status}): see its page, or `hf auth login`."
    return f"The Hub ({endpoint}) answers {status} for {name}: try again later."


def _stated(sibling: Any) -> str:
    if sibling.lfs:
        return f"sha256:{sibling.lfs.sha256}"
    return f"git:{sibling.blob_id}" if sibling.blob_id else ""


def _hash(kind: str, path: Path) -> str:
    """The hash of a file, in hexadecimal digits; "git" is that of a git blob."""
    digest = hashlib.new("sha1" if kind == "git" else kind, usedforsecurity=False)
    if kind == "git":
        digest.update(b"blob %d\0" % path.stat().st_size)
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()
