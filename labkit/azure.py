"""The names that a notebook needs to ask the small Azure for something: services, and credentials."""

from __future__ import annotations

from labkit.authenticators.client_secret import ClientSecret
from labkit.authenticators.device_code import DeviceCode
from labkit.authenticators.password import Password
from labkit.authenticators.refresh_token import RefreshToken
from labkit.authenticators.registry_password import RegistryPassword
from labkit.authenticators.run_token import RunToken
from labkit.authenticators.service_key import ServiceKey
from labkit.authenticators.service_token import ServiceToken
from labkit.authenticators.shared_key import SharedKey
from labkit.authenticators.ssh import SshKey, SshPassword
from labkit.core.credential import Anonymous, Bearer
from labkit.core.verdict import Verdict
from labkit.furniture import CLIENT_ID, PARTNER_TENANT
from labkit.services.app_insights import AppInsights
from labkit.services.authorization import Authorization
from labkit.services.azure_ad import ARM, DATABRICKS, GRAPH, KEY_VAULT, STORAGE, AzureAD
from labkit.services.blueprints import Blueprints
from labkit.services.cosmos import Cosmos
from labkit.services.databricks import Databricks
from labkit.services.graph import Graph
from labkit.services.key_vault import KeyVault
from labkit.services.kubernetes import Kubernetes
from labkit.services.machine_learning.activities import Activities
from labkit.services.machine_learning.automated_ml import AutomatedML
from labkit.services.machine_learning.data_stores import DataStores
from labkit.services.machine_learning.edition import Editions
from labkit.services.machine_learning.experiment_folder import kept_files, read_folder
from labkit.services.machine_learning.high_business_impact import SCRATCH_DISKS, Support
from labkit.services.machine_learning.images import Images
from labkit.services.machine_learning.keys import WorkspaceKeys
from labkit.services.machine_learning.models import Models
from labkit.services.machine_learning.notebooks import Notebooks
from labkit.services.machine_learning.resync import Resync
from labkit.services.machine_learning.run_secrets import RunSecrets
from labkit.services.machine_learning.runs import Runs
from labkit.services.machine_learning.scoring import Scoring
from labkit.services.machine_learning.serving import ScoringScript, Serving
from labkit.services.machine_learning.snapshots import Snapshots
from labkit.services.machine_learning.web_services import WebServices
from labkit.services.management_groups import ManagementGroups
from labkit.services.monitor import Monitor
from labkit.services.provider_registration import Features, ProviderRegistration
from labkit.services.registry import ContainerRegistry
from labkit.services.resource_manager import ResourceManager
from labkit.services.storage import BlobStorage, FileStorage
from labkit.services.vault_access import VaultAccess
from labkit.services.virtual_machine import VirtualMachines

__all__ = [
    "ARM",
    "CLIENT_ID",
    "DATABRICKS",
    "GRAPH",
    "KEY_VAULT",
    "PARTNER_TENANT",
    "SCRATCH_DISKS",
    "STORAGE",
    "Activities",
    "Anonymous",
    "AppInsights",
    "Authorization",
    "AutomatedML",
    "AzureAD",
    "Bearer",
    "BlobStorage",
    "Blueprints",
    "ClientSecret",
    "ContainerRegistry",
    "Cosmos",
    "DataStores",
    "Databricks",
    "DeviceCode",
    "Editions",
    "Features",
    "FileStorage",
    "Graph",
    "Images",
    "KeyVault",
    "Kubernetes",
    "ManagementGroups",
    "Models",
    "Monitor",
    "Notebooks",
    "Password",
    "ProviderRegistration",
    "RefreshToken",
    "RegistryPassword",
    "ResourceManager",
    "Resync",
    "RunSecrets",
    "RunToken",
    "Runs",
    "Scoring",
    "ScoringScript",
    "ServiceKey",
    "ServiceToken",
    "Serving",
    "SharedKey",
    "Snapshots",
    "SshKey",
    "SshPassword",
    "Support",
    "VaultAccess",
    "Verdict",
    "VirtualMachines",
    "WebServices",
    "WorkspaceKeys",
    "kept_files",
    "read_folder",
]
