"""What can go wrong on the way to a release, as one line for people and an exit code for scripts."""


class ReleaseError(Exception):
    """A release can't be made so; the message says what, where, and how to mend it.

    Attributes:
        exit_code: 1 for what a person has to decide, 2 for wrong usage, 3 for a service that is out of reach.
    """

    def __init__(self, message: str, *, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code
