"""Widgets of our own, for more than one page."""
