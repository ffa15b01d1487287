"""What was asked for is not there."""


class NotFound(Exception):
    """There is no such item, user, or thing to withdraw."""
