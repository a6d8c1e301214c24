"""The command `doctor`: looks at all that the page needs, and says what to do where something is lacking."""

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated

import typer

from llamavid_demo.cli import machine_checks as machine
from llamavid_demo.cli.common import AsJson, Model, Quantization, chosen_settings, console
from llamavid_demo.cli.findings import Finding, wrong
from llamavid_demo.errors import DemoError

COLOURS = {"ok": "green", "warning": "yellow", "wrong": "red"}
Check = tuple[str, Callable[[], Finding]]


def doctor(
    model: Model = None,
    movies: Annotated[Path | None, typer.Option(help="Folder of films.")] = None,
    quantization: Quantization = None,
    host: Annotated[str | None, typer.Option(help="Address to serve on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to serve on.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check whether the page can run here, and say what to do where it cannot; exit status 1 if it cannot."""
    logging.disable(logging.WARNING)  # what matters is said once, below
    flags = {"model": model, "movies": movies, "quantization": quantization, "host": host, "port": port}
    found = dict(findings(flags))
    healthy = all(finding.state != "wrong" for finding in found.values())
    if as_json:
        checks = [{"check": name, "state": one.state, "said": one.said, "do": one.do} for name, one in found.items()]
        console.print_json(data={"ok": healthy, "checks": checks})
    else:
        for name, one in found.items():
            does = f". {one.do}" if one.do else ""
            console.print(f"[{COLOURS[one.state]}]{one.state:8}[/]", end="")
            console.print(f"{name}: {one.said}{does}", markup=False, highlight=False, soft_wrap=True)
    if not healthy:
        raise typer.Exit(1)


def findings(flags: Mapping[str, object]) -> Iterator[tuple[str, Finding]]:
    """What each check finds, by its name. Without their packages the other checks would say the same again."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # looking fetches nothing
    yield "Python", machine.python()
    packages = machine.packages()
    yield "packages", packages
    if packages.state == "wrong":
        return
    for name, check in _checks(flags):
        yield name, _found(check)


def _checks(flags: Mapping[str, object]) -> list[Check]:
    from llamavid_demo.cli import model_checks as models

    settings = chosen_settings(**flags)
    cap = int(settings.cache_gb * 1e9)
    return [
        ("ffmpeg", machine.ffmpeg),
        ("decord", machine.decord),
        ("GPU", lambda: models.device(settings)),
        ("bitsandbytes", lambda: models.bitsandbytes(settings)),
        ("model", lambda: models.model_files(settings)),
        ("memory", lambda: models.memory(settings)),
        ("cache", lambda: machine.cache(settings.cache_dir, cap)),
        ("disk", lambda: machine.disk(settings.cache_dir)),
        ("films", lambda: models.films(settings)),
        ("subtitles", models.languages),
        ("speech", lambda: models.speech(settings)),
        ("port", lambda: machine.port(settings.host, settings.port)),
    ]


def _found(check: Callable[[], Finding]) -> Finding:
    """What a check finds; one that fails has found something wrong."""
    try:
        return check()
    except DemoError as error:
        return Finding("wrong", str(error))  # it says what to do
    except Exception as error:
        return wrong(f"could not be checked: {type(error).__name__}: {error}", "Install the packages again.")
