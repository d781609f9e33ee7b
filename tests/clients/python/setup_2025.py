"""The whole setup of the object model of 2025 by Microsoft's SDK: make, look, list, change, take down."""

from azure.mgmt.deviceregistry import DeviceRegistryMgmtClient
from azure.mgmt.iothub import IotHubClient
from azure.mgmt.iothubprovisioningservices import IotDpsClient

import device
from common import CONTRIBUTOR, LOCATION, PACE, Azure, Service, check, patiently, raw, refused

REGISTRY_CONTRIBUTOR = "a5c3590a-3a1a-4cd4-9648-ea0a32b15137"
REGISTRY_ONBOARDING = "547f7f0a-69c0-4807-bd9e-0321dfb66a84"
HUB_REGISTRY_CONTRIBUTOR = "4ea46cd5-c1b2-4a8e-910b-273211f9ce47"
GROUP, NAMESPACE, POLICY, HUB, SERVICE = "sdk-2025", "sdk-2025-ns", "sdk-policy", "sdk-2025-hub", "sdk-2025-dps"
SERVICE_VERSION = "2025-02-01-preview"
IDENTITY, ENROLLMENT = "sdk-2025-id", "sdk-devices"


def main():
    azure = Azure()
    azure.sign_in_as_managed_identity()
    azure.registered()
    registry = DeviceRegistryMgmtClient(azure.credential, azure.subscription)
    hubs = IotHubClient(azure.credential, azure.subscription)
    services = IotDpsClient(azure.credential, azure.subscription)

    # 1 Roles and identity.
    group_id = azure.group(GROUP)
    azure.assign(group_id, azure.hub_application(), CONTRIBUTOR)
    identity = azure.identity(GROUP, IDENTITY)
    role = azure.role(group_id, "SDK role 2025")

    # 2 Namespace.
    refused(404, "ResourceNotFound", lambda: registry.namespaces.get(GROUP, NAMESPACE))
    body = {"location": LOCATION, "identity": {"type": "SystemAssigned"}}
    namespace = registry.namespaces.begin_create_or_replace(GROUP, NAMESPACE, body, **PACE).result()
    check(namespace.properties.provisioning_state == "Succeeded", namespace)
    check(namespace.identity.principal_id, namespace)
    tagged = registry.namespaces.begin_update(GROUP, NAMESPACE, {"tags": {"a": "b"}}, **PACE).result()
    check(tagged.tags == {"a": "b"}, tagged)
    check([it.name for it in registry.namespaces.list_by_resource_group(GROUP)] == [NAMESPACE], "not listed")
    check(NAMESPACE in [it.name for it in registry.namespaces.list_by_subscription()], "not listed")
    for given in (REGISTRY_CONTRIBUTOR, REGISTRY_ONBOARDING):
        azure.assign(namespace.id, identity.principal_id, given)

    # 3 Credential and policy.
    begun = registry.credentials.begin_create_or_update(GROUP, NAMESPACE, {"location": LOCATION}, **PACE)
    check(begun.result().properties.provisioning_state == "Succeeded", "no credential")
    check(registry.credentials.get(GROUP, NAMESPACE).name == "default", "no credential")
    check([it.name for it in registry.credentials.list_by_resource_group(GROUP, NAMESPACE)] == ["default"], "not listed")
    certificate = {
        "certificateAuthorityConfiguration": {"keyType": "ECC"},
        "leafCertificateConfiguration": {"validityPeriodInDays": 30},
    }
    body = {"properties": {"certificate": certificate}}
    policy = registry.policies.begin_create_or_update(GROUP, NAMESPACE, POLICY, body, **PACE).result()
    check(policy.properties.certificate.certificate_authority_configuration.subject, policy)
    certificate["leafCertificateConfiguration"] = {"validityPeriodInDays": 45}
    longer = {"properties": {"certificate": certificate}}
    updated = registry.policies.begin_update(GROUP, NAMESPACE, POLICY, longer, **PACE).result()
    days = updated.properties.certificate.leaf_certificate_configuration.validity_period_in_days
    check(days == 45, updated)
    listed = registry.policies.list_by_resource_group(GROUP, NAMESPACE)
    check([it.name for it in listed] == [POLICY], "not listed")

    # 4 Hub.
    free = hubs.iot_hub_resource.check_name_availability({"name": HUB})
    check(free.name_available, free)
    check([it.resource_type for it in hubs.iot_hub_resource.list_by_resource_group(GROUP)] == [], "a hub is there")
    body = {
        "location": LOCATION,
        "sku": {"name": "GEN2", "capacity": 1},
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {identity.id: {}}},
        "properties": {
            "eventHubEndpoints": {"events": {"retentionTimeInDays": 1, "partitionCount": 4}},
            "deviceRegistry": {"namespaceResourceId": namespace.id, "identityResourceId": identity.id},
        },
    }
    create = lambda: hubs.iot_hub_resource.begin_create_or_update(GROUP, HUB, body, **PACE).result()
    hub = patiently(create, ("400913",))
    check((hub.properties.state, hub.properties.provisioning_state) == ("Active", "Succeeded"), hub)
    check(hub.properties.device_registry.namespace_resource_id.lower() == namespace.id.lower(), hub)
    taken = hubs.iot_hub_resource.check_name_availability({"name": HUB})
    check((taken.name_available, taken.reason) == (False, "AlreadyExists"), taken)
    tagged = hubs.iot_hub_resource.begin_update(GROUP, HUB, {"tags": {"a": "b"}}, **PACE).result()
    check(tagged.tags == {"a": "b"}, tagged)
    hub = hubs.iot_hub_resource.get(GROUP, HUB)
    stale = lambda: hubs.iot_hub_resource.begin_create_or_update(GROUP, HUB, hub, if_match="AAAA", **PACE).result()
    refused(412, "IH412001", stale)
    hub.tags["c"] = "d"
    fresh = hubs.iot_hub_resource.begin_create_or_update(GROUP, HUB, hub, if_match=hub.etag, **PACE).result()
    check(fresh.tags == {"a": "b", "c": "d"} and fresh.etag != hub.etag, fresh)
    check([it.name for it in hubs.iot_hub_resource.list_by_resource_group(GROUP)] == [HUB], "not listed")
    check(HUB in [it.name for it in hubs.iot_hub_resource.list_by_subscription()], "not listed")
    keys = {key.key_name: key for key in hubs.iot_hub_resource.list_keys(GROUP, HUB)}
    one = hubs.iot_hub_resource.get_keys_for_key_name(GROUP, HUB, "iothubowner")
    check(one.primary_key == keys["iothubowner"].primary_key, keys)
    check(list(hubs.iot_hub_resource.get_quota_metrics(GROUP, HUB)), "no quota")
    check(list(hubs.iot_hub_resource.get_valid_skus(GROUP, HUB)), "no skus")
    check(hubs.iot_hub_resource.get_stats(GROUP, HUB).total_device_count == 0, "devices")
    check(hubs.resource_provider_common.get_subscription_quota().value, "no subscription quota")
    for given in (CONTRIBUTOR, HUB_REGISTRY_CONTRIBUTOR):
        azure.assign(hub.id, namespace.identity.principal_id, given)

    # 5 Provisioning service, and the hub in its list.
    free = services.iot_dps_resource.check_provisioning_service_name_availability({"name": SERVICE})
    check(free.name_available, free)
    body = {
        "location": LOCATION,
        "sku": {"name": "S1", "capacity": 1},
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {identity.id: {}}},
        "properties": {
            "deviceRegistryNamespace": {
                "resourceId": namespace.id,
                "authenticationType": "UserAssigned",
                "selectedUserAssignedIdentityResourceId": identity.id,
            }
        },
    }
    create = lambda: services.iot_dps_resource.begin_create_or_update(GROUP, SERVICE, body, **PACE).result()
    service = patiently(create, ("400913",))
    check(service.properties.state == "Active" and service.properties.id_scope, service)
    secret = f"HostName={hub.properties.host_name};SharedAccessKeyName=iothubowner;SharedAccessKey={one.primary_key}"
    service.properties.iot_hubs = [{"connectionString": secret, "location": LOCATION}]
    linked = services.iot_dps_resource.begin_create_or_update(GROUP, SERVICE, service, **PACE).result()
    check([it.name for it in linked.properties.iot_hubs] == [hub.properties.host_name], linked)
    check(one.primary_key not in linked.properties.iot_hubs[0].connection_string, "a key is shown")
    # Once more with what was read, as az does when it links another hub.
    again = services.iot_dps_resource.begin_create_or_update(GROUP, SERVICE, linked, **PACE).result()
    check([it.name for it in again.properties.iot_hubs] == [hub.properties.host_name], again)
    tagged = services.iot_dps_resource.begin_update(GROUP, SERVICE, {"tags": {"a": "b"}}, **PACE).result()
    check(tagged.tags == {"a": "b"}, tagged)
    check([it.name for it in services.iot_dps_resource.list_by_resource_group(GROUP)] == [SERVICE], "not listed")
    check(SERVICE in [it.name for it in services.iot_dps_resource.list_by_subscription()], "not listed")
    # This client forgets the subscription in the URLs of single services: these are its requests, written out.
    read = raw(services, "GET", service.id, SERVICE_VERSION).json()
    check(read["properties"]["idScope"] == service.properties.id_scope, read)
    skus = raw(services, "GET", f"{service.id}/skus", SERVICE_VERSION).json()
    check([it["name"] for it in skus["value"]] == ["S1"], skus)
    keys = raw(services, "POST", f"{service.id}/listkeys", SERVICE_VERSION).json()["value"]
    owner = raw(services, "POST", f"{service.id}/keys/provisioningserviceowner/listkeys", SERVICE_VERSION).json()
    check(owner in keys, keys)

    # 6 Synchronization.
    push = lambda: registry.credentials.begin_synchronize(GROUP, NAMESPACE, **PACE).result()
    patiently(push, ("AuthorizationFailed",))
    seen = patiently(lambda: certificates(hubs), ("not there yet",))
    # The live service spells this property with a capital, which the client has no field for.
    check(seen[0].properties.additional_properties["PolicyResourceId"].lower() == policy.id.lower(), seen)

    # 7 Enrollment group.
    host = service.properties.service_operations_host_name
    plane = Service(host, owner["primaryKey"], owner["keyName"], "2025-07-01-preview")
    group_key = plane.enroll(ENROLLMENT, {"credentialPolicyName": POLICY, "provisioningStatus": "enabled"})

    # 8 A device.
    thumbprints = [it.properties.thumbprint for it in seen]
    device.prove(service.properties.id_scope, group_key, "2025-07-01-preview", hub.properties.host_name, 45, thumbprints)
    device.known_to_hub(hub.properties.host_name, one.primary_key)
    check(hubs.iot_hub_resource.get_stats(GROUP, HUB).total_device_count == 1, "the hub counts no device")
    state = plane.send("GET", "/registrations/device-1").json()
    check(state["status"] == "assigned", state)

    # Everything is listed; then it goes, in the order that Azure wants.
    kinds = sorted(it.type.lower() for it in azure.resources.resources.list_by_resource_group(GROUP))
    check(len(kinds) == 4, kinds)
    plane.drop(ENROLLMENT)
    azure.resources.resources.begin_delete_by_id(service.id, api_version=SERVICE_VERSION, **PACE).result()
    hubs.iot_hub_resource.begin_delete(GROUP, HUB, **PACE).result()
    registry.policies.begin_delete(GROUP, NAMESPACE, POLICY, **PACE).result()
    registry.credentials.begin_delete(GROUP, NAMESPACE, **PACE).result()
    patiently(lambda: registry.namespaces.begin_delete(GROUP, NAMESPACE, **PACE).result(), ("linked", "Linked"))
    refused(404, "ResourceNotFound", lambda: registry.namespaces.get(GROUP, NAMESPACE))
    for assignment in list(azure.authorization.role_assignments.list_for_resource_group(GROUP)):
        if assignment.scope.lower().startswith(group_id.lower()):
            azure.authorization.role_assignments.delete(assignment.scope, assignment.name)
    azure.authorization.role_definitions.delete(group_id, role)
    azure.identities.user_assigned_identities.delete(GROUP, IDENTITY)
    check(list(azure.resources.resources.list_by_resource_group(GROUP)) == [], "something is left")
    azure.resources.resource_groups.begin_delete(GROUP, **PACE).result()
    check(not azure.resources.resource_groups.check_existence(GROUP), "the group is still there")
    print("setup_2025: every resource right, and gone again")


def certificates(hubs):
    """The hub's certificates, once there are any."""
    from azure.core.exceptions import HttpResponseError

    found = hubs.certificates.list_by_iot_hub(GROUP, HUB).value
    if not found:
        raise HttpResponseError("not there yet")
    return found


if __name__ == "__main__":
    main()
