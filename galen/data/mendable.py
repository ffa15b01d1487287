"""The kind of error that a person can mend: it is told in words, without a trace."""


class MendableError(Exception):
    """Something given to galen cannot be used; the message says what, where and what to do."""


def in_words(error: MendableError | OSError) -> str:
    """The line that a shell shows of an error."""
    if isinstance(error, FileNotFoundError) and error.errno is None:  # pyarrow's: a path alone
        return f"error: {error}: there is no such file; check the path."
    return f"error: {error}"
