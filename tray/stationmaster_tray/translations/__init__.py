"""Translations, compiled: `stationmaster_LANGUAGE.qm`. See CONTRIBUTING.md."""
