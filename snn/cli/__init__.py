"""The command line: python -m snn <command>. No torch until a command needs it."""
