"""Coordination of plugged-in cars by the operator: policies, planning and clearing."""
