"""Child processes that can be killed: plug-in converters and slow shares run in them, never in the agent."""
