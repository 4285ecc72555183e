"""Accounting: what is posted, settled, checked and written down."""
