"""What can go wrong, said once."""


class DeployError(Exception):
    """Something that a person has to mend; the message is one line: what, where, how."""
