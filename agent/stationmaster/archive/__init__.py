"""Packs: verified zip files of archived source files (one a day), and of reports that were taken out."""
