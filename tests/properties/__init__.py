"""What holds for anything that may come: hypothesis draws it, the same each time."""
