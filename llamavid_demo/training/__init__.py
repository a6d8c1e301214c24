"""From nothing to the embedded models: the training stages, on films and questions of a drawn world.

Uses torch, transformers, tokenizers, numpy, Pillow and safetensors only, so that it runs on a bare machine.
"""
