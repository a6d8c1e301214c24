"""All settings in one place: each is an environment variable `LLAMAVID_<NAME>`, and some are flags of a command."""

import json
import os
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from llamavid_demo.cache_folder import cache_folder
from llamavid_demo.embedded import ROOT, embedded, releases_folder
from llamavid_demo.errors import QuestionError

THIS_MACHINE = ("127.0.0.1", "localhost", "::1")
LONGEST_SECTION = 30  # minutes
TOKENS_A_MINUTE = 540  # frames, and subtitles of people who talk much; a quarter is left for the conversation


def minutes_at_once(model: str) -> float:
    """How long a section may be for a checkpoint folder: by the tokens its config states, in steps of 5 minutes."""
    config = Path(model) / "config.json"
    try:
        stated = json.loads(config.read_text("utf-8"))
        tokens = stated.get("max_token", stated.get("max_position_embeddings", LONGEST_SECTION * TOKENS_A_MINUTE))
    except (OSError, ValueError, AttributeError):  # a model of the Hub, or none: whoever loads it says what is wrong
        return LONGEST_SECTION
    return float(min(LONGEST_SECTION, max(5, tokens // TOKENS_A_MINUTE // 5 * 5)))


class Settings(BaseSettings):
    """What a person may choose. Unset values are chosen from the machine, and the reason is logged."""

    model_config = SettingsConfigDict(env_prefix="LLAMAVID_", frozen=True)

    releases: Path = Field(
        default_factory=releases_folder,
        description="Folder that `get` puts the public releases into; when unset, `releases` in the repository, or in "
        "the user's data directory where pip installed the program.",
    )
    model: str = Field(
        default_factory=lambda: str(embedded().folder),
        description="Checkpoint folder, Hub id, or name of a release; the best of the embedded ones that can run here "
        "when unset.",
    )
    models: Path = Field(ROOT / "assets", description="Folder of checkpoints that the page offers beside that one.")
    movies: Path = Field(ROOT / "movies", description="Folder of films.")
    movies_url: str | None = Field(
        None,
        description="Films in a store that fsspec knows, such as s3://bucket/films, instead of that folder; they are "
        "fetched once into `films` of the cache folder.",
    )
    cache_dir: Path = Field(
        default_factory=cache_folder,
        description="Where patches and frame tokens are kept; in the user's cache directory when unset.",
    )
    shared_cache: str | None = Field(
        None,
        description="Where several machines share these, beside their own cache folders: any URL that fsspec knows, "
        "such as s3://bucket/patches.",
    )
    cache_gb: float = Field(
        20.0,
        gt=0,
        description="Most that the cache folder may hold, in GB, copies to play apart; on a full disk it holds less.",
    )
    prefix_gb: float = Field(
        6.0, gt=0, description="Memory of sections that were read, in GB; beyond it those that nobody uses leave."
    )
    offload_gb: float = Field(
        16.0, ge=0, description="Most that they may hold in the CPU's memory when a card has no room left, in GB."
    )
    kv_cache: Literal["full", "8bit"] | None = Field(
        None, description="How a section that was read is held; 8bit, when unset, where it would not fit otherwise."
    )
    memory_gb: float | None = Field(
        None, gt=0, description="Most memory of the device to use, weights included, in GB; what is free when unset."
    )
    answers_at_once: int = Field(8, gt=0, description="Questions that are answered at once; others wait in a queue.")
    queue_length: int = Field(32, gt=0, description="Questions that may wait; others are told to come back.")
    replicas: int | None = Field(
        None,
        gt=0,
        description="Model replicas behind the page, on Ray Serve, each with a GPU or its share of the cores; when "
        "unset, the model is in the page's own process.",
    )
    max_replicas: int | None = Field(
        None, gt=0, description="Most replicas, when more people ask than they can answer; no more when unset."
    )
    ray_address: str | None = Field(
        None, description="Address of a Ray cluster for the replicas; Ray is started on this machine when unset."
    )
    log_texts: bool = Field(
        False, description="Write questions and answers into the server's log of turns; else only their figures."
    )
    read_ahead: bool = Field(True, description="Read a section in the background when somebody opens it.")
    idle_minutes: float = Field(
        30, ge=0, description="Minutes of other films, the shortest first, whose frames are read behind that section."
    )
    retry_temperature: float = Field(
        0.7, ge=0, description="Temperature when a question is asked again; 0 is greedy and repeats the same answer."
    )
    retry_top_p: float = Field(0.9, ge=0.01, le=1, description="Top-p when a question is asked again.")
    section_minutes: float = Field(
        default_factory=lambda known: minutes_at_once(known["model"]),
        gt=0,
        description="Length of a section, in minutes; half an hour, or what the model reads at once, when unset.",
    )
    subtitle_language: str | None = Field(
        None, description="Preferred language of subtitles, such as en; the first track when unset."
    )
    speech_model: str | None = Field(
        None,
        description="Whisper that writes down what is said: a CTranslate2 folder, or a size such as small, which is "
        "fetched from the Hub; the installed one when unset.",
    )
    guide: Literal["ahead", "first", "every"] | None = Field(
        None,
        description="Question that context tokens are built from. ahead: a neutral one, so that the film is read "
        "before anybody asks, and each question takes a second look; first: a chat's first, as in the original; every: "
        "each, and the film is read anew. The checkpoint's own choice when unset, first for the releases.",
    )
    drafts: bool = Field(True, description="Try several tokens a step where an answer quotes what was said.")
    look_frames: int = Field(24, ge=0, description="Frames that a question's second look reads, at most.")
    answers: Literal["fused", "raw"] | None = Field(
        None,
        description="LLaVA-Mini: whether earlier answers read the frames as questions do, like the original's, or stay "
        "as written, which is cheaper; the checkpoint's own choice when unset, fused for the release.",
    )
    quantization: Literal["4bit", "8bit", "none"] | None = Field(
        None,
        description="How the LLaMA's weights are stored; when unset, 4bit on CUDA, and none on a CPU where it fits.",
    )
    device: str | None = Field(None, description="cpu, cuda, cuda:1, or auto to spread over several GPUs.")
    dtype: Literal["float32", "float16", "bfloat16"] | None = Field(None, description="Type of the weights.")
    vision_tower: Path | None = Field(None, description="File of the vision tower, such as eva_vit_g.pth.")
    tower_url: str | None = Field(None, description="Address that `get` has eva_vit_g.pth from; LAVIS's when unset.")
    bert: Path | None = Field(None, description="Folder of bert-base-uncased (vocab.txt, config.json).")
    base: str | None = Field(
        None, description="Folder or Hub id of the LLaMA that a LoRA release stands on; the installed one when unset."
    )
    max_new_tokens: int = Field(256, gt=0, description="Longest answer, in tokens.")
    question_chars: int = Field(2000, gt=0, description="Longest question, in characters.")
    questions_an_hour: int | None = Field(
        None, gt=0, description="Most questions that one address may ask in an hour; any number when unset."
    )
    upload_mb: float = Field(500.0, gt=0, description="Largest upload, in MB.")
    upload_minutes: float = Field(180.0, gt=0, description="Longest upload, in minutes.")
    upload_films: int = Field(10, gt=0, description="Most films of their own that a visitor may have here at once.")
    uploads_gb: float = Field(20.0, gt=0, description="Most that the files of all visitors may take, in GB.")
    paste_addresses: Literal["off", "public", "any"] = Field(
        "off",
        description="Whether visitors may paste the address of a film, which the server then fetches. public: from the "
        "public internet alone; any: also from this machine and from private networks.",
    )
    paste_folders: str = Field(
        "", description="Folders whose films visitors may open by their path, by commas; none when unset."
    )
    film_gb: float = Field(20.0, gt=0, description="Largest film that `add` copies or downloads, in GB.")
    # A Hugging Face Space says in Gradio's own variables where the page must be served.
    host: str = Field(
        default_factory=lambda: os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"),
        description="Address that the page is served on.",
    )
    hosts: str = Field(
        "", description="Names under which the page is reached through a proxy on this machine, by commas."
    )
    port: int = Field(
        default_factory=lambda: int(os.environ.get("GRADIO_SERVER_PORT", "7860")),
        description="Port that the page is served on.",
    )
    login: SecretStr | None = Field(
        None, description="name:password that visitors and programs must give; nobody is asked when unset."
    )
    mcp: bool = Field(True, description="Offer the films to programs as MCP tools, under /mcp of the page's address.")
    share: bool = Field(False, description="Open a public link through Gradio.")

    @property
    def reached_as(self) -> list[str]:
        """Host names that requests may come by.

        On this machine alone only its own, so that nobody's web page gets here by DNS rebinding.
        """
        if self.share or self.host not in THIS_MACHINE:
            return ["*"]
        return [*THIS_MACHINE, *(name.strip() for name in self.hosts.split(",") if name.strip())]

    @property
    def fetched_films(self) -> Path:
        """Folder of the films that come from a store."""
        return self.cache_dir / "films"

    @property
    def open_folders(self) -> list[Path]:
        """Folders whose films visitors may open by their path; links are followed."""
        return [Path(name.strip()).expanduser().resolve() for name in self.paste_folders.split(",") if name.strip()]

    @field_validator("login")
    @classmethod
    def _of_two_parts(cls, login: SecretStr | None) -> SecretStr | None:
        if login and not all(login.get_secret_value().partition(":")):
            raise ValueError("a login is name:password, with a colon between them")
        return login

    @property
    def name_and_password(self) -> tuple[str, str] | None:
        """Both parts of the login."""
        name, _, password = self.login.get_secret_value().partition(":") if self.login else ("", "", "")
        return (name, password) if name else None

    @field_validator("model")
    @classmethod
    def _folder_of_a_release(cls, model: str, known: ValidationInfo) -> str:
        """The folder of a release that is here, for its name."""
        folder = Path(known.data["releases"]) / model
        return str(folder) if not Path(model).is_dir() and (folder / "config.json").is_file() else model

    def checked_question(self, question: str) -> str:
        """A question without the space around it. Raises `QuestionError` when it is empty or too long."""
        question = question.strip()
        if not question:
            raise QuestionError("The question is empty: type what you want to know about the film.")
        if len(question) > self.question_chars:
            raise QuestionError(
                f"The question has {len(question):,} characters; {self.question_chars:,} are read at most: "
                "make it shorter."
            )
        return question

    @property
    def frames_room(self) -> int:
        """Bytes that the frames of a section may keep for words to come: half of what sections may hold in memory."""
        return int(self.prefix_gb * 1e9 / 2)
