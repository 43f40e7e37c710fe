"""Desired state: where files lie, one TOML file per instance, tokens in the secret store."""
