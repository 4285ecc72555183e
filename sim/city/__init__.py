"""The synthetic city: zones, people, cars, chargers and day plans."""
