"""The graph's nodes: each takes the state and gives back a partial update."""
