"""The gate: a mitmproxy sidecar that lets one agent's calls through only under a warrant.

In reading order, which is the order of a call's life:

* ``config``, ``ports``, ``clock``: what the process was told, what it needs of the world, what time it is;
* ``addresses``, ``passage``, ``heads``, ``exchange``, ``guards``, ``proofs``, ``doors``: what may be reached, and
  what mitmproxy leaves open at the transport;
* ``translate``: a mitmproxy flow as a kernel call, and a call as the bytes that leave;
* ``answers``: how an agent is told no, not yet, or something broke;
* ``enrol``, ``bundle``, ``channel``, ``spool``, ``report``: the way to the control plane;
* ``hold``, ``consult``, ``presented``, ``preflight``, ``decide``: one call judged, and held meanwhile;
* ``streams``, ``outcome``, ``readback``, ``tunnel``, ``internal``: what becomes of it, and what is no ordinary call;
* ``gate``, ``connections``, ``embed``, ``compose``, ``__main__``, ``drill``: the addon, mitmproxy around it, the
  process.

Only this package knows mitmproxy. It never imports the control plane.
"""
