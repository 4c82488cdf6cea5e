"""The gate and its control plane: how it got its identity, the one stream, the bundle it works by."""
