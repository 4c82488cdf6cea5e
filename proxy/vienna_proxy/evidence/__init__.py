"""What is kept of what happened: outcomes, read-backs, refusals; durable before the control plane has them."""
