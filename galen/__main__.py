"""`python -m galen`, and what `torchrun -m galen` starts."""

from galen.cli.main import main

if __name__ == "__main__":
    main()
