"""Talk with a film."""
