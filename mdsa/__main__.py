"""`python -m mdsa` is the command `mdsa`."""

from mdsa.cli import main

if __name__ == "__main__":
    main()
