"""The article's claims, each tried on runs that anybody can repeat."""
