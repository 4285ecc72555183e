"""The supply side: demand of the city, weather, wind and sun, and the plants that meet net load."""
