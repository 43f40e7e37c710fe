"""Tokens: kept where the settings say, never shown. The only package that touches the system's keyring."""

from stationmaster.config.secrets.secret import Secret
from stationmaster.config.secrets.store import SecretStore, variable

__all__ = ["Secret", "SecretStore", "variable"]
