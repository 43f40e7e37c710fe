"""Trials of a converter: what an author would learn from a factory, learnt at the desk.

`stationmaster.api.testing` is the way in. Nothing here starts a process; files are written to a temporary
folder only.
"""
