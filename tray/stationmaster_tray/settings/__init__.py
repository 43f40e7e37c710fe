"""The settings page's parts: what was entered (`entered`, pure), and the form that shows it (`form`)."""
