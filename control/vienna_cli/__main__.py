"""``python -m vienna_cli`` is ``vienna``."""

from vienna_cli.main import main

if __name__ == "__main__":
    main()
