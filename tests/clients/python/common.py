"""What both dialects share: who signs in, what is sent, and how a claim is checked.

Nothing here knows a sandbox: addresses, trust and identity come from the variables that every client of Azure reads.
"""

import base64
import hashlib
import hmac
import os
import time
import urllib.parse
import uuid

import requests
from azure.core.exceptions import HttpResponseError
from azure.core.rest import HttpRequest
from azure.identity import EnvironmentCredential, ManagedIdentityCredential
from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.msi import ManagedServiceIdentityClient
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.resource.subscriptions import SubscriptionClient

LOCATION = "eastus2"
HUB_APPLICATION = "89d10474-74af-4874-99a7-c23c2f643083"
CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"
# The services of a sandbox at rest answer at once; Azure's own pace would only cost minutes.
PACE = {"polling_interval": 0.05}


def check(claim, told):
    """Fails with what was told instead of what is claimed."""
    if not claim:
        raise AssertionError(told)


def refused(status, code, call):
    """Asserts that a call is refused so, as the client understands it."""
    try:
        call()
    except HttpResponseError as error:
        told = error.error.code if error.error else None
        check((error.status_code, told) == (status, code), f"{error.status_code} {told}: {error.message}")
        return
    raise AssertionError(f"not refused with {status} {code}")


class Azure:
    """The clients of one subscription."""

    def __init__(self):
        self.credential = EnvironmentCredential()
        subscriptions = SubscriptionClient(self.credential)
        found = list(subscriptions.subscriptions.list())
        check(found, "no subscription")
        self.subscription = found[0].subscription_id
        check(found[0].state == "Enabled", found[0].state)
        tenants = list(subscriptions.tenants.list())
        check(tenants[0].tenant_id == os.environ["AZURE_TENANT_ID"], tenants[0].tenant_id)
        regions = [region.name for region in subscriptions.subscriptions.list_locations(self.subscription)]
        check(LOCATION in regions, regions)
        self.resources = ResourceManagementClient(self.credential, self.subscription)
        self.authorization = AuthorizationManagementClient(self.credential, self.subscription)
        self.identities = ManagedServiceIdentityClient(self.credential, self.subscription)

    def sign_in_as_managed_identity(self):
        """Where the environment has an identity endpoint, its token is good too."""
        if "IDENTITY_ENDPOINT" in os.environ:
            other = SubscriptionClient(ManagedIdentityCredential())
            check([it.subscription_id for it in other.subscriptions.list()], "no subscription by managed identity")

    def registered(self):
        for name in ("Microsoft.DeviceRegistry", "Microsoft.Devices", "Microsoft.ManagedIdentity"):
            provider = self.resources.providers.get(name)
            if provider.registration_state != "Registered":
                self.resources.providers.register(name)
            while self.resources.providers.get(name).registration_state != "Registered":
                time.sleep(1)
        listed = {provider.namespace for provider in self.resources.providers.list()}
        check("Microsoft.Devices" in listed, listed)

    def group(self, name):
        groups = self.resources.resource_groups
        check(not groups.check_existence(name), "the group is there already: use a fresh world")
        refused(404, "ResourceGroupNotFound", lambda: groups.get(name))
        made = groups.create_or_update(name, {"location": LOCATION, "tags": {"made": "by-sdk"}})
        check(groups.check_existence(name), "no group after create")
        again = groups.update(name, {"tags": {"made": "by-sdk", "more": "yes"}})
        check(again.tags == {"made": "by-sdk", "more": "yes"}, again.tags)
        check(name in [it.name for it in groups.list()], "the group is not listed")
        tagged = list(groups.list(filter="tagName eq 'more' and tagValue eq 'yes'"))
        check([it.name for it in tagged] == [name], tagged)
        return made.id

    def hub_application(self):
        """The object id of the hub service's application in this tenant, from Graph."""
        token = self.credential.get_token("https://graph.microsoft.com/.default").token
        url = f"https://graph.microsoft.com/v1.0/servicePrincipals(appId='{HUB_APPLICATION}')"
        answer = requests.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=60)
        check(answer.status_code == 200, answer.text)
        return answer.json()["id"]

    def identity(self, group, name):
        made = self.identities.user_assigned_identities.create_or_update(group, name, {"location": LOCATION})
        check(made.principal_id and made.client_id, made)
        tagged = self.identities.user_assigned_identities.update(group, name, {"location": LOCATION, "tags": {"a": "b"}})
        check((tagged.tags, tagged.principal_id) == ({"a": "b"}, made.principal_id), tagged)
        listed = list(self.identities.user_assigned_identities.list_by_resource_group(group))
        check([it.name for it in listed] == [name], listed)
        check(name in [it.name for it in self.identities.user_assigned_identities.list_by_subscription()], "not listed")
        return made

    def assign(self, scope, principal, role):
        """Gives a role, waiting for the directory as Microsoft's clients tell people to."""
        role_id = f"/subscriptions/{self.subscription}/providers/Microsoft.Authorization/roleDefinitions/{role}"
        name = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{scope}|{principal}|{role}"))
        body = {"role_definition_id": role_id, "principal_id": principal, "principal_type": "ServicePrincipal"}
        made = patiently(lambda: self.authorization.role_assignments.create(scope, name, body), ("PrincipalNotFound",))
        listed = self.authorization.role_assignments.list_for_scope(scope, filter=f"principalId eq '{principal}'")
        check(name in [it.name for it in listed], "the assignment is not listed")
        return made

    def role(self, scope, name):
        """A role of one's own: made, found, changed."""
        roles = self.authorization.role_definitions
        guid = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{scope}|{name}"))
        body = {
            "role_name": name,
            "description": "made by the SDK",
            "role_type": "CustomRole",
            "assignable_scopes": [scope],
            "permissions": [
                {
                    "actions": ["Microsoft.DeviceRegistry/namespaces/read", "Microsoft.Devices/iothubs/read"],
                    "not_actions": [],
                    "data_actions": ["Microsoft.DeviceRegistry/namespaces/credentials/policies/issueCertificate/action"],
                    "not_data_actions": [],
                }
            ],
        }
        made = roles.create_or_update(scope, guid, body)
        check((made.role_name, made.role_type) == (name, "CustomRole"), made)
        found = list(roles.list(scope, filter=f"roleName eq '{name}'"))
        check([it.name for it in found] == [guid], found)
        built_in = list(roles.list(scope, filter="roleName eq 'Contributor'"))
        check([it.name for it in built_in] == [CONTRIBUTOR], built_in)
        body["description"] = "changed"
        roles.create_or_update(scope, guid, body)
        check(roles.get(scope, guid).description == "changed", "the role did not change")
        return guid


def patiently(call, codes, tries=60):
    """Repeats a call that is refused with what passes by itself."""
    for left in reversed(range(tries)):
        try:
            return call()
        except HttpResponseError as error:
            code = error.error.code if error.error else None
            if not left or not any(known in (str(code), error.message) or known in error.message for known in codes):
                raise
            time.sleep(0.2)
    raise AssertionError("unreachable")


def signature(resource, key, name=None):
    """A shared access signature, as Microsoft's tools make it."""
    until = int(time.time()) + 600
    where = urllib.parse.quote(resource, safe="")
    mac = hmac.new(base64.b64decode(key), f"{where}\n{until}".encode(), hashlib.sha256).digest()
    told = f"SharedAccessSignature sr={where}&sig={urllib.parse.quote(base64.b64encode(mac), safe='')}&se={until}"
    return f"{told}&skn={name}" if name else told


def derived(group_key, registration):
    """The key of one device of a group."""
    mac = hmac.new(base64.b64decode(group_key), registration.encode(), hashlib.sha256)
    return base64.b64encode(mac.digest()).decode()


def raw(client, method, path, version):
    """A request through a client's own pipeline, for what the client has no way to say."""
    answer = client.send_request(HttpRequest(method, path, params={"api-version": version}))
    answer.raise_for_status()
    return answer


class Service:
    """The service API of a provisioning service: no client of Microsoft's on PyPI speaks these versions."""

    def __init__(self, host, key, name, version):
        self.host, self.key, self.name, self.version = host, key, name, version

    def send(self, method, path, body=None, **headers):
        headers["Authorization"] = signature(self.host, self.key, self.name)
        url = f"https://{self.host}{path}?api-version={self.version}"
        return requests.request(method, url, json=body, headers=headers, timeout=60)

    def enroll(self, group, more):
        path = f"/enrollmentGroups/{group}"
        body = {"enrollmentGroupId": group, "attestation": {"type": "symmetricKey", "symmetricKey": {}}, **more}
        deadline = time.time() + 60
        answer = self.send("PUT", path, body)
        while answer.status_code in (403, 404) and time.time() < deadline:
            time.sleep(0.2)
            answer = self.send("PUT", path, body)
        check(answer.status_code == 200, answer.text)
        made = answer.json()
        check(made["attestation"]["symmetricKey"]["primaryKey"], "no key in the answer to PUT")
        read = self.send("GET", path)
        check(read.status_code == 200, read.text)
        for name, value in more.items():
            check(read.json().get(name) == value, read.text)
        check("primaryKey" not in read.json()["attestation"].get("symmetricKey", {}), "a key in the answer to GET")
        check(self.send("PUT", path, body).status_code in (409, 412), "an update without If-Match")
        stale = self.send("PUT", path, body, **{"If-Match": '"stale"'})
        check(stale.status_code == 412, f"{stale.status_code} {stale.text}")
        keys = self.send("POST", f"{path}/attestationmechanism").json()["symmetricKey"]
        body["attestation"]["symmetricKey"] = keys
        updated = self.send("PUT", path, body, **{"If-Match": read.json()["etag"]})
        check(updated.status_code == 200, updated.text)
        listed = self.send("POST", "/enrollmentGroups/query", {"query": "SELECT * FROM enrollmentGroups"})
        check([it["enrollmentGroupId"] for it in listed.json()] == [group], listed.text)
        return keys["primaryKey"]

    def drop(self, group):
        gone = self.send("DELETE", f"/enrollmentGroups/{group}")
        check(gone.status_code == 204, gone.text)
        check(self.send("GET", f"/enrollmentGroups/{group}").status_code == 404, "the group is still there")
