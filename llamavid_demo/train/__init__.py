"""From nothing to the embedded model: a storybook world, its renderer, questions and the training stages.

Uses torch, transformers, tokenizers, numpy, Pillow and safetensors only, so that it runs on a bare machine.
"""
