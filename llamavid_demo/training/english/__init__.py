"""How `assets/llama-vid-135m` learned: a pretrained small LLaMA that reads frame tokens beside subtitles."""
