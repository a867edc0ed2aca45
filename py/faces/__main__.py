"""`python -m faces`: the same as the installed command `faces`."""

from faces.cli import main

if __name__ == "__main__":
    main()
