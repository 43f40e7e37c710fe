"""The parts of the page Converters: what watches what, which converters there are, a file on trial."""
