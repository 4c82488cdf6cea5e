"""``vienna demo``: the whole story on one machine in a minute, with real processes, real sockets and real clients.

Read its modules in this order: props, toy (the payments API that the agent calls), agent (curl and an ordinary
script), people (who approve), stage (everything started and torn down), director (who decides), seen, scenes, faults
(what happens), command (who watches).
"""
