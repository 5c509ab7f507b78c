"""The how-to's samples for the SDK, rewritten to the names and arguments that matter. In their order: what
one defines, the next ones use. The sample for adal is not one of the SDK's."""

FROM_CONFIG = """
from azureml.core import Workspace
ws = Workspace.from_config()
"""

EXPLICIT = """
ws = Workspace(subscription_id="your-sub-id",
               resource_group="your-resource-group-id",
               workspace_name="your-workspace-name")
"""

TENANT = """
from azureml.core.authentication import InteractiveLoginAuthentication
interactive_auth = InteractiveLoginAuthentication(tenant_id="your-tenant-id")
"""

PRINCIPAL = """
from azureml.core.authentication import ServicePrincipalAuthentication
sp = ServicePrincipalAuthentication(tenant_id="your-tenant-id",
                                    service_principal_id="your-client-id",
                                    service_principal_password="your-client-secret")
"""

ENVIRONMENT = """
import os
sp = ServicePrincipalAuthentication(tenant_id=os.environ['AML_TENANT_ID'],
                                    service_principal_id=os.environ['AML_PRINCIPAL_ID'],
                                    service_principal_password=os.environ['AML_PRINCIPAL_PASS'])
"""

GET = """
from azureml.core import Workspace
ws = Workspace.get(name="ml-example", auth=sp, subscription_id="your-sub-id")
details = ws.get_details()
"""

ACI_CONFIG = """
from azureml.core.webservice import AciWebservice
aci_config = AciWebservice.deploy_configuration(cpu_cores = 1, memory_gb = 1, auth_enable=True)
"""

DEPLOY = """
from azureml.core.model import Model, InferenceConfig
inference_config = InferenceConfig(entry_script="score.py", environment=myenv)
aci_service = Model.deploy(workspace=ws,
                           name="aci_service_sample",
                           models=[model],
                           inference_config=inference_config,
                           deployment_config=aci_config)
aci_service.wait_for_deployment(True)
"""

REGENERATE = """
aci_service.regen_key("Primary")
aci_service.regen_key("Secondary")
"""

TOKEN = """
token, refresh_by = service.get_token()
print(token)
"""
