"""Client of the Vienna control plane."""
