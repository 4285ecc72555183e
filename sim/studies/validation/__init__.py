"""The report card: figures published elsewhere, recomputed from fresh runs."""
