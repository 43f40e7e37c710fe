"""Lists of entries: reading them page by page, showing them, and what can be done with them."""
