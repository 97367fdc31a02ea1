"""A pytest plugin: the Hypothesis profile of `make fuzz`, with far more examples than an ordinary run has time for."""

from hypothesis import settings

settings.register_profile("fuzz", max_examples=5_000, deadline=None, print_blob=True)
