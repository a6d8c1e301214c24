"""What the kinds of ImageNet's classes are in turn: animals or vehicles."""

ANIMALS = frozenset((
    "animal", "antelope", "ape", "bear", "beetle", "big cat", "bird", "butterfly", "cat", "cow", "crab",
    "crocodile", "dinosaur", "dog", "duck", "elephant", "fish", "fox", "frog", "goat", "horse", "insect",
    "lizard", "lobster", "monkey", "owl", "penguin", "pig", "rabbit", "ray", "salamander", "scorpion",
    "sea animal", "seal", "shark", "sheep", "snail", "snake", "spider", "squirrel", "turtle", "whale",
    "wild dog", "wolf",
))  # fmt: skip
VEHICLES = frozenset(
    ("aeroplane", "bicycle", "boat", "bus", "car", "motorcycle", "rocket", "train", "truck", "vehicle")
)


def group_of(kind: str) -> str:
    """What several kinds are together: "animal" or "vehicle", else the kind itself."""
    return "animal" if kind in ANIMALS else "vehicle" if kind in VEHICLES else kind
