"""What can go wrong, said once."""


class DeployError(Exception):
    """Something that a person has to mend; the message is one line: what, where, how."""

    exit_code = 1


class WrongUsageError(DeployError):
    """What the command was called with cannot be right; nobody was asked anything."""

    exit_code = 2
