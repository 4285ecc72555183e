"""Studies: whole questions answered by runs."""
