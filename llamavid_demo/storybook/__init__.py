"""A drawn world and its films: who and what there is, how it is drawn, moved and heard. Knows no network."""
