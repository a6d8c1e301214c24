import pytest

from llamavid_demo.model.tokenizer import GuideTokenizer, LlamaTokenizer
from llamavid_demo.train.tokenizer import guide_vocabulary, world_words, write_llama_vocabulary


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    path = tmp_path_factory.mktemp("vocabulary") / "tokenizer.model"
    write_llama_vocabulary(path)
    return LlamaTokenizer(path)


def test_every_word_of_the_world_is_one_piece(tokenizer):
    for word in world_words():
        for form in (word, word.capitalize(), word.upper()):
            assert len(tokenizer.encode(form)) == 1


@pytest.mark.parametrize("text", ["Mia: Have you seen the key?", "Ein Käse, 7 quokkas & 日本!", "a\nb"])
def test_any_text_survives(tokenizer, text):
    ids = tokenizer.encode(text)
    assert tokenizer.pieces.unk_id() not in ids
    assert tokenizer.decode(ids) == text


def test_special_tokens_are_those_of_llama(tokenizer):
    assert (tokenizer.bos, tokenizer.eos, tokenizer.pieces.unk_id()) == (1, 2, 0)
    assert tokenizer.encode("Yes.</s>")[-1] == tokenizer.eos


def test_the_guide_knows_the_words_and_spells_others(tmp_path):
    path = tmp_path / "vocab.txt"
    path.write_text("\n".join(guide_vocabulary()) + "\n")
    vocabulary = guide_vocabulary()
    assert vocabulary[-1] == "[DEC]"
    ids, mask = GuideTokenizer(path)("WHERE is the Owl?", "quokka")
    assert [vocabulary[i] for i in ids[0][mask[0] == 1]] == ["[CLS]", "where", "is", "the", "owl", "?", "[SEP]"]
    assert vocabulary.index("[UNK]") not in ids[1][mask[1] == 1].tolist()
