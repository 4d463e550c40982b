"""`embedded://smollm2`: SmolLM2-135M-Instruct in this process, with an adapter for MDSA's jobs."""
