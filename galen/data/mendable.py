"""The kind of error that a person can mend: it is told in words, without a trace."""


class MendableError(Exception):
    """Something given to galen cannot be used; the message says what, where and what to do."""
