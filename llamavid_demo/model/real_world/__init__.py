"""Eyes for real pictures: what an ImageNet network names in a frame, as tokens that the LLaMA reads as words."""
