"""Training: the general encoder, and routers fine-tuned from it. Needs torch."""
