"""The authority: keys of the installation, sealed at rest, and what they sign.

Read in this order: ``sealing`` (one secret, many keys), ``keys`` (made, opened, retired), ``ca`` (the interception
CA), ``clients`` (the sidecars' own certificates), ``push`` (what push services know us by), ``grant`` (what a warrant
is asked for), ``authority`` (what the rest of the house sees).
"""

from vienna_control.authority.authority import Authority
from vienna_control.authority.ca import Intermediate
from vienna_control.authority.clients import ClientCertificate
from vienna_control.authority.grant import Grant, Issued

__all__ = ["Authority", "ClientCertificate", "Grant", "Intermediate", "Issued"]
