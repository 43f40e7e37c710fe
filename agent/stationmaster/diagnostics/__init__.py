"""What tells how a station does: the doctor, the bundle for support, metrics."""
