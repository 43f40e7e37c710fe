"""Not a converter at all."""
