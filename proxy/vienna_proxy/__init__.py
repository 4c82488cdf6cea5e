"""The gate: a mitmproxy sidecar that lets one agent's calls through only under a warrant.

In reading order, which is the order of a call's life:

* ``config``, ``modes``, ``ports``, ``clock``: what the process was told, what it needs of the world, what time it is;
* ``transport``: what may be reached, what mitmproxy leaves open, a flow as a kernel call and a call as bytes;
* ``link``: the way to the control plane;
* ``judge``: one call judged, and held meanwhile; ``case`` is that call, ``internal`` what is asked of the gate itself;
* ``answer``: how an agent is told no, not yet, or something broke;
* ``evidence``: what became of it; ``telemetry``: its one line, metrics and health;
* ``gate``, ``sockets``, ``peers``: the addons, for calls, for what is said over WebSockets, for connections;
* ``compose``, ``bare``, ``__main__``, ``drill``: the gate put together, the process;
* ``redirect``: rules of the kernel that leave an agent no way but through the gate.

Only this package knows mitmproxy. It never imports the control plane.
"""
