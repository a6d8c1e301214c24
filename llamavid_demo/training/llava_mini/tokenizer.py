"""The embedded LLaVA-Mini's tokenizer: the world's words under LLaMA-VID's ids, and LLaMA 3.1's message format.

A line begins as a text does: what stands behind a line break, as every message does in the format, is read in whole
words too.
"""

import json
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

from llamavid_demo.model.llama_vid.tokenizer import LlamaTokenizer

BREAK = "▁\n\n"  # between a message's header and its text
ROLES = ("▁user", "▁assistant")
HEADER, END_OF_HEADER, END_OF_TURN = "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"
ANSWER_HEADER = f"{HEADER}assistant{END_OF_HEADER}\n\n"
# What each added token is most like among LLaMA-VID's: its embedding begins as a copy.
LIKENESS = {
    HEADER: "</s>", END_OF_HEADER: "</s>", END_OF_TURN: "</s>",
    ROLES[0]: "▁USER:", ROLES[1]: "▁ASSISTANT:", BREAK: "▁ASSISTANT:",
}  # fmt: skip
TEMPLATE = (
    "{%- for message in messages -%}"
    "{{- (bos_token if loop.first else '') + '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' "
    "+ (message['content'] | trim) + '<|eot_id|>' -}}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|start_header_id|>assistant<|end_header_id|>\n\n' -}}{%- endif -%}"
)
_BYTE_SCORE = -1e4  # what somebody types as <0x41> is spelt, not taken for a byte
_ADDED_SCORE = -1.0  # likelier than spelling it out of letters


def write_chat_tokenizer(base: LlamaTokenizer, folder: Path) -> None:
    """Write `tokenizer.json` and `tokenizer_config.json`; the first ids are those of `base`."""
    pieces = base.pieces
    count = pieces.get_piece_size()
    vocabulary = [
        (pieces.id_to_piece(i), _BYTE_SCORE if pieces.is_byte(i) else pieces.get_score(i)) for i in range(count)
    ]
    vocabulary += [(piece, _ADDED_SCORE) for piece in (*ROLES, BREAK)]
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=pieces.unk_id(), byte_fallback=True))
    tokenizer.normalizer = normalizers.Replace(Regex(r"\n(?=\S)"), "\n ")
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always", split=False)
    tokenizer.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Replace("\n ", "\n"),
            decoders.Strip(" ", 1, 0),
        ]
    )
    control = ("<unk>", "<s>", "</s>", HEADER, END_OF_HEADER, END_OF_TURN)
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in control])
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": "<s>",
        "eos_token": END_OF_TURN,
        "unk_token": "<unk>",
        "clean_up_tokenization_spaces": False,
        "model_input_names": ["input_ids", "attention_mask"],
        "chat_template": TEMPLATE,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
