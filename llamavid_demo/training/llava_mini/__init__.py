"""The embedded LLaVA-Mini: from a trained LLaMA-VID to one token a frame, on the same toy films."""
