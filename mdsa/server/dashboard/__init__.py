"""The pages at `/dashboard`, and what they ask of the server."""
