"""What the commands share: where they print, flags, and what flags choose."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from llamavid_demo.settings import Settings

console = Console()
messages = Console(stderr=True)

Model = Annotated[str | None, typer.Option(help="Checkpoint folder, Hub id, or name of a release (see get).")]
Quantization = Annotated[str | None, typer.Option(help="4bit, 8bit or none; chosen from the machine when unset.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


def chosen_settings(**flags: Any) -> Settings:
    """Settings from the environment, with the flags that were given on top."""
    return Settings(**{name: value for name, value in flags.items() if value is not None})


def loaded_model(settings: Settings) -> Any:
    """The settings' model. Raises `ModelError`."""
    with messages.status(f"Loading {settings.model}…"):
        from llamavid_demo.model.load import load_chosen_model

        return load_chosen_model(settings)


def chosen_movie(path: Path, settings: Settings) -> Any:
    """A film by its path, or by the name of its folder in `movies/`. Raises `MovieError`."""
    from llamavid_demo.film import load_movie

    inside = settings.movies / path
    return load_movie(
        inside if not path.exists() and inside.exists() else path,
        language=settings.subtitle_language,
        section_minutes=settings.section_minutes,
    )
