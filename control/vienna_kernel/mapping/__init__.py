"""From a call to what it means, by routes declared in YAML.

Read in this order: reading (the one question asked of a set of mappings), document (the file as it is written), load,
compile, declare, place, route, body, param, template, action, intent, shown, fingerprint, cases.
"""
