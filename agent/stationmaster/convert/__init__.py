"""Source files to reports: which converters there are, which one a file needs, and running it safely."""
