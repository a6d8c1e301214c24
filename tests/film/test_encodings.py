"""Old encodings: the letters of a subtitle file come out as they were written."""

import pytest

from llamavid_demo.film.encodings import ENCODINGS, decode, encoding_doubt

WRITTEN = {
    "cp1252": (
        "Où est la carte? Elle était sous le bateau. Très bien, dépêche-toi. Je t'ai dit que ça ne marcherait pas.",
        "Wo ist die Karte? Unter dem Boot natürlich. Sie müssen früher aufstehen, wenn Sie das Schiff hören möchten.",
        "¿Dónde está el mapa? Mañana iremos al faro. No sé qué decirte, señor, pero el niño ya lo sabía.",
        "Where is the map, Zoë? Under the boat. The tide has taken it. Come in, we have been waiting for you.",
        "Hvor er kortet? Det ligger på båden. Vi skal sejle i morgen før solen står op, hører du? Så kom nu.",
    ),
    "cp1254": (
        "O haritayı gördün mü? Kırmızı teknenin altında yatıyor. Yarın sabah deniz fenerine gideceğiz, değil mi?",
    ),
    "cp1250": (
        "Hol van a térkép? A piros csónak alatt fekszik. Holnap reggel a világítótoronyhoz megyünk, ugye? Őt űzik.",
        "Unde este harta? Se află sub barca roşie. Mâine dimineaţă mergem la far, nu-i aşa? Aşteaptă puţin, te rog.",
        "Gdzie jest mapa? Leży pod czerwoną łodzią. Jutro rano pójdziemy do latarni, prawda? Proszę, pośpiesz się.",
        "Kde je mapa? Leží pod červenou lodí. Zítra ráno půjdeme k majáku, že ano? Prosím tě, pospěš si už.",
    ),
    "euc_jp": ("地図はどこですか。赤い船の下にあります。明日の朝、灯台へ行きましょう。急いでください。",),
    "shift_jis": ("地図はどこですか。赤い船の下にあります。明日の朝、灯台へ行きましょう。急いでください。",),
    "gb18030": ("地图在哪里？在红色的船下面。我们明天早上去灯塔，好吗？快一点，潮水要来了。",),
    "big5": ("地圖在哪裡？在紅色的船下面。我們明天早上去燈塔，好嗎？快一點，潮水要來了。",),
    "cp1251": ("Где карта? Она лежит под красной лодкой. Завтра утром мы пойдём к маяку, правда? Поторопись.",),
    "cp1253": ("Πού είναι ο χάρτης; Βρίσκεται κάτω από την κόκκινη βάρκα. Αύριο το πρωί θα πάμε στον φάρο.",),
}


@pytest.mark.parametrize(
    ("encoding", "text"), [(encoding, text) for encoding, texts in WRITTEN.items() for text in texts]
)
def test_letters_come_out_as_they_were_written(encoding: str, text: str) -> None:
    lines = "\n\n".join(f"{n}\n00:00:0{n},000 --> 00:00:0{n},900\n{text}" for n in range(1, 9))
    found, named = decode(lines.encode(encoding))
    assert found == lines
    assert ENCODINGS.get(named, named) in encoding_doubt(found, named)


def test_a_damaged_byte_does_not_make_it_another_encoding() -> None:
    text = "Où est la carte, Zoë? Très bien, été.\n" * 5
    found, encoding = decode(text.encode() + b"Caf\xe9")
    assert (found, encoding) == (f"{text}Caf\ufffd", "utf-8")
    assert encoding_doubt(found, encoding) == "1 letter cannot be read as utf-8: a � stands there"


def test_of_what_is_certain_nothing_is_said() -> None:
    assert encoding_doubt(*decode("Zoë".encode())) == ""
    assert encoding_doubt(*decode(b"plain")) == ""
