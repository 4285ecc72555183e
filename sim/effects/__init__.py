"""What the records mean: peaks shaved, coal displaced, earnings, stability.

Pure functions from tables to numbers. They never see the model, so that the same code judges a fresh
run and an old result folder.
"""
