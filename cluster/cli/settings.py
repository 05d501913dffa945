"""What the options before a verb set."""

debug = False
"""Show tracebacks."""
