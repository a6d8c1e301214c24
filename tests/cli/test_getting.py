"""A release comes with all that it needs, whatever the connection does; what a person may meet is one sentence."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock
from starlette.applications import Starlette
from starlette.testclient import TestClient

from llamavid_demo.cli.getting import release_table
from llamavid_demo.model.llava_mini.load import find_llava_mini
from llamavid_demo.model.load import load_model
from llamavid_demo.model.releases import RELEASES
from llamavid_demo.settings import Settings
from llamavid_demo.ui.program_routes import routes
from llamavid_demo.ui.serve import build
from llamavid_demo.ui.uploads import Uploads
from tests.cli.release_server import TOWER, ModelHub, model_hub
from tests.conftest import GOLDEN

VID, MINI = "llama-vid-7b-long", "llava-mini-8b"
WEIGHTS = "YanweiLi/llama-vid-7b-full-224-long-video"
SHARD = f"{WEIGHTS}/pytorch_model-00001-of-00002.bin"
BERT, CLIP = "google-bert/bert-base-uncased", "openai/clip-vit-large-patch14-336"
MINI_GOLDEN = GOLDEN.parent / "llava_mini"
Run = Callable[..., subprocess.CompletedProcess[str]]


@dataclass(frozen=True)
class Place:
    """A command line whose releases go to `releases` and whose Hub is `hub`, at `address`."""

    run: Run
    hub: ModelHub
    releases: Path
    environment: dict[str, str]


def published() -> dict[str, bytes]:
    """The golden micro models, laid out as the real repositories are, with what `get` should leave there."""

    def repository(name: str, folder: Path) -> dict[str, bytes]:
        return {f"{name}/{file.name}": file.read_bytes() for file in folder.iterdir() if file.is_file()}

    files = repository(WEIGHTS, GOLDEN / "checkpoint") | repository(BERT, GOLDEN / "bert")
    config = json.loads(files[f"{WEIGHTS}/config.json"])
    files[f"{WEIGHTS}/config.json"] = json.dumps({**config, "mm_vision_depth": 2}).encode()
    files[f"{WEIGHTS}/training_args.bin"] = b"a pickled object"
    files[f"{WEIGHTS}/trainer_state.json"] = b"{}"
    files[f"{BERT}/pytorch_model.bin"] = b"weights of BERT"
    files[TOWER] = (GOLDEN / "eva_vit_g.pth").read_bytes()
    files |= repository("ICTNLP/llava-mini-llama-3.1-8b", MINI_GOLDEN / "ckpt") | repository(CLIP, MINI_GOLDEN / "clip")
    files[f"{CLIP}/pytorch_model.bin"] = b"the same weights again"
    return files


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    hub = ModelHub(published())
    with model_hub(hub) as address:
        unwanted = ("HF_TOKEN", "HF_HUB_OFFLINE", "LLAMAVID_MODEL")
        environment = {
            **{name: value for name, value in os.environ.items() if name not in unwanted},
            "HF_ENDPOINT": address,
            "HF_HOME": str(tmp_path / "hub"),
            "HF_TOKEN": "hf_secret",
            "LLAMAVID_RELEASES": str(tmp_path / "releases"),
            "LLAMAVID_TOWER_URL": address + TOWER,
            "LLAMAVID_CACHE_DIR": str(tmp_path / "cache"),
        }

        def run(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
            line = [sys.executable, "-m", "llamavid_demo", *words]
            chosen = {**environment, **more}
            return subprocess.run(
                line, env=chosen, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
            )

        yield Place(run, hub, tmp_path / "releases", environment)


def one_sentence(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 2, done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    return done.stderr


def test_a_release_is_got_and_answers(place: Place, tmp_path: Path) -> None:
    dry = place.run("get", VID, "--dry-run")
    assert dry.returncode == 0 and not place.hub.asked and not place.releases.exists()
    listed = {line.split("  ")[-1] for line in dry.stdout.splitlines()[:-1]}
    assert listed >= {"pytorch_model-00001-of-00002.bin", "tokenizer.model", "eva_vit_g.pth", "bert/vocab.txt"}
    assert not listed & {"training_args.bin", "trainer_state.json", "bert/pytorch_model.bin"}

    done = place.run("get", VID)
    assert done.returncode == 0, done.stderr
    assert "Llama 2" in done.stdout and done.stdout.endswith(f"serve --model {VID}\n")
    folder = place.releases / VID
    assert {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()} == listed
    assert place.hub.tokens_elsewhere == 0

    clip = tmp_path / "clip.mp4"
    source = ["-f", "lavfi", "-i", "testsrc=size=128x72:rate=10:duration=3"]
    subprocess.run(["ffmpeg", "-v", "error", *source, "-pix_fmt", "yuv420p", clip], check=True)
    nowhere = {"HF_ENDPOINT": "http://127.0.0.1:9", "LLAMAVID_MAX_NEW_TOKENS": "4"}
    answer = place.run("ask", str(clip), "What is it?", "--model", VID, "--json", **nowhere)
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout)["model"].startswith(VID)


def test_what_was_got_is_served_and_answers_a_program(place: Place, tmp_path: Path) -> None:
    assert place.run("get", VID).returncode == 0
    films = tmp_path / "films"
    films.mkdir()
    source = ["-f", "lavfi", "-i", "testsrc=size=128x72:rate=10:duration=3"]
    subprocess.run(["ffmpeg", "-v", "error", *source, "-pix_fmt", "yuv420p", films / "clip.mp4"], check=True)
    settings = Settings(
        releases=place.releases, model=VID, movies=films, models=tmp_path / "none", cache_dir=tmp_path / "cache",
        max_new_tokens=4, device="cpu",
    )  # fmt: skip
    _, programs, _ = build(settings, Uploads(tmp_path / "uploads"))
    try:
        page = TestClient(Starlette(routes=routes(programs)))
        asked = [{"role": "user", "content": "What is it?"}]
        answer = page.post("/v1/chat/completions", json={"model": f"{VID}/clip", "messages": asked})
        assert answer.status_code == 200, answer.text
        assert answer.json()["usage"]["completion_tokens"] > 0
    finally:
        programs.models.close()


def test_a_cut_connection_goes_on_where_it_was(place: Place) -> None:
    place.hub.breaks[SHARD] = [200_000, 0]
    assert "Try again: it goes on from there." in one_sentence(place.run("get", VID))
    assert not (place.releases / VID).exists()
    earlier = {path for path, _ in place.hub.asked}
    place.hub.asked.clear()
    done = place.run("get", VID)
    assert done.returncode == 0, done.stderr
    assert (SHARD, "bytes=200000-") in place.hub.asked
    assert not {path for path, _ in place.hub.asked} & (earlier - {SHARD})
    assert (place.releases / VID / Path(SHARD).name).read_bytes() == place.hub.files[SHARD]


@pytest.mark.parametrize("path", [SHARD, f"{BERT}/vocab.txt", TOWER])
def test_a_wrong_hash_is_refused(place: Place, path: str) -> None:
    place.hub.damaged.add(path)
    assert "hash is another than the server states" in one_sentence(place.run("get", VID))
    assert not (place.releases / VID).exists()
    assert not [p for p in place.releases.rglob("*") if p.name.startswith(Path(path).name)]


def test_what_was_damaged_later_is_got_again(place: Place) -> None:
    assert place.run("get", VID).returncode == 0
    shard = place.releases / VID / Path(SHARD).name
    shard.write_bytes(place.hub.files[SHARD][:-1] + b"x")
    (place.releases / VID / "bert" / "vocab.txt").unlink()
    place.hub.asked.clear()
    assert place.run("get", VID).returncode == 0
    assert {path for path, _ in place.hub.asked} == {SHARD, f"{BERT}/vocab.txt"}
    assert shard.read_bytes() == place.hub.files[SHARD]


def test_a_full_disk_is_seen_before(place: Place) -> None:
    place.hub.sizes[SHARD] = 10**18
    assert "make room there" in place.run("get", VID).stderr
    assert not place.hub.asked


def test_two_do_not_write_into_the_same_files(place: Place) -> None:
    place.releases.mkdir()
    with FileLock(place.releases / f".{VID}.lock"):
        assert "Another program is getting" in place.run("get", VID).stderr
    assert not place.hub.asked


def test_llava_mini_comes_with_its_clip(place: Place) -> None:
    assert place.run("get", MINI).returncode == 0
    files = find_llava_mini(place.releases / MINI)
    assert files.clip == place.releases / MINI / "clip"
    assert [path.name for path in files.clip_shards] == ["model.safetensors"]
    assert not (files.clip / "pytorch_model.bin").exists()
    assert load_model(place.releases / MINI, device="cpu").name.startswith(MINI)


def test_gated_gone_and_no_network_are_one_sentence(place: Place) -> None:
    place.hub.gated.add(WEIGHTS)
    assert "hf auth login" in one_sentence(place.run("get", VID))
    place.hub.gated.clear()
    place.hub.files = {path: body for path, body in place.hub.files.items() if not path.startswith(BERT)}
    assert f"{BERT} is not, or no longer," in one_sentence(place.run("get", VID))
    del place.hub.files[TOWER]
    place.hub.files[f"{BERT}/config.json"] = b"{}"
    assert f"{TOWER} answers 404" in one_sentence(place.run("get", VID))
    nowhere = place.run("get", VID, HF_ENDPOINT="http://127.0.0.1:9")
    assert (
        one_sentence(nowhere) == "The Hub (http://127.0.0.1:9) cannot be reached: check the network, and try again.\n"
    )
    assert "take one of llama-vid-7b-long" in one_sentence(place.run("get", "llama-vid"))
    assert not place.hub.asked


def test_serve_offers_what_is_not_here(place: Place) -> None:
    way = f"python -m llamavid_demo get {VID}"
    assert way in one_sentence(place.run("serve", "--model", VID))
    tried = place.run("serve", "--model", VID, "--yes", HF_ENDPOINT="http://127.0.0.1:9")
    assert "cannot be reached" in one_sentence(tried)
    person, terminal = pty.openpty()
    os.write(person, b"n\n")
    line = [sys.executable, "-m", "llamavid_demo", "serve", "--model", VID]
    done = subprocess.run(line, env=place.environment, stdin=terminal, capture_output=True, text=True, check=False)
    os.close(person)
    os.close(terminal)
    assert done.returncode == 2
    assert "Get it now? [Y/n]" in done.stderr and way in done.stderr
    assert not place.hub.asked


def test_names_are_plain_and_their_own() -> None:
    names = [release.name for release in RELEASES]
    assert len(set(names)) == len({release.repository for release in RELEASES}) == len(names)
    assert all(name == name.lower() and "/" not in name for name in names)


def test_the_list_says_what_each_needs() -> None:
    table = release_table(Settings())
    assert list(table.columns[0].cells) == [release.name for release in RELEASES]
    assert next(iter(table.columns[3].cells)) == "10.8 GB, 30 minutes"  # as `plan` reckons for the 7B


def test_a_folder_that_cannot_be_written_is_told(place: Place, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = place.run("get", VID, "--releases", str(tmp_path / "file"))
    assert "name another folder" in done.stderr
