"""The command `space`: make a Hugging Face Space of this page, its checkpoints and films, or show what is in it."""

import re
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from rich.filesize import decimal

import llamavid_demo
from llamavid_demo.cli.common import chosen_settings, console, messages
from llamavid_demo.embedded import INSTALLED, ROOT
from llamavid_demo.errors import MovieError, SpaceError

SINGLE = ("LICENSE", "app.py", "packages.txt", "requirements.txt")  # README.md is written anew
FOLDERS = ("assets", "docs", "llamavid_demo")
_FRONT = re.compile(r"---\n(.*?)\n---\n(.*)", re.DOTALL)


def space(
    name: Annotated[str, typer.Argument(help="Name of the Space, such as talk-with-films or me/talk-with-films.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show its files and settings, and send nothing.")] = False,
    update: Annotated[bool, typer.Option("--update", help="Replace the files of a Space that exists.")] = False,
    private: Annotated[bool, typer.Option("--private", help="Let nobody else see it.")] = False,
    model: Annotated[
        str | None, typer.Option(help="Checkpoint that starts: a folder in assets/, or a Hub id; else as here.")
    ] = None,
    hardware: Annotated[
        str | None,
        typer.Option(help="Ask the Hub for this hardware, such as l4x1 (billed) or zero-a10g; else CPU Basic."),
    ] = None,
) -> None:
    """Make a Hugging Face Space of this page, or show what it would hold (--dry-run)."""
    if INSTALLED:
        raise SpaceError("A Space is made from the repository, and this is an installed package: run it in a clone.")
    movies = chosen_settings().movies
    starts = _model_there(model) if model else None
    _check(name, hardware)
    front, body = front_matter((ROOT / "README.md").read_text("utf-8"), model=starts, hardware=hardware)
    readme = f"---\n{yaml.safe_dump(front, sort_keys=False, allow_unicode=True, width=200)}---\n{body}"
    files = space_files(ROOT, movies)
    for doubt in () if private else _doubts(movies):
        messages.print(doubt, style="yellow", markup=False, soft_wrap=True)
    if dry_run:
        _show(readme, files, starts)
    else:
        address = publish(name, readme, files, update=update, private=private, model=starts, hardware=hardware)
        console.print(f"The Space is at {address}; the Hub builds it now.", markup=False, soft_wrap=True)


def front_matter(readme: str, *, model: str | None, hardware: str | None) -> tuple[dict[str, Any], str]:
    """README.md to (what the Hub reads at its head, the text below it), for the Gradio that is installed here."""
    parts = _FRONT.match(readme)
    if not parts:
        raise SpaceError("README.md has no front matter: it must begin with --- and what the Hub needs to know.")
    front = yaml.safe_load(parts[1])
    front["sdk_version"] = version("gradio")
    if hardware:
        front["suggested_hardware"] = hardware
    if model and "/" in model and not model.startswith("assets/"):
        front["models"] = list(dict.fromkeys([model, *front["models"]]))
    return front, parts[2]


def space_files(root: Path, movies: Path) -> dict[str, Path]:
    """What a Space needs beside README.md: path there to file here. Hidden files and compiled ones stay here."""
    files = {name: root / name for name in SINGLE}
    for folder, there in (*((root / name, name) for name in FOLDERS), (movies, "movies")):
        for file in sorted(folder.rglob("*")):
            inside = file.relative_to(folder)
            kept = not any(part[0] == "." or part == "__pycache__" for part in inside.parts)
            if kept and file.is_file() and file.resolve().is_relative_to(folder.resolve()):
                files[f"{there}/{inside.as_posix()}"] = file
    return files


def publish(
    name: str,
    readme: str,
    files: dict[str, Path],
    *,
    update: bool,
    private: bool,
    model: str | None,
    hardware: str | None,
) -> str:
    """Make the Space, or take the one that exists, and send the files; gives its address. Raises `SpaceError`."""
    from huggingface_hub import HfApi, get_token
    from huggingface_hub.errors import HfHubHTTPError, HTTPError, OfflineModeIsEnabled

    api = HfApi(library_name="llamavid-demo", library_version=llamavid_demo.__version__)
    if not get_token():
        raise SpaceError("There is no token for the Hub here: run `hf auth login`, or set HF_TOKEN to one that writes.")
    start = {"LLAMAVID_MODEL": model} if model else {}
    place, made = name, False
    try:
        if update:
            place = name if "/" in name else f"{api.whoami()['name']}/{name}"
            api.repo_info(place, repo_type="space")
            for key, value in start.items():
                api.add_space_variable(place, key, value)
            if hardware:
                api.request_space_hardware(place, hardware)  # type: ignore[arg-type]  # checked by its name
        else:
            variables = [{"key": key, "value": value} for key, value in start.items()]
            place = api.create_repo(
                name,
                repo_type="space",
                space_sdk="gradio",
                private=private or None,
                space_hardware=hardware,  # type: ignore[arg-type]
                space_variables=variables or None,
            ).repo_id
            made = True
        with tempfile.TemporaryDirectory() as folder:
            _lay_out(Path(folder), readme, files)
            api.upload_folder(
                repo_id=place,
                repo_type="space",
                folder_path=folder,
                commit_message="Publish the page",
                delete_patterns="*" if update else None,
            )
    except HfHubHTTPError as error:
        raise SpaceError(_refusal(error, place, made)) from error
    except (HTTPError, OfflineModeIsEnabled) as error:
        raise SpaceError(f"The Hub ({api.endpoint}) cannot be reached: check the network, and try again.") from error
    return f"{api.endpoint}/spaces/{place}"


def _lay_out(folder: Path, readme: str, files: dict[str, Path]) -> None:
    """The Space's folder, of links to the files, which may be large."""
    for there, file in files.items():
        place = folder / there
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(file.resolve())
    (folder / "README.md").write_text(readme, "utf-8")


def _refusal(error: Any, name: str, made: bool) -> str:
    """What the Hub did not like, as a sentence."""
    status = error.response.status_code
    half = f" The Space {name} was made but is not complete: run this again with --update." if made else ""
    said = str(error.server_message or error).strip().partition("\n")[0].rstrip(".")
    if status == 401:
        return f"The Hub does not know the token: run `hf auth login` again, or set HF_TOKEN to another.{half}"
    if status == 403:
        return f"The token may not write to {name} ({said}): take one with write access, or another name.{half}"
    if status == 404:
        return f"There is no Space {name}: leave out --update to make it."
    if status == 409 and not made:
        return f"There is a Space {name} already: choose another name, or replace its files with --update."
    return f"The Hub refuses ({status}: {said}).{half or ' Correct that, and try again.'}"


def _model_there(model: str) -> str:
    """How the Space names a checkpoint: `assets/…` or a Hub id. Raises `SpaceError` for a folder elsewhere."""
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id

    folder = Path(model).expanduser().resolve()
    if folder.is_dir():
        if not folder.is_relative_to(ROOT / "assets"):
            raise SpaceError(f"A Space cannot see the folder {folder}: put the checkpoint on the Hub, or into assets/.")
        return folder.relative_to(ROOT).as_posix()
    try:
        validate_repo_id(model)
    except HFValidationError:
        raise SpaceError(f"{model!r} is no folder, and no name of a model on the Hub: give owner/name.") from None
    return model


def _check(name: str, hardware: str | None) -> None:
    from huggingface_hub import SpaceHardware
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id

    try:
        validate_repo_id(name)
    except HFValidationError:
        raise SpaceError(f"{name!r} is no name of a Space: take letters, digits and hyphens, or owner/name.") from None
    known = [kind.value for kind in SpaceHardware]
    if hardware is not None and hardware not in known:
        raise SpaceError(f"{hardware!r} is no hardware for this page: take one of {', '.join(known)}.")


def _doubts(movies: Path) -> Iterator[str]:
    """Films that should perhaps not be shown to everybody."""
    from llamavid_demo.film import find_movies, load_movie

    for path in find_movies(movies):
        try:
            movie = load_movie(path)
        except MovieError as error:
            yield f"The page will leave out {path.name}: {error}"
        else:
            if not movie.licence:
                yield f"{movie.title} states no licence in movie.toml: may everybody see it? --private hides the Space."


def _show(readme: str, files: dict[str, Path], model: str | None) -> None:
    sizes = {"README.md": len(readme.encode()), **{there: file.stat().st_size for there, file in files.items()}}
    lines = [f"{decimal(size):>12}  {there}" for there, size in sorted(sizes.items())]
    front = readme.partition("\n---\n")[0] + "\n---"
    variables = f"LLAMAVID_MODEL={model}\n" if model else ""
    total = f"{len(sizes)} files, {decimal(sum(sizes.values()))}; nothing was sent."
    console.print("\n".join([front, variables, *lines, total]), markup=False, highlight=False, soft_wrap=True)
