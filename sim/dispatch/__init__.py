"""How the operator coordinates plugged cars: policies, plans, and level dispatch."""
