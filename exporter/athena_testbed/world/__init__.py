"""The simulated company: who works there, what they own, and the queries they run."""
