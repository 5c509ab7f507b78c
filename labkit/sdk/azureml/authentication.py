"""How the SDK signs in: as a person who answers a prompt, or as a service principal."""

from __future__ import annotations

from labkit.authenticators.client_secret import ClientSecret
from labkit.core.credential import Bearer
from labkit.core.errors import brief
from labkit.core.operation import Op, R
from labkit.identity.token import Token
from labkit.sdk.activation import current
from labkit.sdk.azureml.exceptions import AuthenticationException, UserErrorException, check_text, refused_as
from labkit.sdk.azureml.handle import Handle
from labkit.sdk.azureml.session import Session
from labkit.sdk.device_login import EARLY
from labkit.services.azure_ad import ARM, AzureAD


class AbstractAuthentication(Handle):
    """A sign-in that is passed as `auth=`. It stays with the lab that was active when it was made."""

    def __init__(self) -> None:
        self.session: Session = current()

    def bearer(self) -> Bearer:
        """The access token for Resource Manager and Azure ML. Raises AuthenticationException."""
        raise NotImplementedError

    def ask(self, op: Op[..., R], target: str, *args: object) -> R:
        """Asks the lab for an operation, with that token. Raises a Refusal, or AuthenticationException."""
        with self.session.lock:
            return self.session.lab.ask(self.session.caller, op, target, self.bearer(), *args)

    def get_authentication_header(self) -> dict[str, str]:
        """The header that a REST call carries. It holds the token itself."""
        token = self.bearer().token
        return {"Authorization": f"Bearer {token if isinstance(token, str) else token.decode()}"}


class InteractiveLoginAuthentication(AbstractAuthentication):
    """Signs in whoever sits at the keyboard, with a prompt; once for an activation and a tenant, unless with
    `force`. Statements authn-interactive, authn-interactive-tenant, authn-interactive-headless."""

    def __init__(self, force: bool = False, tenant_id: str | None = None, cloud: str | None = None) -> None:
        super().__init__()
        _check_cloud(cloud)
        self._tenant = None if tenant_id is None else check_text("tenant_id", tenant_id)
        self.session.bearer(self._tenant, force)

    def bearer(self) -> Bearer:
        """The token of whoever has signed in. Raises AuthenticationException."""
        return self.session.bearer(self._tenant)

    def __repr__(self) -> str:
        return f"InteractiveLoginAuthentication(tenant_id={self._tenant!r})"


class ServicePrincipalAuthentication(AbstractAuthentication):
    """Signs in as an application, without anybody at the keyboard, when the first token is needed. Statements
    authn-sp-sdk, authn-sp-env."""

    def __init__(
        self,
        tenant_id: str,
        service_principal_id: str,
        service_principal_password: str,
        cloud: str | None = None,
    ) -> None:
        super().__init__()
        _check_cloud(cloud)
        unset = "if it comes from an environment variable, is that set?"
        self._tenant = check_text("tenant_id", tenant_id, unset)
        self._id = check_text("service_principal_id", service_principal_id, unset)
        if type(service_principal_password) is not str or not service_principal_password:
            raise UserErrorException(
                "service_principal_password is missing.",
                presented=type(service_principal_password).__name__,
                required="a client secret as a text",
                advice=unset,
            )
        self._credential = ClientSecret(self._id, service_principal_password)
        self._token: Token | None = None

    def bearer(self) -> Bearer:
        """The application's token, fetched anew when it is about to expire. Raises
        AuthenticationException."""
        session = self.session
        with session.lock, refused_as(AuthenticationException):
            if self._token is None or self._token.seconds_left < EARLY:
                credential = self._credential
                answer = session.lab.ask(session.caller, AzureAD.token, self._tenant, credential, ARM)
                self._token = answer.access_token
            return self._token.bearer

    def __repr__(self) -> str:
        return (
            f"ServicePrincipalAuthentication(tenant_id={self._tenant!r}, service_principal_id={self._id!r})"
        )


def _check_cloud(cloud: str | None) -> None:
    if cloud not in (None, "AzureCloud"):
        raise UserErrorException("The lab has one cloud.", presented=brief(cloud), required="AzureCloud")


def signed_in(auth: object) -> AbstractAuthentication:
    """What was passed as `auth=`; the person at the keyboard where nothing was. Raises
    UserErrorException."""
    if auth is None:
        return InteractiveLoginAuthentication()
    if isinstance(auth, AbstractAuthentication):
        return auth
    raise UserErrorException(
        "auth is no sign-in.",
        presented=type(auth).__name__,
        required="InteractiveLoginAuthentication or ServicePrincipalAuthentication",
    )
