"""The way to a new station, step by step: `dialog.Wizard`."""
