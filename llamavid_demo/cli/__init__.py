"""What the command line prints: bars and tables."""
