"""A Space gets what it needs and nothing else; what goes wrong is one sentence."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

from llamavid_demo.cli.space import front_matter, space_files
from tests.cli.hub_server import TOKEN, Hub, hub
from tests.conftest import ROOT

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def there() -> Iterator[Hub]:
    with hub() as running:
        yield running


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """The command, with one film, away from the real Hub: its address leads nowhere unless given."""
    film = tmp_path / "movies" / "clip"
    film.mkdir(parents=True)
    make = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=64x36:rate=5:duration=1"]
    subprocess.run([*make, "-pix_fmt", "yuv420p", film / "movie.mp4"], check=True)
    environment = {
        **{name: value for name, value in os.environ.items() if name not in ("HF_TOKEN", "HF_HUB_OFFLINE")},
        "HF_ENDPOINT": "http://127.0.0.1:9",
        "HF_HOME": str(tmp_path / "hub"),
        "HF_HUB_DISABLE_XET": "1",
        "LLAMAVID_MOVIES": str(tmp_path / "movies"),
    }

    def command(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-m", "llamavid_demo", "space", *words]
        return subprocess.run(line, env={**environment, **more}, capture_output=True, text=True, check=False)

    return command


def test_the_readme_says_what_the_command_says() -> None:
    """Who pushes this repository as it is gets the same Space."""
    readme = (ROOT / "README.md").read_text("utf-8")
    front, body = front_matter(readme, model=None, hardware=None)
    assert front == yaml.safe_load(readme.split("---\n")[1])
    assert body.lstrip().startswith("# ")
    assert f"gradio=={front['sdk_version']}\n" in (ROOT / "requirements.txt").read_text()
    assert (front["sdk"], front["python_version"]) == ("gradio", "3.11")
    assert (ROOT / front["app_file"]).is_file()
    assert len(front["short_description"]) <= 60  # the Hub's limit
    for adapter in ROOT.glob("assets/*/adapter_config.json"):
        assert json.loads(adapter.read_text())["base_model_name_or_path"] in front["models"]
    chosen, _ = front_matter(readme, model="owner/model", hardware="t4-small")
    assert (chosen["models"][0], chosen["suggested_hardware"]) == ("owner/model", "t4-small")


def test_hidden_and_compiled_files_and_links_that_leave_stay_here(tmp_path: Path) -> None:
    root, movies = tmp_path / "root", tmp_path / "films"
    wanted = ["assets/page.css", "llamavid_demo/film/movie.py"]
    kept = ["assets/.env", "llamavid_demo/__pycache__/x.pyc", "tests/test.py", ".git/config", "notes.txt"]
    for name in [*wanted, *kept]:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x")
    (movies / ".sintel.part").mkdir(parents=True)
    (movies / ".sintel.part" / "sintel").write_text("half")
    (movies / "clip.mp4").write_text("x")
    (movies / "passwd.mp4").symlink_to("/etc/passwd")
    files = space_files(root, movies)
    assert set(files) - {"LICENSE", "app.py", "packages.txt", "requirements.txt"} == {*wanted, "movies/clip.mp4"}


def test_a_dry_run_lists_all_and_needs_no_network(run: Run) -> None:
    done = run("films", "--dry-run", "--model", "assets/llava-mini-tiny", "--hardware", "zero-a10g")
    assert done.returncode == 0, done.stderr
    assert "\nsuggested_hardware: zero-a10g\n" in done.stdout
    assert f"\nsdk_version: {version('gradio')}\n" in done.stdout
    assert "\nLLAMAVID_MODEL=assets/llava-mini-tiny\n" in done.stdout
    listed = {line.split("  ")[-1] for line in done.stdout.splitlines()}
    assert listed >= {"README.md", "app.py", "packages.txt", "movies/clip/movie.mp4", "llamavid_demo/ui/page.py"}
    assert not any(name.startswith(("tests", ".", "bench")) or "__pycache__" in name for name in listed)
    assert "nothing was sent" in done.stdout
    assert "clip states no licence" in done.stderr


def test_a_space_is_made_and_filled_and_filled_anew(run: Run, there: Hub) -> None:
    at = {"HF_ENDPOINT": there.address, "HF_TOKEN": TOKEN}
    done = run("films", "--private", "--model", "owner/model", "--hardware", "t4-small", **at)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"The Space is at {there.address}/spaces/me/films; the Hub builds it now.\n"
    (made,) = there.made
    assert (made["type"], made["sdk"], made["visibility"], made["hardware"]) == (
        "space", "gradio", "private", "t4-small",
    )  # fmt: skip
    assert made["variables"] == [{"key": "LLAMAVID_MODEL", "value": "owner/model"}]
    files = there.spaces["films"]
    front = yaml.safe_load(files["README.md"].decode().split("---\n")[1])
    assert (front["models"][0], front["suggested_hardware"]) == ("owner/model", "t4-small")
    for name in ("app.py", "packages.txt", "requirements.txt", "llamavid_demo/settings.py"):
        assert files[name] == (ROOT / name).read_bytes()
    assert files["movies/clip/movie.mp4"]
    assert len(files["assets/llama-vid-tiny/model.safetensors"]) == 64  # by its SHA-256

    taken = run("films", **at)
    assert taken.returncode == 2 and "choose another name" in taken.stderr
    files["old.py"] = b""
    again = run("films", "--update", "--model", "assets/llama-vid-tiny", "--hardware", "l4x1", **at)
    assert again.returncode == 0, again.stderr
    assert "old.py" not in files and "app.py" in files
    assert [verb for verb, _ in there.settings] == ["variables", "hardware"]
    assert there.settings[0][1] == {"key": "LLAMAVID_MODEL", "value": "assets/llama-vid-tiny"}
    assert there.settings[1][1]["flavor"] == "l4x1"


def test_a_space_that_stays_empty_is_told_of(run: Run) -> None:
    with hub() as full:
        full.refuse_commits = True
        done = run("half", HF_ENDPOINT=full.address, HF_TOKEN=TOKEN)
    assert done.returncode == 2
    assert "Storage limit reached" in done.stderr and "run this again with --update" in done.stderr


@pytest.mark.parametrize(
    ("words", "token", "said"),
    [
        (["films"], "", "hf auth login"),
        (["films"], "hf_bad", "does not know the token"),
        (["you/films"], TOKEN, "may not write to you/films"),
        (["nowhere", "--update"], TOKEN, "There is no Space me/nowhere"),
        (["two words"], TOKEN, "'two words' is no name"),
        (["films", "--hardware", "abacus"], TOKEN, "take one of cpu-basic"),
        (["films", "--model", "/"], TOKEN, "cannot see the folder /:"),
        (["films", "--model", "a/b/c"], TOKEN, "give owner/name"),
    ],
)
def test_what_a_person_causes_is_one_sentence(run: Run, there: Hub, words: list[str], token: str, said: str) -> None:
    done = run(*words, "--private", HF_ENDPOINT=there.address, HF_TOKEN=token)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr


def test_no_network_is_one_sentence(run: Run) -> None:
    done = run("films", "--private", HF_TOKEN=TOKEN)
    assert done.returncode == 2
    assert done.stderr == "The Hub (http://127.0.0.1:9) cannot be reached: check the network, and try again.\n"
