"""The networks: frames and a question become frame tokens, embeddings become logits.

Knows checkpoints, nothing of films, conversations or pages.
"""
