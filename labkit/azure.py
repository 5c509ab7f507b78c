"""The names that a notebook needs to ask the small Azure for something: services, and credentials."""

from __future__ import annotations

from labkit.authenticators.client_secret import ClientSecret
from labkit.authenticators.device_code import DeviceCode
from labkit.authenticators.password import Password
from labkit.authenticators.refresh_token import RefreshToken
from labkit.authenticators.run_token import RunToken
from labkit.authenticators.shared_key import SharedKey
from labkit.core.credential import Anonymous, Bearer
from labkit.furniture import CLIENT_ID, PARTNER_TENANT
from labkit.services.azure_ad import ARM, KEY_VAULT, STORAGE, AzureAD
from labkit.services.key_vault import KeyVault
from labkit.services.machine_learning.data_stores import DataStores
from labkit.services.machine_learning.run_secrets import RunSecrets
from labkit.services.machine_learning.runs import Runs
from labkit.services.resource_manager import ResourceManager
from labkit.services.storage import BlobStorage

__all__ = [
    "ARM",
    "CLIENT_ID",
    "KEY_VAULT",
    "PARTNER_TENANT",
    "STORAGE",
    "Anonymous",
    "AzureAD",
    "Bearer",
    "BlobStorage",
    "ClientSecret",
    "DataStores",
    "DeviceCode",
    "KeyVault",
    "Password",
    "RefreshToken",
    "ResourceManager",
    "RunSecrets",
    "RunToken",
    "Runs",
    "SharedKey",
]
