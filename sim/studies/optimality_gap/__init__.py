"""How far a policy is from the best that was possible."""
