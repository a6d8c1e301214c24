"""What the original cannot do: any number of frames, several pictures, padding on the left."""

import pytest
import torch

from llamavid_demo.model.llava_mini.loaded import LoadedLlavaMini
from llamavid_demo.model.llava_mini.network import grid_of_crops
from llamavid_demo.model.llava_mini.sequence import IGNORED, IMAGE, fused_slots, pad, splice, without_padding
from llamavid_demo.model.llava_mini.tokenizer import Message

WITHIN = 5e-5


@pytest.fixture(autouse=True)
def _no_grad():
    with torch.no_grad():
        yield


def question(tiny: LoadedLlavaMini, text: str, *, images: int = 1) -> torch.Tensor:
    return torch.tensor(tiny.tokenizer.encode_chat([Message("user", text, images)]))


def apart(ours: torch.Tensor, theirs: torch.Tensor) -> float:
    assert ours.shape == theirs.shape
    return float((ours - theirs).abs().max())


@pytest.mark.parametrize("frames", [1, 2, 37])
def test_any_number_of_frames_takes_a_token_each(tiny: LoadedLlavaMini, film: torch.Tensor, frames: int) -> None:
    ids = question(tiny, "What happens?")
    many = film[torch.arange(frames) % len(film)]
    embeds = tiny.network.read(ids, [many], frames_at_once=4)
    mark = int((ids == IMAGE).nonzero())
    assert embeds.shape == (len(ids) - 1 + frames, tiny.config.llama.hidden_size)
    assert apart(embeds[mark : mark + frames], tiny.network.see(many).compressed[:, 0]) < WITHIN


def test_several_pictures_stand_where_their_marks_are(tiny: LoadedLlavaMini, film: torch.Tensor) -> None:
    network, ids = tiny.network, question(tiny, "Which is larger?", images=2)
    one, two = film[:1], film[1:4]
    embeds = network.read(ids, [one, two])
    first, second = (ids == IMAGE).nonzero()[:, 0].tolist()
    assert apart(embeds[first], network.see(one).compressed[0, 0]) < WITHIN
    assert apart(embeds[second : second + 3], network.see(two).compressed[:, 0]) < WITHIN
    # the text reads the frames of both: the mean over all four
    slots = fused_slots(ids)
    text = network.llama.get_input_embeddings()(ids.clamp(min=0))[slots]
    mean = torch.stack([network.fuse(text, [network.see(frame)]).text for frame in film[:4].split(1)]).mean(dim=0)
    assert apart(embeds[:first], mean[:first]) < WITHIN
    assert apart(embeds[second + 3 :], mean[second - len(ids) + 1 :]) < WITHIN


def test_a_picture_in_crops_beside_a_film(tiny: LoadedLlavaMini, film: torch.Tensor, picture: torch.Tensor) -> None:
    ids = question(tiny, "Is this the same place?", images=2)
    embeds = tiny.network.read(ids, [picture, film])
    first = int((ids == IMAGE).nonzero()[0])
    assert len(embeds) == len(ids) - 2 + 1 + len(film)
    assert apart(embeds[first], tiny.network.see(picture).compressed[0, 0]) < WITHIN


@pytest.mark.parametrize(("images", "films"), [(0, 1), (2, 1), (1, 2), (1, 0)])
def test_marks_and_films_must_match(tiny: LoadedLlavaMini, film: torch.Tensor, images: int, films: int) -> None:
    with pytest.raises(ValueError, match=f"{images} image marks cannot take {films}"):
        tiny.network.read(question(tiny, "Where?", images=images), [film] * films)


def test_stored_patches_in_float16_are_read(tiny: LoadedLlavaMini, film: torch.Tensor) -> None:
    ids = question(tiny, "Where?")
    stored = tiny.network.read(ids, [film.half()])
    assert stored.dtype == torch.float32
    assert apart(stored, tiny.network.read(ids, [film])) < 0.05


@pytest.mark.parametrize("left", [True, False], ids=["left", "right"])
def test_a_padded_batch_gives_what_each_sequence_gives_alone(
    tiny: LoadedLlavaMini, film: torch.Tensor, left: bool
) -> None:
    network = tiny.network
    rows = [question(tiny, "What?"), question(tiny, "Who is at the door, and what does she want?")]
    films, padding = [film[:1], film[1:]], tiny.tokenizer.eos  # a padding id that pre-fusion would otherwise read
    ids = torch.nn.utils.rnn.pad_sequence(
        rows, batch_first=True, padding_value=padding, padding_side="left" if left else "right"
    )
    mask = torch.zeros_like(ids, dtype=torch.bool)
    for i, row in enumerate(rows):
        mask[i, len(ids[i]) - len(row) if left else 0 :][: len(row)] = True
    alone = [network.read(row, [seen]) for row, seen in zip(rows, films, strict=True)]
    read = [network.read(row, [seen]) for row, seen in zip(without_padding(ids, mask), films, strict=True)]
    labels = [torch.full((len(embeds),), IGNORED) for embeds in read]
    batch = pad(read, labels, left=left)
    logits = network.llama(inputs_embeds=batch.embeds, attention_mask=batch.mask, position_ids=batch.positions).logits
    for i, embeds in enumerate(alone):
        assert apart(batch.embeds[i][batch.mask[i]], embeds) < WITHIN
        assert apart(logits[i][batch.mask[i]], network.llama(inputs_embeds=embeds[None]).logits[0]) < 2e-4
        assert batch.positions[i][batch.mask[i]].tolist() == list(range(len(embeds)))


def test_answers_and_token_0_keep_their_own_embedding(tiny: LoadedLlavaMini, film: torch.Tensor) -> None:
    ids = question(tiny, "Look! Who?")
    raw = torch.zeros(len(ids), dtype=torch.bool)
    raw[-3] = True
    kept = [*(ids == 0).nonzero()[:, 0].tolist(), len(ids) - 3]
    assert len(kept) == 2
    embeds = tiny.network.read(ids, [film[:1]], raw=raw)  # one token for one mark: places stay
    own = tiny.network.llama.get_input_embeddings()(ids.clamp(min=0))
    assert torch.equal(embeds[kept], own[kept])
    unlike = (embeds - own).abs().amax(dim=1) > 1e-3
    assert unlike[fused_slots(ids, raw)].all()


def test_labels_go_around_the_pictures() -> None:
    ids = torch.tensor([5, IMAGE, 6, IMAGE])
    labels = splice(ids, ids, [torch.tensor([IGNORED] * 2), torch.tensor([IGNORED])])
    assert labels.tolist() == [5, IGNORED, IGNORED, 6, IGNORED]


def test_crops_go_back_to_where_they_were_cut() -> None:
    picture = torch.arange(36).reshape(6, 6)
    crops = [picture[i : i + 3, j : j + 3].flatten() for i in (0, 3) for j in (0, 3)]
    assert torch.equal(grid_of_crops(torch.stack(crops)[None, :, :, None])[0, :, 0], picture.flatten())
