"""`python -m analysis`: the command line, which lives in `workbench.cli`."""

from workbench.cli import main

if __name__ == "__main__":
    main()
