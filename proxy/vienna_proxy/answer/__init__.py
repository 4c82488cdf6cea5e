"""What the agent is told, in words a model reads and in the form its client shows."""
