"""`hf://`: models of the Hugging Face kind that run in this process."""
