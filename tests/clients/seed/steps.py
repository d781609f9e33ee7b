"""What the released az has no command for, of the seed's CLI tab: one step a call, by Microsoft's SDK for Python.

`steps.py STEP`. Names and ids come from the variables that the seed sets; what a step finds goes to standard output. The
last step, `verify`, looks at everything that the sequence made, whoever made it. Called by `run`.
"""

import base64
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "python"))

from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.deviceregistry import DeviceRegistryMgmtClient
from azure.mgmt.iothub import IotHubClient
from azure.mgmt.iothubprovisioningservices import IotDpsClient
from azure.mgmt.msi import ManagedServiceIdentityClient
from azure.identity import EnvironmentCredential
from cryptography import x509

import device
from common import CONTRIBUTOR, HUB_APPLICATION, PACE, Azure, Service, check, patiently, raw

SERVICE_VERSION, PLANE_VERSION = "2025-02-01-preview", "2025-07-01-preview"
HUB_REGISTRY_CONTRIBUTOR = "4ea46cd5-c1b2-4a8e-910b-273211f9ce47"
# The seed's policy. `az iot adr ns create` is said to make it; the service never does (three requests, not one).
POLICY = "default"
DAYS = 30

env = os.environ
SUBSCRIPTION, GROUP, LOCATION = env["SUBSCRIPTION_ID"], env["RESOURCE_GROUP"], env["LOCATION"]
NAMESPACE, HUB, DPS = env["NAMESPACE_NAME"], env["HUB_NAME"], env["DPS_NAME"]
credential = EnvironmentCredential()
registry = DeviceRegistryMgmtClient(credential, SUBSCRIPTION)
hubs = IotHubClient(credential, SUBSCRIPTION)
services = IotDpsClient(credential, SUBSCRIPTION)


def same(found, wanted):
    """Ids are compared as Azure compares them."""
    check(str(found).lower() == str(wanted).lower(), f"wanted {wanted}, got {found}")


def assigned_identity():
    return {"type": "UserAssigned", "userAssignedIdentities": {env["UAMI_RESOURCE_ID"]: {}}}


def namespace_create():
    body = {"location": LOCATION, "identity": {"type": "SystemAssigned"}}
    registry.namespaces.begin_create_or_replace(GROUP, NAMESPACE, body, **PACE).result()
    registry.credentials.begin_create_or_update(GROUP, NAMESPACE, {"location": LOCATION}, **PACE).result()
    certificate = {
        "certificateAuthorityConfiguration": {"keyType": "ECC"},
        "leafCertificateConfiguration": {"validityPeriodInDays": DAYS},
    }
    body = {"properties": {"certificate": certificate}}
    registry.policies.begin_create_or_update(GROUP, NAMESPACE, POLICY, body, **PACE).result()


def namespace_show():
    found = registry.namespaces.get(GROUP, NAMESPACE)
    check(found.properties.provisioning_state == "Succeeded", found)
    check(found.identity.type == "SystemAssigned" and found.identity.principal_id, found)


def credential_show():
    found = registry.credentials.get(GROUP, NAMESPACE)
    check((found.name, found.properties.provisioning_state) == ("default", "Succeeded"), found)


def policy_show():
    found = registry.policies.get(GROUP, NAMESPACE, POLICY)
    check((found.name, found.properties.provisioning_state) == (POLICY, "Succeeded"), found)


def namespace_id():
    print(registry.namespaces.get(GROUP, NAMESPACE).id)


def namespace_principal():
    print(registry.namespaces.get(GROUP, NAMESPACE).identity.principal_id)


def hub_create():
    body = {
        "location": env["HUB_LOCATION"],
        "sku": {"name": "GEN2", "capacity": 1},
        "identity": assigned_identity(),
        "properties": {
            "eventHubEndpoints": {"events": {"retentionTimeInDays": 1, "partitionCount": 4}},
            "deviceRegistry": {
                "namespaceResourceId": env["NAMESPACE_RESOURCE_ID"],
                "identityResourceId": env["UAMI_RESOURCE_ID"],
            },
        },
    }
    # A role takes a while until the hub's service sees it.
    patiently(lambda: hubs.iot_hub_resource.begin_create_or_update(GROUP, HUB, body, **PACE).result(), ("400913",))


def dps_create():
    body = {
        "location": LOCATION,
        "sku": {"name": "S1", "capacity": 1},
        "identity": assigned_identity(),
        "properties": {
            "deviceRegistryNamespace": {
                "resourceId": env["NAMESPACE_RESOURCE_ID"],
                "authenticationType": "UserAssigned",
                "selectedUserAssignedIdentityResourceId": env["UAMI_RESOURCE_ID"],
            }
        },
    }
    patiently(lambda: services.iot_dps_resource.begin_create_or_update(GROUP, DPS, body, **PACE).result(), ("400913",))


def credential_sync():
    push = lambda: registry.credentials.begin_synchronize(GROUP, NAMESPACE, **PACE).result()
    patiently(push, ("AuthorizationFailed",))


def service():
    """The provisioning service as it is, and a client of its own API."""
    path = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.Devices/provisioningServices/{DPS}"
    found = raw(services, "GET", path, SERVICE_VERSION).json()
    owner = raw(services, "POST", f"{path}/keys/provisioningserviceowner/listkeys", SERVICE_VERSION).json()
    host = found["properties"]["serviceOperationsHostName"]
    return found, Service(host, owner["primaryKey"], owner["keyName"], PLANE_VERSION)


def dps_show():
    """What `--query identity` shows, and the namespace, which it does not."""
    found = service()[0]
    check(found["identity"]["type"] == "UserAssigned", found)
    same(found["properties"]["deviceRegistryNamespace"]["resourceId"], env["NAMESPACE_RESOURCE_ID"])


def enrollment_group_create():
    service()[1].enroll(env["ENROLLMENT_ID"], {"credentialPolicyName": POLICY, "provisioningStatus": "enabled"})


def verify():
    """Every resource of the sequence, and a device that comes in by it."""
    azure = Azure()
    same(azure.resources.resource_groups.get(GROUP).properties.provisioning_state, "Succeeded")
    kinds = sorted(it.type.lower() for it in azure.resources.resources.list_by_resource_group(GROUP))
    wanted = ["microsoft.deviceregistry/namespaces", "microsoft.devices/iothubs"]
    wanted += ["microsoft.devices/provisioningservices", "microsoft.managedidentity/userassignedidentities"]
    check(kinds == wanted, kinds)

    identity = ManagedServiceIdentityClient(credential, SUBSCRIPTION).user_assigned_identities.get(GROUP, env["USER_IDENTITY"])
    same(identity.id, env["UAMI_RESOURCE_ID"])
    namespace = registry.namespaces.get(GROUP, NAMESPACE)
    same(namespace.id, env["NAMESPACE_RESOURCE_ID"])
    namespace_show()
    credential_show()
    policy = registry.policies.get(GROUP, NAMESPACE, POLICY)
    subject = policy.properties.certificate.certificate_authority_configuration.subject

    hub = hubs.iot_hub_resource.get(GROUP, HUB)
    check((hub.properties.state, hub.properties.provisioning_state, hub.sku.name) == ("Active", "Succeeded", "GEN2"), hub)
    same(hub.location, env["HUB_LOCATION"])
    same(hub.properties.device_registry.namespace_resource_id, namespace.id)
    same(hub.properties.device_registry.identity_resource_id, identity.id)
    found, plane = service()
    check((found["properties"]["state"], found["properties"]["provisioningState"]) == ("Active", "Succeeded"), found)
    link = found["properties"]["deviceRegistryNamespace"]
    same(link["resourceId"], namespace.id)
    same(link["selectedUserAssignedIdentityResourceId"], identity.id)
    check([it["name"] for it in found["properties"]["iotHubs"]] == [hub.properties.host_name], found)
    same(found["properties"]["iotHubs"][0]["location"], env["HUB_LOCATION"])
    held = {key: it.principal_id for key, it in hub.identity.user_assigned_identities.items()}
    told = {key: it["principalId"] for key, it in found["identity"]["userAssignedIdentities"].items()}
    for ((whose, principal),) in (held.items(), told.items()):
        same(whose, identity.id)
        same(principal, identity.principal_id)
    roles(azure, namespace, hub, identity)

    certificates = hubs.certificates.list_by_iot_hub(GROUP, HUB).value
    check(len(certificates) == 1, certificates)
    of_policy = certificates[0].properties
    # The live service spells this property with a capital, which the client has no field for.
    same(of_policy.additional_properties["PolicyResourceId"], policy.id)
    authority = x509.load_der_x509_certificate(base64.b64decode(of_policy.certificate))
    check(authority.extensions.get_extension_for_class(x509.BasicConstraints).value.ca, authority)
    check(authority.subject == x509.Name.from_rfc4514_string(subject), f"{authority.subject} and {subject}")

    group = plane.send("GET", f"/enrollmentGroups/{env['ENROLLMENT_ID']}").json()
    check((group["credentialPolicyName"], group["attestation"]["type"]) == (POLICY, "symmetricKey"), group)
    key = plane.send("POST", f"/enrollmentGroups/{env['ENROLLMENT_ID']}/attestationmechanism").json()["symmetricKey"]
    scope, host = found["properties"]["idScope"], hub.properties.host_name
    device.prove(scope, key["primaryKey"], PLANE_VERSION, host, DAYS, [of_policy.thumbprint])
    owner = hubs.iot_hub_resource.get_keys_for_key_name(GROUP, HUB, "iothubowner").primary_key
    device.known_to_hub(host, owner)


def roles(azure, namespace, hub, identity):
    """The four assignments of the seed, and no other below the group."""
    group_id = azure.resources.resource_groups.get(GROUP).id
    authorization = AuthorizationManagementClient(credential, SUBSCRIPTION)
    (own,) = authorization.role_definitions.list(group_id, filter=f"roleName eq '{env['CUSTOM_ROLE_NAME']}'")
    same(own.assignable_scopes[0], group_id)
    check("Microsoft.DeviceRegistry/namespaces/write" in own.permissions[0].actions, own)
    check(any("issueCertificate" in action for action in own.permissions[0].data_actions), own)
    application = azure.hub_application()
    wanted = {
        (group_id, application, CONTRIBUTOR),
        (namespace.id, identity.principal_id, own.name),
        (hub.id, namespace.identity.principal_id, CONTRIBUTOR),
        (hub.id, namespace.identity.principal_id, HUB_REGISTRY_CONTRIBUTOR),
    }
    told = {
        (it.scope.lower(), it.principal_id, it.role_definition_id.rsplit("/", 1)[1])
        for it in authorization.role_assignments.list_for_subscription()
        if it.scope.lower().startswith(group_id.lower())
    }
    check(told == {(scope.lower(), principal, role) for scope, principal, role in wanted}, told)
    check(HUB_APPLICATION != application, "the application's id is no principal")


if __name__ == "__main__":
    globals()[sys.argv[1].replace("-", "_")]()
