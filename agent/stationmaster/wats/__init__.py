"""The WATS server, as this product talks to it.

Only `wats.client` opens sessions to the server; `wats.answer` reads answers without any I/O. The package
takes a token getter and imports no configuration.
"""
