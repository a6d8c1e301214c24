"""What speed and memory are claimed, measured: each figure a ratio against a named baseline of the same run."""
