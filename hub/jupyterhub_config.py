"""JupyterHub for a class on one machine. `python hub start` starts it; README.md says the rest."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from labhub.authenticator import ClassAuthenticator
from labhub.needs import proxy_command
from labhub.settings import settings
from labhub.spawner import LearnerSpawner, after_stop

from labkit.checkout import FIRST_NOTEBOOK
from labkit.cli import QUIET, SETTINGS

c = get_config()  # noqa: F821
hub = settings()

# Where learners come in. Everything behind it is on loopback, on ports that root alone may take.
c.JupyterHub.bind_url = hub.bind_url
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{hub.hub_port}"
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{hub.proxy_port}"
c.ConfigurableHTTPProxy.command = proxy_command()
c.ConfigurableHTTPProxy.log_level = "warn"
c.ConfigurableHTTPProxy.pid_file = str(hub.secrets / "proxy.pid")
if hub.certificate:
    c.JupyterHub.ssl_cert, c.JupyterHub.ssl_key = hub.certificate, hub.key
if hub.domain:
    # Each learner gets a host name of their own, so that browsers keep their pages apart.
    c.JupyterHub.subdomain_host = hub.url

c.JupyterHub.cookie_secret_file = str(hub.secrets / "cookie_secret")
c.JupyterHub.db_url = f"sqlite:///{hub.secrets / 'hub.sqlite'}"

# Everybody whom the authenticator lets in is on the class list, with a code of their own.
c.JupyterHub.authenticator_class = ClassAuthenticator
c.Authenticator.allow_all = True
c.JupyterHub.template_vars = {
    "announcement_login": "Your name and your access code are on the slip that the instructor gave you."
}

c.JupyterHub.spawner_class = LearnerSpawner
c.Spawner.post_stop_hook = after_stop
# Nothing of root's own environment but where programs are.
c.Spawner.env_keep = ["LANG", "LC_ALL"]
c.Spawner.environment = {
    "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
    # As `labkit start` has it.
    "PYTHONHASHSEED": "0",
    "JUPYTER_CONFIG_PATH": SETTINGS,
}
c.Spawner.notebook_dir = "~"
c.Spawner.default_url = f"/lab/tree/course/{FIRST_NOTEBOOK}"
c.Spawner.args = [
    *QUIET,
    # Kernels are reached by sockets in the home, which nobody else may enter, and not by ports.
    "--KernelManager.transport=ipc",
    # It would look for language servers, and start npm to do so.
    "--LanguageServerManager.autodetect=False",
    # Whoever has left gives the memory back: kernels that no browser looks at, then the server.
    "--MappingKernelManager.cull_idle_timeout=7200",
    "--ServerApp.shutdown_no_activity_timeout=3600",
]
c.Spawner.start_timeout = c.Spawner.http_timeout = 120
c.LocalProcessSpawner.interrupt_timeout = c.LocalProcessSpawner.term_timeout = 5

c.JupyterHub.services = [
    {
        "name": "collect",
        "command": [sys.executable, str(Path(__file__).resolve().parent), "collect", "--on-and-on"],
        "environment": hub.environment(),
    }
]
