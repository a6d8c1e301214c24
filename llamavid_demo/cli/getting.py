"""The command `get`: a public release with all that belongs beside it, into the folder where its name finds it."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.filesize import decimal
from rich.table import Table

from llamavid_demo.cli.common import chosen_settings, console, messages
from llamavid_demo.cli.progress_bars import progress_bars
from llamavid_demo.errors import ModelError, UnknownModelError
from llamavid_demo.model.releases import EVA_VIT_G, RELEASES, Release, find_release, way_to_get
from llamavid_demo.settings import Settings


def get(
    name: Annotated[str | None, typer.Argument(help="Name of a release; --list shows them.")] = None,
    list_releases: Annotated[bool, typer.Option("--list", help="Show what there is, and fetch nothing.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List files and bytes, and fetch nothing.")] = False,
    releases: Annotated[Path | None, typer.Option(help="Folder for releases.")] = None,
) -> None:
    """Get a public release with all that it needs; stopped, it goes on when run again, and it checks what is there."""
    settings = chosen_settings(releases=releases)
    if list_releases:
        console.print(release_table(settings))
        return
    release = find_release(name or "")
    if release is None:
        names = ", ".join(known.name for known in RELEASES)
        raise UnknownModelError(f"{name or 'Nothing'!r} is no release: take one of {names}; see get --list.")
    get_release(release, settings, dry_run=dry_run)


def get_release(release: Release, settings: Settings, *, dry_run: bool = False) -> None:
    """Fetch what is missing of a release, or say what that is. Raises `DownloadError`."""
    from llamavid_demo.model.fetch import PART, fetch, missing_files
    from llamavid_demo.model.release_files import list_files

    whole = settings.releases / release.name
    # Under its name there is never half a release: what has come stands aside until all is there.
    folder = whole if whole.is_dir() else settings.releases / f".{release.name}{PART}"
    with messages.status(f"Asking for the files of {release.name}…"):
        files = list_files(release, tower=settings.tower_url or EVA_VIT_G)
    with progress_bars(messages, in_bytes=True) as progress:
        missing = missing_files(files, folder, progress)
    if dry_run:
        lines = [f"{decimal(f.size):>12}  {'to fetch' if f in missing else 'here    '}  {f.place}" for f in files]
        console.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)
    size, wanted = sum(file.size for file in files), sum(file.size for file in missing)
    console.print(
        f"{release.name} ({release.licence}): {len(files)} files, {decimal(size)}; "
        f"{decimal(wanted) if missing else 'nothing'} to fetch into {whole}.",
        markup=False, highlight=False, soft_wrap=True,
    )  # fmt: skip
    if dry_run:
        return
    with progress_bars(messages, in_bytes=True) as progress:
        for step in fetch(missing, folder, name=release.name):
            progress(step)
    if folder != whole:
        folder.rename(whole)
    model = release.name if settings.releases == Settings().releases else whole
    console.print(f"It is complete: python -m llamavid_demo serve --model {model}", highlight=False, soft_wrap=True)


def get_if_wanted(settings: Settings, *, yes: bool) -> None:
    """Where the settings name a release that is not here: get it when `yes`, else when a person at a terminal agrees.

    Raises `ModelError` that names the command when nobody agrees, and `DownloadError`.
    """
    release = find_release(settings.model)
    if release is None or settings.model != release.name:
        return
    asked = yes or (sys.stdin.isatty() and typer.confirm(f"{_about(release)} Get it now?", default=True, err=True))
    if not asked:
        raise ModelError(way_to_get(release))
    get_release(release, settings)


def release_table(settings: Settings) -> Table:
    """All releases, with what each needs of a card by `plan`'s reckoning."""
    from llamavid_demo.model.release_sizes import plan_release

    table = Table(title="Releases: python -m llamavid_demo get NAME")
    table.add_column("name", no_wrap=True)
    for column in ("for", "fetches", "on a card, in 4 bits", "licence", "here"):
        table.add_column(column)
    for release in RELEASES:
        needs = decimal(plan_release(release, room=settings.frames_room).total_bytes)
        length = f"{release.minutes:g} minutes" if release.minutes else "a picture"
        here = "yes" if (settings.releases / release.name).is_dir() else ""
        table.add_row(
            release.name, f"{release.system}: {release.does}", f"{release.gigabytes:g} GB", f"{needs}, {length}",
            release.licence, here,
        )  # fmt: skip
    return table


def _about(release: Release) -> str:
    return f"{release.name} is not here yet; it has about {release.gigabytes:g} GB ({release.licence})."
