"""Accounting: posting, settlement, audit and records."""
