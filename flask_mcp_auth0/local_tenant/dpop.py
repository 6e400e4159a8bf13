"""DPoP proofs at the token endpoint (RFC 9449 sections 4 and 5)."""

from __future__ import annotations

from typing import Any, Protocol

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from .errors import TenantError
from .tenant import Tenant

ALGORITHMS = ["ES256", "RS256"]
MAX_AGE = 60
MAX_PROOF = 8192
_PRIVATE_MEMBERS = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}


class _Registry(jws.JWSRegistry):
    """With room for an RSA key in the header."""

    max_header_length = MAX_PROOF


_REGISTRY = _Registry(algorithms=ALGORITHMS)


class _Headers(Protocol):
    def getlist(self, key: str) -> list[str]: ...


def proof_thumbprint(tenant: Tenant, headers: _Headers, *, method: str = "POST") -> str | None:
    """The RFC 7638 thumbprint of the key that signed the request's proof; ``None`` when there is no proof.

    :raises TenantError: ``invalid_dpop_proof`` when the proof is not one for this request, or was used
        before.
    """
    proofs = headers.getlist("DPoP")
    if not proofs:
        return None
    if len(proofs) > 1 or len(proofs[0]) > MAX_PROOF:
        raise _invalid("There has to be one DPoP proof")
    try:
        header: dict[str, Any] = dict(
            jws.extract_compact(proofs[0].encode("ascii"), registry=_REGISTRY).headers()
        )
        key = _public_key(header)
        claims = jwt.decode(proofs[0], key, algorithms=ALGORITHMS, registry=_REGISTRY).claims
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise _invalid("The DPoP proof is not validly signed") from error
    if header.get("typ") != "dpop+jwt":
        raise _invalid("The DPoP proof is of another type")
    if claims.get("htm") != method or claims.get("htu") != tenant.url("/oauth/token"):
        raise _invalid("The DPoP proof is for another request")
    issued, jti = claims.get("iat"), claims.get("jti")
    if not isinstance(issued, int) or abs(tenant.state.now() - issued) > MAX_AGE:
        raise _invalid("The DPoP proof is too old or too new")
    if not isinstance(jti, str) or not jti or len(jti) > 256:
        raise _invalid("The DPoP proof has no jti")
    thumbprint = key.thumbprint()
    if not tenant.once.add(f"dpop:{thumbprint}:{jti}", True):
        raise _invalid("The DPoP proof was used before")
    return thumbprint


def _public_key(header: dict[str, Any]) -> ECKey | RSAKey:
    material = header["jwk"]
    if not isinstance(material, dict) or _PRIVATE_MEMBERS & material.keys():
        raise ValueError("no public key")
    if header.get("alg") == "ES256":
        return ECKey.import_key(material)
    return RSAKey.import_key(material)


def _invalid(description: str) -> TenantError:
    return TenantError("invalid_dpop_proof", description, 400)
