"""The HTTP face: routes, errors in one form, the limit and the clock around each request."""
