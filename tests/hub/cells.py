"""What an attacker types into a notebook. Each prints, as JSON, what succeeded."""

OPENED = """
import json, os
def opened(path):
    try:
        if os.path.isdir(path):
            os.listdir(path)
        else:
            with open(path, "rb") as file:
                file.read(1)
        return True
    except OSError:
        return False
print(json.dumps([path for path in {paths!r} if opened(path)]))
"""


CALL = """
import json, os, urllib.error, urllib.request
class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *a):
        return None
def answer(url, token, method):
    headers = {{"Authorization": f"token {{token}}"}} if token else {{}}
    request = urllib.request.Request(url, method=method, headers=headers)
    try:
        return urllib.request.build_opener(Stay).open(request, timeout=20).status
    except urllib.error.HTTPError as error:
        return error.code
mine = os.environ["JUPYTERHUB_API_TOKEN"]
print(json.dumps([answer(url, mine if signed else "", method) for url, signed, method in {calls!r}]))
"""


BIND = """
import json, socket
def taken(port):
    try:
        socket.create_server(("127.0.0.1", port)).close()
        return True
    except OSError:
        return False
print(json.dumps([port for port in {ports!r} if taken(port)]))
"""


REACHED = """
import json, os
def reached(pid):
    try:
        os.kill(pid, 0)
        return True
    except PermissionError:
        return False
print(json.dumps([pid for pid in {pids!r} if reached(pid)]))
"""

WRITTEN = """
import json, os
def written(folder):
    try:
        file = open(folder + "/mallory-was-here", "x")
    except OSError:
        return False
    file.close()
    os.unlink(file.name)
    return True
print(json.dumps([folder for folder in {folders!r} if written(folder)]))
"""

BECOME_ROOT = """
import json, os, subprocess
def refused(act):
    try:
        act()
    except OSError:
        return True
    return False
def answer(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, stdin=-3, timeout=20).stdout
    except OSError:
        return ""
status = dict(line.split(":", 1) for line in open("/proc/self/status").read().splitlines())
print(json.dumps({
    "set": [refused(lambda: os.setuid(0)), refused(lambda: os.setgid(0)), refused(lambda: os.setgroups([0]))],
    "said": [answer("su", "-c", "id -u"), answer("sudo", "-n", "id", "-u"), answer("pkexec", "id", "-u")],
    "chroot": refused(lambda: os.chroot("/")),
    "no_new": status["NoNewPrivs"].strip(),
    "caps": {int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {0},
}))
"""
