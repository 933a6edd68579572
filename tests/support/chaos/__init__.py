"""The chaos harness: the whole product under a seeded schedule of faults, and whether it told the truth in the end."""
