"""The running agent: instances, their supervision, the snapshot, ordered shutdown."""
