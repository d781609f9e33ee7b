"""The whole setup of the object model of 2026 by Microsoft's SDK: the namespace links hub and service."""

from azure.core.exceptions import HttpResponseError
from azure.mgmt.iothub import IotHubClient
from azure.mgmt.iothubprovisioningservices import IotDpsClient

import device
from common import CONTRIBUTOR, LOCATION, PACE, Azure, Service, check, patiently, refused

HUB_DATA_CONTRIBUTOR = "4fc6c259-987e-4a07-842e-c321cc9d413f"
REGISTRY_CONTRIBUTOR = "a5c3590a-3a1a-4cd4-9648-ea0a32b15137"
REGISTRY_ADMINISTRATOR = "12675fd7-7f59-493f-9201-f7944860a2f1"
GROUP, NAMESPACE, HUB, SERVICE = "sdk-2026", "sdk-2026-ns", "sdk-2026-hub", "sdk-2026-dps"
ROOT, ISSUING, POLICY, ENROLLMENT = "sdk-root", "sdk-ica", "sdk-policy", "sdk-devices"
# The operations of this client differ in which of the two comes first.
NAMED = {"resource_group_name": GROUP, "provisioning_service_name": SERVICE}
VERSION = "2026-11-01"


class Registry:
    """Registry resources by the generic client of the resource manager."""

    def __init__(self, azure):
        self.resources = azure.resources.resources
        self.home = f"/subscriptions/{azure.subscription}/resourceGroups/{GROUP}/providers/Microsoft.DeviceRegistry/namespaces"
        self.namespace = f"{self.home}/{NAMESPACE}"

    def put(self, path, body):
        return self.resources.begin_create_or_update_by_id(path, body, api_version=VERSION, **PACE).result()

    def patch(self, path, body):
        return self.resources.begin_update_by_id(path, body, api_version=VERSION, **PACE).result()

    def get(self, path):
        return self.resources.get_by_id(path, api_version=VERSION)

    def drop(self, path):
        self.resources.begin_delete_by_id(path, api_version=VERSION, **PACE).result()
        refused(404, "ResourceNotFound", lambda: self.get(path))


def endpoints(hub, service):
    """What links both."""
    own = {"type": "SystemAssigned"}
    messaging = {
        "endpointType": "Microsoft.Devices/IotHubs",
        "resourceId": hub,
        "inboundCallerIdentity": own,
        "provisioning": {"availability": "Available", "allocationWeight": 1},
    }
    provisioning = {
        "endpointType": "Microsoft.Devices/provisioningServices",
        "resourceId": service,
        "inboundCallerIdentity": own,
    }
    return {"messaging": {"endpoints": {"hub-1": messaging}}, "provisioning": {"endpoints": {"dps-1": provisioning}}}


def states(namespace):
    """Linking states of all endpoints."""
    groups = (namespace.properties.get(name, {}) for name in ("messaging", "provisioning", "updating"))
    return [end["linkingState"] for group in groups for end in group.get("endpoints", {}).values()]


def main():
    azure = Azure()
    azure.sign_in_as_managed_identity()
    azure.registered()
    hubs = IotHubClient(azure.credential, azure.subscription)
    services = IotDpsClient(azure.credential, azure.subscription)
    registry = Registry(azure)
    azure.group(GROUP)

    # 2 and 3 Hub and service, plain, each with its identity from the start.
    body = {
        "location": LOCATION,
        "sku": {"name": "S1", "capacity": 1},
        "identity": {"type": "SystemAssigned"},
        "properties": {"eventHubEndpoints": {"events": {"retentionTimeInDays": 1, "partitionCount": 4}}},
    }
    made = hubs.iot_hub_resource.begin_create_or_update(GROUP, HUB, body, **PACE).result()
    check(made.properties.provisioning_state == "Succeeded", made)
    body = {
        "location": LOCATION,
        "sku": {"name": "S1", "capacity": 1},
        "identity": {"type": "SystemAssigned"},
        "properties": {},
    }
    made = services.iot_dps_resource.begin_create_or_update(GROUP, SERVICE, body, **PACE).result()
    check(made.properties.provisioning_state == "Succeeded", made)
    hub = patiently(lambda: whole(hubs.iot_hub_resource.get(GROUP, HUB)), ("not whole yet",))
    service = patiently(lambda: whole(services.iot_dps_resource.get(**NAMED)), ("not whole yet",))
    check(hub.properties.state == "Active" and service.properties.id_scope, (hub, service))
    check(HUB in [it.name for it in hubs.iot_hub_resource.list_by_subscription()], "not listed")
    check(SERVICE in [it.name for it in services.iot_dps_resource.list_by_subscription()], "not listed")
    check([it.name for it in services.iot_dps_resource.list_valid_skus(**NAMED)] == ["S1"], "skus")

    # 4 Namespace, and the roles of all three on each other.
    registry.put(registry.namespace, {"location": LOCATION, "identity": {"type": "SystemAssigned"}, "tags": {"a": "b"}})
    namespace = patiently(lambda: whole(registry.get(registry.namespace)), ("not whole yet",))
    own, of_hub, of_service = (it.identity.principal_id for it in (namespace, hub, service))
    for scope, principal, role in (
        (hub.id, own, CONTRIBUTOR),
        (hub.id, own, HUB_DATA_CONTRIBUTOR),
        (namespace.id, of_hub, CONTRIBUTOR),
        (service.id, own, CONTRIBUTOR),
        (namespace.id, of_service, CONTRIBUTOR),
        (namespace.id, own, REGISTRY_ADMINISTRATOR),
        (namespace.id, of_service, REGISTRY_CONTRIBUTOR),
        (hub.id, of_service, HUB_DATA_CONTRIBUTOR),
    ):
        azure.assign(scope, principal, role)

    # 5 One write links both; it is sent again while the roles have not arrived.
    body = {
        "location": LOCATION,
        "identity": {"type": "SystemAssigned"},
        "tags": {"a": "b"},
        "properties": endpoints(hub.id, service.id),
    }
    patiently(lambda: link(registry, body), ("not linked yet",))
    namespace = registry.get(registry.namespace)
    check(namespace.properties["provisioningState"] == "Succeeded", namespace.properties)
    linked = hubs.iot_hub_resource.get(GROUP, HUB)
    check(linked.properties.device_registry.namespace_resource_id.lower() == namespace.id.lower(), linked)

    # 6 Certificates.
    body = {"location": LOCATION, "properties": {"certificateAuthorityType": "Root", "keyType": "ECC"}}
    root = registry.put(f"{registry.namespace}/certificateAuthorities/{ROOT}", body)
    issuer = {"issuerType": "Microsoft", "certificateAuthorityResourceId": root.id}
    body = {"location": LOCATION, "properties": {"certificateAuthorityType": "ICA", "keyType": "ECC", "issuer": issuer}}
    issuing = registry.put(f"{registry.namespace}/certificateAuthorities/{ISSUING}", body)
    body = {"location": LOCATION, "properties": {"certificate": {"validityPeriodInDays": 30}}}
    policy = registry.put(f"{issuing.id}/certificatePolicies/{POLICY}", body)
    longer = registry.patch(policy.id, {"properties": {"certificate": {"validityPeriodInDays": 45}}})
    check(registry.get(policy.id).properties["certificate"]["validityPeriodInDays"] == 45, longer)
    seen = list(hubs.certificates.list_by_iot_hub(GROUP, HUB).value)
    seen = seen or patiently(lambda: certificates(hubs), ("not there yet",))
    told = {"tags": {"a": "b", "told": "once"}}
    services.iot_dps_resource.begin_update(GROUP, SERVICE, told, **PACE).result()
    patiently(lambda: marked(services.iot_dps_resource.get(**NAMED)), ("not told yet",))

    # 7 Enrollment group.
    owner = services.iot_dps_resource.list_keys_for_key_name(key_name="provisioningserviceowner", **NAMED)
    host = service.properties.service_operations_host_name
    plane = Service(host, owner.primary_key, owner.key_name, "2026-11-01")
    names = {"namespaceName": NAMESPACE, "certificateAuthorityName": ISSUING, "certificatePolicyName": POLICY}
    group_key = plane.enroll(ENROLLMENT, names)

    # 8 A device.
    thumbprints = [it.properties.thumbprint for it in seen]
    device.prove(service.properties.id_scope, group_key, "2026-11-01", hub.properties.host_name, 45, thumbprints)
    key = hubs.iot_hub_resource.get_keys_for_key_name(GROUP, HUB, "iothubowner").primary_key
    device.known_to_hub(hub.properties.host_name, key)

    # And away with it.
    plane.drop(ENROLLMENT)
    registry.drop(policy.id)
    registry.drop(issuing.id)
    registry.drop(root.id)
    services.iot_dps_resource.begin_delete(**NAMED, **PACE).result()
    hubs.iot_hub_resource.begin_delete(GROUP, HUB, **PACE).result()
    patiently(lambda: registry.drop(registry.namespace), ("linked", "Linked"))
    check(list(azure.resources.resources.list_by_resource_group(GROUP)) == [], "something is left")
    azure.resources.resource_groups.begin_delete(GROUP, **PACE).result()
    check(not azure.resources.resource_groups.check_existence(GROUP), "the group is still there")
    print("setup_2026: every resource right, and gone again")


def later(told):
    raise HttpResponseError(told)


def whole(found):
    """A resource that shows its principal, which comes late."""
    return found if found.identity and found.identity.principal_id else later("not whole yet")


def link(registry, body):
    """One write of the links, and their end."""
    try:
        registry.put(registry.namespace, body)
    except HttpResponseError as error:
        later(f"not linked yet: {error.message}")
    found = states(registry.get(registry.namespace))
    return found if found == ["Succeeded", "Succeeded"] else later(f"not linked yet: {found}")


def marked(service):
    return service if (service.tags or {}).get("told") == "once" else later("not told yet")


def certificates(hubs):
    """The hub's certificates, once there are any."""
    return hubs.certificates.list_by_iot_hub(GROUP, HUB).value or later("not there yet")


if __name__ == "__main__":
    main()
