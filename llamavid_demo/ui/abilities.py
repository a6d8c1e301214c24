"""What a model can do, in one short line for whoever chooses among several: by its config alone, nothing is loaded."""

from pathlib import Path

from llamavid_demo.film.spoken_language import language_name
from llamavid_demo.model.real_world.packages import weights_file
from llamavid_demo.model.releases import find_release
from llamavid_demo.model.stated import Stated, stated
from llamavid_demo.settings import Settings
from llamavid_demo.ui.language import say, translated


def ability(settings: Settings) -> str:
    """The line for the settings' model; "" for one that neither a config here nor the list of releases tells of."""
    name = Path(settings.model).name
    release = find_release(settings.model) or find_release(name)
    known = stated(Path(settings.model)) or (stated(settings.releases / release.name) if release else None)
    does = translated(release.does) if release else ""
    return " · ".join(filter(None, [_known(known) if known else "", does]))


def _known(model: Stated) -> str:
    if not model.general:
        return say("drawn films only, small words")
    if model.second_eyes and model.languages:
        languages = ", ".join(translated(language_name(code)) for code in model.languages)
        if weights_file():
            return say("subtitles in {languages}, drawn films and real pictures", languages=languages)
        return say("subtitles in {languages}, drawn films only", languages=languages)
    network, count = f"{model.system} {_size(model.parameters)}", model.tokens_per_frame
    if count is None:
        return network
    if count == 1:
        return say("{network}, one token a frame", network=network)
    if count == 2:
        return say("{network}, two tokens a frame", network=network)
    return say("{network}, {count} tokens a frame", network=network, count=count)


def _size(parameters: int) -> str:
    """As people call it: 7B, 135M."""
    return f"{parameters / 1e9:.0f}B" if parameters >= 1e9 else f"{parameters / 1e6:.0f}M"
