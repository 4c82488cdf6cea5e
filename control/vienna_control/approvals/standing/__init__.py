"""Standing warrants: consent given in advance to calls of one kind, so many of them, until then.

1. People consent to its exact terms (``terms``, ``asking``) as they would to such a call: it is an approval, whose
   request is an operator's, and the requester and the owners of its agents do not decide it.
2. Granted, each of its agents has a signed warrant of its own, which nobody can use by itself (``granting``).
3. Where policy would hold a call, and the terms cover it, and the consent to them is what policy asks for now, the
   call goes at once under a child of that warrant; that use is counted in the same transaction (``using``).
4. It ends used up, expired or revoked (``ending``): the signed warrants are what says so.
"""

from vienna_control.approvals.standing.ending import revoke_all

__all__ = ["revoke_all"]
