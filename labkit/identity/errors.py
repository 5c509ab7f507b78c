"""Why a token or a sign-in is refused: one type for each reason.

Refused tokens get their code from the service that refuses them. `AADSTS` codes belong to sign-in alone
and are fixed (https://learn.microsoft.com/entra/identity-platform/reference-error-codes).
"""

from __future__ import annotations

from typing import ClassVar

from labkit.core.errors import Unauthenticated, UnknownHost


class TokenRefused(Unauthenticated):
    """The token proves nothing to whoever was shown it."""


class NotAJwt(TokenRefused):
    """Not three base64url parts that hold what a JWT holds."""


class AlgorithmNotAllowed(TokenRefused):
    """`alg` is not the one algorithm that the key is for: `none`, an HMAC, another RSA flavour."""


class UnsignedToken(AlgorithmNotAllowed):
    """`alg` is `none`, in whatever spelling: the token asks to be believed without a signature."""


class SymmetricAlgorithm(AlgorithmNotAllowed):
    """`alg` is an HMAC: the token asks that the published key be taken for a shared secret."""


class EmbeddedKey(TokenRefused):
    """The token brings the key to verify it with (`jwk`, `x5c`)."""


class ForeignKeyAddress(TokenRefused):
    """The token names an address to fetch its key from (`jku`, `x5u`)."""


class CriticalHeader(TokenRefused):
    """`crit` lists an extension that must be understood, and none is."""


class UnknownKey(TokenRefused):
    """No published key has this `kid`."""


class DuplicateKey(TokenRefused):
    """Several published keys have this `kid`."""


class UnusableKey(TokenRefused):
    """The published key of this `kid` is not an RSA signing key of at least 2048 bits."""


class SignatureInvalid(TokenRefused):
    """The signature was not made with the private half of that key."""


class ContentChanged(SignatureInvalid):
    """The signature is that key's own, over other content: something was changed after signing."""


class ClaimMissing(TokenRefused):
    """A claim that every token must have is absent or of another type."""


class WrongTenant(TokenRefused):
    """Issued for another tenant."""


class WrongIssuer(TokenRefused):
    """Issued by somebody else."""


class WrongAudience(TokenRefused):
    """Issued for another resource."""


class TokenNotYetValid(TokenRefused):
    """Before `nbf`."""


class TokenExpired(TokenRefused):
    """At or after `exp`."""


class SignInRefused(Unauthenticated):
    """Azure AD issues no token. `fixed_code` is its AADSTS code."""


class UnknownTenant(UnknownHost):
    """No such tenant."""

    fixed_code: ClassVar[str] = "AADSTS90002"


class UnknownUser(SignInRefused):
    """No such user in the tenant."""

    fixed_code: ClassVar[str] = "AADSTS50034"


class WrongPassword(SignInRefused):
    """User name or password is wrong."""

    fixed_code: ClassVar[str] = "AADSTS50126"


class UserDisabled(SignInRefused):
    """The account is disabled."""

    fixed_code: ClassVar[str] = "AADSTS50057"


class SecondFactorRequired(SignInRefused):
    """The tenant demands multi-factor authentication."""

    fixed_code: ClassVar[str] = "AADSTS50076"


class SecondFactorWrong(SignInRefused):
    """The second factor was presented and is wrong."""

    fixed_code: ClassVar[str] = "AADSTS500121"


class UnknownApplication(SignInRefused):
    """No such client id in the tenant."""

    fixed_code: ClassVar[str] = "AADSTS700016"


class WrongClientSecret(SignInRefused):
    """The client secret is not one of the application's."""

    fixed_code: ClassVar[str] = "AADSTS7000215"


class ClientSecretExpired(SignInRefused):
    """The client secret was right once."""

    fixed_code: ClassVar[str] = "AADSTS7000222"


class UnknownResource(SignInRefused):
    """No service of the lab has this audience."""

    fixed_code: ClassVar[str] = "AADSTS500011"


class AuthorizationPending(SignInRefused):
    """The device code has not been approved yet: ask again."""

    fixed_code: ClassVar[str] = "AADSTS70016"


class DeviceCodeExpired(SignInRefused):
    """The device code was not approved in time."""

    fixed_code: ClassVar[str] = "AADSTS70020"


class DeviceCodeWrong(SignInRefused):
    """No such device code or user code, or it was used already."""

    fixed_code: ClassVar[str] = "AADSTS70018"


class RefreshTokenWrong(SignInRefused):
    """Not a refresh token that this tenant gave out."""

    fixed_code: ClassVar[str] = "AADSTS9002313"


class RefreshTokenExpired(SignInRefused):
    """The refresh token was given out too long ago."""

    fixed_code: ClassVar[str] = "AADSTS700082"


class RefreshTokenRevoked(SignInRefused):
    """The password has changed since the refresh token was given out, or the device code approved."""

    fixed_code: ClassVar[str] = "AADSTS50173"
