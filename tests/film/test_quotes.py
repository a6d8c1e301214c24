import pytest

from llamavid_demo.film.cues import Cue
from llamavid_demo.film.quotes import quote


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("COLE: Just water,\nma'am.", '"Just water, ma\'am." – Cole'),
        ("[Cole] Just water.", '"Just water." – Cole'),
        ('She said "no".', "\"She said 'no'.\""),
        ("- Where?\n- At home.", '"Where? - At home."'),
        ("- Where?", '"Where?"'),
        ("[door creaks] Hello?", '"Hello?"'),
        ("...and then (nearly) he fell.", '"and then (nearly) he fell."'),
        ("[door creaks]", '"door creaks]"'),
    ],
)
def test_a_quote_says_who_speaks_where_the_cue_does(text: str, quoted: str) -> None:
    assert quote(Cue(1, 2, text)) == quoted
