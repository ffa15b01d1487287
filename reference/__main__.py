"""`python -m reference`: write every page of docs/reference."""

from reference.pages import write

if __name__ == "__main__":
    write()
