"""The synthetic city: zones, people, cars, chargers and everybody's days."""
