"""What a subscription is registered for: resource providers, and features that not everybody has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

from labkit.core.errors import BadRequest, Conflict

# Nobody registers it.
RESOURCES = "Microsoft.Resources"
# Those that nobody has used yet.  # assumption: registered-at-first
NOT_AT_FIRST = ("microsoft.documentdb",)


class MissingSubscriptionRegistration(Conflict):
    """Resources of this namespace cannot be created in the subscription yet."""

    # https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-register-resource-provider
    fixed_code: ClassVar[str] = "MissingSubscriptionRegistration"


class SubscriptionNotRegisteredForFeature(BadRequest):
    """The feature is for those who have asked for it."""

    fixed_code: ClassVar[str] = "SubscriptionNotRegisteredForFeature"


def _subscription(scope: str) -> str:
    return scope.split("/")[2].lower()


@dataclass
class Registrations:
    """All of them. A scope is the id of a subscription or of something in it; names are the same in whatever
    case."""

    _providers: dict[tuple[str, str], bool] = field(default_factory=dict)
    _features: set[tuple[str, str]] = field(default_factory=set)

    def registered(self, scope: str, namespace: str) -> bool:
        """Whether resources of this provider can be created there."""
        name = namespace.lower()
        return self._providers.get((_subscription(scope), name), name not in NOT_AT_FIRST)

    def set(self, scope: str, namespace: str, on: bool) -> Callable[[], object]:
        """Registers a provider, or unregisters it. Returns the step that takes this back."""
        key = (_subscription(scope), namespace.lower())
        before = self._providers.get(key)
        self._providers[key] = on
        return lambda: self._providers.pop(key) if before is None else self._providers.update({key: before})

    def has_feature(self, scope: str, feature: str) -> bool:
        """Whether a feature is on there. It is named `Namespace/feature`."""
        return (_subscription(scope), feature.lower()) in self._features

    def set_feature(self, scope: str, feature: str, on: bool) -> Callable[[], object]:
        """Turns it on or off. Returns the step that takes this back."""
        key, before = (_subscription(scope), feature.lower()), self.has_feature(scope, feature)
        (self._features.add if on else self._features.discard)(key)
        return lambda: (self._features.add if before else self._features.discard)(key)

    def check(self, scope: str, namespace: str) -> None:
        """Raises MissingSubscriptionRegistration."""
        if namespace.lower() != RESOURCES.lower() and not self.registered(scope, namespace):
            raise MissingSubscriptionRegistration(
                f"The subscription is not registered to use namespace {namespace!r}.",
                presented=f"subscription {scope.split('/')[2]}",
                required=f"the resource provider {namespace}, registered in it",
                advice=f'ProviderRegistration.register, with "{namespace}"',
            )

    def check_feature(self, scope: str, feature: str) -> None:
        """Raises SubscriptionNotRegisteredForFeature."""
        if not self.has_feature(scope, feature):
            raise SubscriptionNotRegisteredForFeature(
                f"The subscription is not registered for the feature {feature}.",
                presented=f"subscription {scope.split('/')[2]}",
                required="the feature, which Microsoft enables for those who ask",
                advice=f'Features.register, with "{feature}"',
            )
