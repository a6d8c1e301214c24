"""The same draws on every machine, and no time limits: a busy machine is no fault."""

from hypothesis import settings

settings.register_profile("same", derandomize=True, deadline=None, database=None, max_examples=60)
settings.load_profile("same")
