"""LangServe: the agent's graph, and each domain's, for LangChain applications elsewhere."""
