"""One call judged: what it means, whom to ask, who waits for people, and the warrant that lets it go."""
