"""``python -m streams`` is ``wakewatch``."""

from streams.cli import main

if __name__ == "__main__":
    main()
