"""`openai://`: chat models of any server that speaks OpenAI's protocol."""
