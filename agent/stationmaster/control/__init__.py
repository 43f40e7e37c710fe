"""The control channel: HTTP/JSON on a Unix socket or a named pipe, never on TCP."""
