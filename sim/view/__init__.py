"""The browser view: a live model, its recording, and the page that shows it."""
