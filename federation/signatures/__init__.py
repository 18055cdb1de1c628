"""Signed HTTP requests: made, read and proven, in the two schemes of the Fediverse.

Sign: ``sign(request, key, scheme, now=…)`` gives the headers to add. Verify: ``claim = read(request)``, look up the
key that ``claim.key_id`` names, then ``verify(claim, request, key, now=…)`` gives a ``Verified`` or raises
``SignatureRefused``.
"""

from federation.signatures.messages import Claim, Headers, Request, Scheme
from federation.signatures.proof import Verified, named_key_id, read, sign, verify

__all__ = ["Claim", "Headers", "Request", "Scheme", "Verified", "named_key_id", "read", "sign", "verify"]
