"""The version of v2gcity."""

__version__ = "0.1.0"
