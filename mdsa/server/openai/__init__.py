"""The agent as an OpenAI-compatible server: `mdsa` routes, `mdsa/<domain>` is a specialist."""
