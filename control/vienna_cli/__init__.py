"""The ``vienna`` command. It starts control plane and gate as processes and speaks the API through the client.

Read its modules in this order: output, config, terminal, main (what every command shares); processes, up; trust_files,
environment, namespace, run (an agent under governance); approvals, agents, traffic, explain, warrants, audit
(what happened); policies, mappings (files); doctor, openapi, test; demo.
"""
