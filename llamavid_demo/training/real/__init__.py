"""Training at real size: the published stages of LLaMA-VID on data in LLaVA's layout, whole or with LoRA."""
