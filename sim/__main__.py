"""``python -m sim`` is the same command as ``v2gcity``."""

from sim.cli import main

if __name__ == "__main__":
    main()
