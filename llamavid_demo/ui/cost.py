"""What reading a section takes, asked of the model's own plan; nothing is computed here."""

from llamavid_demo.film import Movie
from llamavid_demo.ui.loading import BackgroundModel
from llamavid_demo.ui.sections import section_cost


def cost_line(model: BackgroundModel, movie: Movie, index: int) -> str:
    """HTML of the cost of one section; frames only while the model is not there."""
    section = movie.sections[index]
    loaded = model.ready
    if loaded is None:
        return section_cost(section)
    from llamavid_demo.chat import section_plan  # imported here: torch is there by now, without it the page opens

    quantization = loaded.quantization
    plan = section_plan(loaded.config, loaded.tokenizer, movie, section, quantization=quantization, dtype=loaded.dtype)
    return section_cost(section, tokens=plan.tokens, memory=plan.total_bytes, most_tokens=plan.max_tokens)
