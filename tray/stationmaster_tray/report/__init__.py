"""A report as people read it: rows of a tree, measurements, waveforms, text. Without any widget."""
