"""The command line, ``recoup``."""
