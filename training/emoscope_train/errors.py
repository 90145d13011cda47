"""Errors that end a command with a message and status 2."""


class UserError(Exception):
    """A wrong option, config or order of commands. The text says what to do."""


class CorpusError(UserError):
    """Recordings or a manifest that cannot be used. The text says which, and what to do."""
