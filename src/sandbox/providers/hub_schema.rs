//! Bodies of hubs, from the 2025-08-01-preview, 2026-03-01-preview, 2026-10-01-preview and stable specifications.
//!
//! Parts that hubs accept and this world does not act on (routing endpoints, encryption, private links) are not looked into.

use crate::sandbox::schema::{Field, Shape, TAGS, optional, read_only, required};

static EVENTS: [Field; 5] = [
    optional("retentionTimeInDays", Shape::Whole(1, 7)),
    optional("partitionCount", Shape::Whole(2, 128)),
    read_only("partitionIds"),
    read_only("path"),
    read_only("endpoint"),
];
static EVENT_ENDPOINTS: [Field; 1] = [required("events", Shape::Object(&EVENTS))];
static FEEDBACK: [Field; 3] = [
    optional("lockDurationAsIso8601", Shape::Text),
    optional("ttlAsIso8601", Shape::Text),
    optional("maxDeliveryCount", Shape::Whole(1, 100)),
];
static CLOUD_TO_DEVICE: [Field; 3] = [
    optional("maxDeliveryCount", Shape::Whole(1, 100)),
    optional("defaultTtlAsIso8601", Shape::Text),
    optional("feedback", Shape::Object(&FEEDBACK)),
];
static STORAGE: [Field; 5] = [
    required("connectionString", Shape::Text),
    required("containerName", Shape::Text),
    optional("sasTtlAsIso8601", Shape::Text),
    optional("authenticationType", Shape::OneOf(&["keyBased", "identityBased"])),
    optional("identity", Shape::Anything),
];
static IP_RULE: [Field; 4] = [
    required("filterName", Shape::Text),
    required("action", Shape::OneOf(&["Accept", "Reject"])),
    required("ipMask", Shape::Text),
    optional("target", Shape::OneOf(&["all", "serviceApi", "deviceApi"])),
];
static NETWORK_RULE: [Field; 3] = [
    required("filterName", Shape::Text),
    optional("action", Shape::OneOf(&["Allow"])),
    required("ipMask", Shape::Text),
];
static NETWORK_RULES: [Field; 3] = [
    optional("defaultAction", Shape::OneOf(&["Deny", "Allow"])),
    required("applyToBuiltInEventHubEndpoint", Shape::Flag),
    required("ipRules", Shape::ListOf(&Shape::Object(&NETWORK_RULE))),
];
static ROUTING: [Field; 4] = [
    optional("endpoints", Shape::Anything),
    optional("routes", Shape::ListOf(&Shape::Anything)),
    optional("fallbackRoute", Shape::Anything),
    optional("enrichments", Shape::ListOf(&Shape::Anything)),
];
static POLICY: [Field; 4] = [
    required("keyName", Shape::Text),
    required("rights", Shape::Text),
    optional("primaryKey", Shape::Text),
    optional("secondaryKey", Shape::Text),
];
static ROOT: [Field; 2] = [optional("enableRootCertificateV2", Shape::Flag), read_only("lastUpdatedTimeUtc")];
static LINK: [Field; 2] =
    [optional("namespaceResourceId", Shape::Text), optional("identityResourceId", Shape::Text)];

macro_rules! properties {
    ($events:ident, $($link:expr),*) => {
        [
            optional("authorizationPolicies", Shape::ListOf(&Shape::Object(&POLICY))),
            optional("disableLocalAuth", Shape::Flag),
            optional("disableDeviceSAS", Shape::Flag),
            optional("disableModuleSAS", Shape::Flag),
            optional("restrictOutboundNetworkAccess", Shape::Flag),
            optional("allowedFqdnList", Shape::ListOf(&Shape::Text)),
            optional("publicNetworkAccess", Shape::OneOf(&["Enabled", "Disabled"])),
            optional("ipFilterRules", Shape::ListOf(&Shape::Object(&IP_RULE))),
            optional("networkRuleSets", Shape::Object(&NETWORK_RULES)),
            optional("minTlsVersion", Shape::Text),
            optional("privateEndpointConnections", Shape::ListOf(&Shape::Anything)),
            read_only("provisioningState"),
            read_only("state"),
            read_only("hostName"),
            $events("eventHubEndpoints", Shape::Object(&EVENT_ENDPOINTS)),
            optional("routing", Shape::Object(&ROUTING)),
            optional("storageEndpoints", Shape::MapOf(&Shape::Object(&STORAGE))),
            optional("messagingEndpoints", Shape::MapOf(&Shape::Object(&FEEDBACK))),
            optional("enableFileUploadNotifications", Shape::Flag),
            optional("cloudToDevice", Shape::Object(&CLOUD_TO_DEVICE)),
            optional("comments", Shape::Text),
            optional("deviceStreams", Shape::Anything),
            optional("features", Shape::OneOf(&["None", "DeviceManagement"])),
            optional("encryption", Shape::Anything),
            read_only("locations"),
            optional("enableDataResidency", Shape::Flag),
            optional("rootCertificate", Shape::Object(&ROOT)),
            optional("ipVersion", Shape::OneOf(&["ipv4", "ipv6", "ipv4ipv6"])),
            $($link),*
        ]
    };
}

static PREVIEW_PROPERTIES: [Field; 29] =
    properties!(required, optional("deviceRegistry", Shape::Object(&LINK)));
static STABLE_PROPERTIES: [Field; 28] = properties!(required,);
static LINKS_PROPERTIES: [Field; 32] = properties!(
    optional,
    read_only("deviceRegistry"),
    read_only("deviceHostName"),
    read_only("serviceHostName"),
    read_only("iotHubDetails")
);

static ASSIGNED: [Field; 2] = [read_only("principalId"), read_only("clientId")];
static IDENTITY: [Field; 4] = [
    required(
        "type",
        Shape::OneOf(&["SystemAssigned", "UserAssigned", "SystemAssigned, UserAssigned", "None"]),
    ),
    optional("userAssignedIdentities", Shape::MapOf(&Shape::Object(&ASSIGNED))),
    read_only("principalId"),
    read_only("tenantId"),
];
static PREVIEW_SKU: [Field; 3] = [
    required("name", Shape::OneOf(&["F1", "S1", "S2", "S3", "B1", "B2", "B3", "GEN2"])),
    optional("capacity", Shape::Whole(1, 200)),
    read_only("tier"),
];
static STABLE_SKU: [Field; 3] = [
    required("name", Shape::OneOf(&["F1", "S1", "S2", "S3", "B1", "B2", "B3"])),
    optional("capacity", Shape::Whole(1, 200)),
    read_only("tier"),
];

/// Body of the preview versions: with a namespace link and the GEN2 sku.
pub(crate) static PREVIEW: [Field; 8] = [
    required("location", Shape::Text),
    optional("tags", TAGS),
    optional("etag", Shape::Text),
    optional("resourcegroup", Shape::Text),
    optional("subscriptionid", Shape::Text),
    required("sku", Shape::Object(&PREVIEW_SKU)),
    optional("identity", Shape::Object(&IDENTITY)),
    required("properties", Shape::Object(&PREVIEW_PROPERTIES)),
];
/// Body of the stable versions.
pub(crate) static STABLE: [Field; 8] = [
    required("location", Shape::Text),
    optional("tags", TAGS),
    optional("etag", Shape::Text),
    optional("resourcegroup", Shape::Text),
    optional("subscriptionid", Shape::Text),
    required("sku", Shape::Object(&STABLE_SKU)),
    optional("identity", Shape::Object(&IDENTITY)),
    required("properties", Shape::Object(&STABLE_PROPERTIES)),
];

/// Body of the versions of the 2026 model: no GEN2, and the namespace is not the hub's to name.
pub(crate) static LINKS: [Field; 8] = [
    required("location", Shape::Text),
    optional("tags", TAGS),
    optional("etag", Shape::Text),
    optional("resourcegroup", Shape::Text),
    optional("subscriptionid", Shape::Text),
    required("sku", Shape::Object(&STABLE_SKU)),
    optional("identity", Shape::Object(&IDENTITY)),
    optional("properties", Shape::Object(&LINKS_PROPERTIES)),
];

/// The billing tier of a sku.
pub(crate) fn tier(sku: &str) -> &'static str {
    match sku {
        "F1" => "Free",
        "GEN2" => "Generation2",
        name if name.starts_with('B') => "Basic",
        _ => "Standard",
    }
}
