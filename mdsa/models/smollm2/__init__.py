"""`embedded://smollm2`: SmolLM2-135M-Instruct in this process, with a check of what it says."""
