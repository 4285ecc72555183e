"""Prices, and the books of who pays whom."""
