"""How often a model is right, on freshly drawn films, and what its evidence and kinds of frame tokens are worth."""
