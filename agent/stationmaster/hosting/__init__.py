"""How the agent lives on a machine: services of the operating system."""
