"""Paired arms, replications, and the result folder."""
