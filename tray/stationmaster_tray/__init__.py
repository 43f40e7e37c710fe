"""The tray app: a client of the agent, as the command line is."""
