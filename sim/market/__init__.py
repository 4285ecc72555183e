"""Tariffs, contracts, products and wear."""
