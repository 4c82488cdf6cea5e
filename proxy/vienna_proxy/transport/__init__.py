"""What stands between mitmproxy and the gate: guarded connections, heads, addresses, tunnels, bodies as bytes."""
