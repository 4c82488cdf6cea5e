"""Consent that a control plane cannot give in people's place: passkeys, what they sign, and whose they are.

Read in this order: ``passkey`` (keys and assertions), ``statement`` (what a person signs), ``roster`` (whose keys
count), ``chain`` (how a roster follows another), ``quorum`` (whether enough people agreed to this very call).
"""
