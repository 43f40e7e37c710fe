"""From a file in a watched folder to a claim, and from a committed claim to a released file.

The folder is the truth: what lies in it is found by scanning; file system events only make that sooner.
"""
