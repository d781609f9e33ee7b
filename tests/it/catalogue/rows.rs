//! The table: for each entry of the catalogue, which request is made to fail in the sandbox, and what must come of it.

use super::support::{Comes, Model, Row};
use Comes::{Compared, Fails, Right, RightOnTheWayBack};
use Model::{Of2025, Of2026};

const GROUP: &str = "*/resourcegroups/rg-contoso-factory";
const ROLE: &str = "*/roleDefinitions/*";
const APP: &str = "*/servicePrincipals(*";
const APP_ROLE: &str = "*/rg-contoso-factory/providers/Microsoft.Authorization/roleAssignments/*";
const NAMESPACE: &str = "*/namespaces/contoso-factory-ns";
const NAMESPACE_ROLE: &str = "*/contoso-factory-ns/providers/Microsoft.Authorization/roleAssignments/*";
const CREDENTIAL: &str = "*/credentials/default";
const POLICY: &str = "*/credentials/default/policies/*";
const HUB: &str = "*/IotHubs/contoso-factory-hub";
const DPS: &str = "*/provisioningServices/contoso-factory-dps";
const AUTHORITY: &str = "*/certificateAuthorities/*";
const LEAF_POLICY: &str = "*/certificatePolicies/*";
const ENROLLMENT: &str = "/enrollmentGroups/*";

const ONCE: &str = "nth = [1]";
/// The second request of its kind: the first makes the resource, the second links.
const SECOND: &str = "nth = [2]";
const ALWAYS: &str = "";

/// A refusal: how often, status, shape, code, message.
fn refuse(when: &str, status: u16, shape: &str, code: &str, message: &str) -> String {
    format!(
        "{when}\naction = \"refuse\"\nstatus = {status}\nshape = \"{shape}\"\ncode = \"{code}\"\nmessage = \"{message}\""
    )
}

fn arm(when: &str, status: u16, code: &str) -> String {
    refuse(when, status, "arm", code, "No.")
}

/// An operation that is accepted and ends so.
fn ends(when: &str, how: &str, code: &str, message: &str) -> String {
    format!("{}\nends = \"{how}\"", refuse(when, 201, "async", code, message).replace("status = 201\n", ""))
}

fn row(
    key: &'static str,
    model: Model,
    (method, path): (&'static str, &'static str),
    does: String,
    step: &'static str,
    comes: Comes,
) -> Row {
    Row { key, model, world: "", method, path, does, step, comes }
}

/// Of the links of a world rather than of a script.
fn linking(key: &'static str, world: &'static str, step: &'static str, comes: Comes) -> Row {
    Row { key, model: Of2026, world, method: "PUT", path: NAMESPACE, does: String::new(), step, comes }
}

pub fn general() -> Vec<Row> {
    let put = |path| ("PUT", path);
    let action = |when: &str, action: &str| format!("{when}\naction = \"{action}\"\nseconds = 2");
    let mut rows = Vec::new();
    // What both models share is seen in both.
    for model in [Of2025, Of2026] {
        let hub = "hub.create";
        rows.extend([
            row("reply-lost", model, put(HUB), action(ONCE, "lost"), hub, Right),
            row("reply-lost", model, put(HUB), action(ONCE, "reset"), hub, Right),
            row("reply-lost", model, put(HUB), action(ONCE, "torn"), hub, Right),
            row("throttled", model, put(HUB), action(ONCE, "throttle"), hub, Right),
            row("azure-could-not-answer", model, put(HUB), action(ONCE, "unavailable"), hub, Right),
            row("azure-could-not-answer", model, put(HUB), action(ONCE, "html"), hub, Right),
            row("azure-could-not-answer", model, put(HUB), arm(ONCE, 504, "GatewayTimeout"), hub, Right),
            row("azure-could-not-answer", model, put(HUB), arm(ALWAYS, 500, "ServerBusy"), hub, Fails),
            row("operation-failed", model, put(HUB), ends(ONCE, "Failed", "OfItsOwn", "No."), hub, Fails),
            row(
                "operation-cancelled",
                model,
                put(HUB),
                ends(ONCE, "Canceled", "OfItsOwn", "No."),
                hub,
                Fails,
            ),
            row(
                "operation-cancelled",
                model,
                put(HUB),
                ends(ONCE, "Cancelled", "OfItsOwn", "No."),
                hub,
                Fails,
            ),
            row(
                "not-found",
                model,
                put(HUB),
                "nth = [1]\naction = \"hidden\"\ntimes = 2".to_owned(),
                hub,
                Right,
            ),
            row("changed-meanwhile", model, put(HUB), arm(ONCE, 412, "PreconditionFailed"), hub, Right),
            row("conflict", model, put(HUB), arm(ALWAYS, 409, "Conflict"), hub, Fails),
            row("token-refused", model, put(HUB), action(ONCE, "expired"), hub, Right),
            row("token-refused", model, put(HUB), action(ALWAYS, "expired"), hub, Fails),
        ]);
    }
    let group = "access.resource-group";
    rows.extend([
        Row {
            world: "[quirks]\nhub_not_active = true",
            ..row("still-running", Of2025, ("", ""), String::new(), "hub.create", Fails)
        },
        row("not-azure", Of2025, put(GROUP), action(ALWAYS, "redirect"), group, Fails),
        row("proxy-sign-in", Of2025, put(GROUP), arm(ALWAYS, 407, "Proxy"), group, Fails),
        row("forbidden", Of2025, put(GROUP), arm(ALWAYS, 403, "Forbidden"), group, Fails),
        row(
            "wrong-tenant",
            Of2025,
            put(GROUP),
            arm(ALWAYS, 401, "InvalidAuthenticationTokenTenant"),
            group,
            Fails,
        ),
    ]);
    rows
}

pub fn resources() -> Vec<Row> {
    let put = |path| ("PUT", path);
    let mut rows = Vec::new();
    for model in [Of2025, Of2026] {
        let (group, hub) = ("access.resource-group", "hub.create");
        let unregistered = refuse(
            ONCE,
            409,
            "arm",
            "MissingSubscriptionRegistration",
            "The subscription is not registered to use namespace 'Microsoft.Devices'.",
        );
        rows.extend([
            row("provider-not-registered", model, put(HUB), unregistered, hub, Right),
            row("busy", model, put(HUB), arm(ONCE, 409, "AnotherOperationInProgress"), hub, Right),
            row(
                "busy",
                model,
                put(HUB),
                refuse(ONCE, 409, "flat", "409001", "The hub is in transition."),
                hub,
                Right,
            ),
            row("busy", model, put(HUB), arm(ALWAYS, 409, "AnotherOperationInProgress"), hub, Fails),
            row(
                "region-not-offered",
                model,
                put(HUB),
                arm(ALWAYS, 400, "LocationNotAvailableForResourceType"),
                hub,
                Fails,
            ),
            row(
                "version-not-offered",
                model,
                put(HUB),
                arm(ALWAYS, 400, "NoRegisteredProviderFound"),
                hub,
                Fails,
            ),
            row("group-missing", model, put(HUB), arm(ALWAYS, 404, "ResourceGroupNotFound"), hub, Fails),
            row(
                "group-elsewhere",
                model,
                put(GROUP),
                arm(ALWAYS, 409, "InvalidResourceGroupLocation"),
                group,
                Fails,
            ),
            row(
                "subscription-not-found",
                model,
                put(GROUP),
                arm(ALWAYS, 404, "SubscriptionNotFound"),
                group,
                Fails,
            ),
            row(
                "subscription-disabled",
                model,
                put(GROUP),
                arm(ALWAYS, 409, "ReadOnlyDisabledSubscription"),
                group,
                Fails,
            ),
            row("policy-denies", model, put(HUB), arm(ALWAYS, 403, "RequestDisallowedByPolicy"), hub, Fails),
            row(
                "policy-denies",
                model,
                put(HUB),
                ends(ALWAYS, "Failed", "RequestDisallowedByPolicy", "No."),
                hub,
                Fails,
            ),
            row("locked", model, put(HUB), arm(ALWAYS, 409, "ScopeLocked"), hub, Fails),
            row(
                "quota-used-up",
                model,
                put(HUB),
                refuse(ALWAYS, 400, "flat", "400000", "You have the maximum number of hubs."),
                hub,
                Fails,
            ),
            row(
                "name-taken",
                model,
                put(DPS),
                refuse(ALWAYS, 400, "flat", "IH400307", "No."),
                "dps.create",
                Fails,
            ),
            row("name-taken", model, put(HUB), arm(ALWAYS, 409, "IotHubNameTaken"), hub, Fails),
        ]);
    }
    rows.extend([
        row(
            "model-closed",
            Of2025,
            put(CREDENTIAL),
            arm(ALWAYS, 405, "DisallowedResourceOperation"),
            "certificates.credential",
            Fails,
        ),
        row(
            "parent-missing",
            Of2025,
            put(POLICY),
            arm(ALWAYS, 404, "ParentResourceNotFound"),
            "certificates.policy",
            Fails,
        ),
        row(
            "parent-missing",
            Of2026,
            put(AUTHORITY),
            arm(ALWAYS, 404, "ParentResourceNotFound"),
            "certificates.root-ca",
            Fails,
        ),
        row(
            "quota-used-up",
            Of2026,
            put(AUTHORITY),
            arm(ALWAYS, 409, "CertificateAuthorityQuotaExceeded"),
            "certificates.root-ca",
            Fails,
        ),
        row(
            "credential-quota",
            Of2025,
            put(CREDENTIAL),
            arm(ALWAYS, 400, "CredentialQuotaExceeded"),
            "certificates.credential",
            Fails,
        ),
        row(
            "app-not-in-tenant",
            Of2025,
            ("GET", APP),
            refuse(ALWAYS, 404, "graph", "Request_ResourceNotFound", "No."),
            "access.hub-app",
            Fails,
        ),
        row(
            "directory-closed",
            Of2025,
            ("GET", APP),
            refuse(ALWAYS, 403, "graph", "Authorization_RequestDenied", "No."),
            "access.hub-app",
            Fails,
        ),
        row(
            "namespace-in-use",
            Of2025,
            ("DELETE", NAMESPACE),
            arm(ONCE, 409, "NamespaceHasLinkedResources"),
            "namespace.delete",
            RightOnTheWayBack,
        ),
        row(
            "namespace-in-use",
            Of2026,
            ("DELETE", NAMESPACE),
            arm(ONCE, 409, "NamespaceHasLinkedResources"),
            "namespace.delete",
            RightOnTheWayBack,
        ),
    ]);
    rows
}

pub fn access() -> Vec<Row> {
    let put = |path| ("PUT", path);
    let (role, app_role, fresh) =
        ("access.adr-role", "access.hub-app-contributor", "namespace.identity-role");
    let mut rows = Vec::new();
    for (model, fresh) in [(Of2025, fresh), (Of2026, "namespace.own-roles")] {
        let group = "access.resource-group";
        rows.extend([
            row("not-permitted", model, put(GROUP), arm(ALWAYS, 403, "AuthorizationFailed"), group, Fails),
            row("not-permitted", model, put(GROUP), arm(ONCE, 403, "AuthorizationFailed"), group, Right),
            row(
                "not-permitted",
                model,
                put(NAMESPACE_ROLE),
                arm(ALWAYS, 403, "AuthorizationFailed"),
                fresh,
                Fails,
            ),
            row(
                "denied-by-assignment",
                model,
                put(GROUP),
                refuse(
                    ALWAYS,
                    403,
                    "arm",
                    "AuthorizationFailed",
                    "It is denied because of the deny assignment 1.",
                ),
                group,
                Fails,
            ),
            row(
                "principal-not-found",
                model,
                put(NAMESPACE_ROLE),
                arm(ONCE, 400, "PrincipalNotFound"),
                fresh,
                Right,
            ),
            row(
                "principal-not-found",
                model,
                put(NAMESPACE_ROLE),
                arm(ALWAYS, 400, "PrincipalNotFound"),
                fresh,
                Fails,
            ),
            row(
                "principal-type-wrong",
                model,
                put(NAMESPACE_ROLE),
                arm(ALWAYS, 400, "UnmatchedPrincipalType"),
                fresh,
                Fails,
            ),
            row(
                "role-exists",
                model,
                put(NAMESPACE_ROLE),
                arm(ONCE, 409, "RoleAssignmentExists"),
                fresh,
                Compared,
            ),
            row(
                "role-assignment-bound",
                model,
                put(NAMESPACE_ROLE),
                arm(ALWAYS, 400, "RoleAssignmentUpdateNotPermitted"),
                fresh,
                Fails,
            ),
            row(
                "role-assignments-full",
                model,
                put(NAMESPACE_ROLE),
                arm(ALWAYS, 409, "RoleAssignmentLimitExceeded"),
                fresh,
                Fails,
            ),
            row(
                "role-not-known-yet",
                model,
                put(NAMESPACE_ROLE),
                arm(ONCE, 400, "RoleDefinitionDoesNotExist"),
                fresh,
                Right,
            ),
            row(
                "role-not-known-yet",
                model,
                put(NAMESPACE_ROLE),
                arm(ALWAYS, 400, "RoleDefinitionDoesNotExist"),
                fresh,
                Fails,
            ),
        ]);
    }
    let effective = |when| {
        refuse(when, 400, "flat", "IH400913", "It does not have the required DeviceRegistry permissions.")
    };
    let sync = ("POST", "*/synchronize");
    rows.extend([
        // Of the namespace's identity, not of the caller.
        row(
            "grant-not-effective",
            Of2025,
            sync,
            arm(ALWAYS, 403, "AuthorizationFailed"),
            "sync.synchronize",
            Fails,
        ),
        row(
            "roles-not-replicated",
            Of2025,
            sync,
            ends(ONCE, "Failed", "AuthorizationFailed", "No."),
            "sync.synchronize",
            Right,
        ),
        row(
            "role-not-assignable-here",
            Of2025,
            put(APP_ROLE),
            arm(ALWAYS, 400, "RoleAssignmentScopeNotAssignableToRoleDefinition"),
            app_role,
            Fails,
        ),
        row(
            "role-name-taken",
            Of2025,
            put(ROLE),
            arm(ALWAYS, 409, "RoleDefinitionWithSameNameExists"),
            role,
            Fails,
        ),
        row("role-refused", Of2025, put(ROLE), arm(ALWAYS, 400, "InvalidActionOrNotAction"), role, Fails),
        row(
            "role-in-use",
            Of2025,
            ("DELETE", ROLE),
            arm(ONCE, 400, "RoleDefinitionHasAssignments"),
            "access.delete-adr-role",
            RightOnTheWayBack,
        ),
        row("grant-not-effective", Of2025, put(HUB), effective(ONCE), "hub.create", Right),
        row("grant-not-effective", Of2025, put(HUB), effective(ALWAYS), "hub.create", Fails),
        row("grant-not-effective", Of2025, put(DPS), effective(ONCE), "dps.create", Right),
        row(
            "grant-not-effective",
            Of2025,
            put(HUB),
            ends(ONCE, "Failed", "IH400913", "No."),
            "hub.create",
            Right,
        ),
    ]);
    rows
}

pub fn links() -> Vec<Row> {
    let link = |key, does, comes| row(key, Of2026, ("PUT", NAMESPACE), does, "link.connect", comes);
    let says = |status, code, message| refuse(SECOND, status, "arm", code, message);
    let mut rows: Vec<Row> = [
        "AdrMiNotAuthorized",
        "LinkableResourceNotReady",
        "LinkInitiateFailed",
        "NamespaceMiTokenAcquisitionFailed",
        "OutboundIdentityUnavailable",
    ]
    .into_iter()
    .map(|code| link("roles-not-replicated", says(400, code, "Not yet."), Right))
    .collect();
    rows.extend([
        linking(
            "roles-not-replicated",
            "[links]\nfailures = [{ endpoint = \"hub\", code = \"AuthorizationFailed\", times = 2 }]",
            "link.connect",
            Right,
        ),
        link(
            "link-target-unfinished",
            says(400, "LinkableResourceNotReady", "The hub is in state Creating."),
            Right,
        ),
        linking(
            "link-failed",
            "[links]\nfailures = [{ endpoint = \"hub\", code = \"ADRLinkingFailed\", times = 99 }]",
            "link.connect",
            Fails,
        ),
        linking(
            "link-failed",
            "[links]\nfailures = [{ endpoint = \"dps\", code = \"SomethingOfItsOwn\", times = 99 }]",
            "link.connect",
            Fails,
        ),
        link("link-target-missing", says(400, "LinkableResourceNotFound", "No."), Fails),
        link("provisioning-link-first", says(400, "ProvisioningEndpointRequired", "No."), Fails),
        link("link-immutable", says(400, "EndpointsAreImmutable", "Endpoints are immutable."), Fails),
        link("namespace-settling", says(409, "ResourceProvisioningInProgress", "Not yet."), Right),
        row(
            "namespace-failed",
            Of2026,
            ("PUT", AUTHORITY),
            arm(ONCE, 409, "ResourceProvisioningFailed"),
            "certificates.root-ca",
            Right,
        ),
        row(
            "namespace-settling",
            Of2026,
            ("PUT", AUTHORITY),
            arm(ONCE, 409, "ResourceProvisioningInProgress"),
            "certificates.root-ca",
            Right,
        ),
        row(
            "namespace-settling",
            Of2026,
            ("PUT", LEAF_POLICY),
            arm(ONCE, 409, "ResourceProvisioningInProgress"),
            "certificates.policy",
            Right,
        ),
        linking("namespace-ghost", "[links]\nghost = true", "namespace.create", Right),
        row(
            "policy-under-root",
            Of2026,
            ("PUT", LEAF_POLICY),
            arm(ALWAYS, 409, "PolicyRequiresIssuingCa"),
            "certificates.policy",
            Fails,
        ),
        row(
            "identity-at-creation-only",
            Of2026,
            ("PUT", DPS),
            refuse(ALWAYS, 400, "flat", "IH400158", "No."),
            "dps.create",
            Fails,
        ),
        row(
            "hub-list-owned",
            Of2025,
            ("PUT", DPS),
            refuse(SECOND, 409, "flat", "IH409313", "No."),
            "dps.link-hub",
            Fails,
        ),
    ]);
    rows
}

pub fn plane() -> Vec<Row> {
    let group = "enrollment.group";
    let put = |key, model, does, comes| row(key, model, ("PUT", ENROLLMENT), does, group, comes);
    let says = |when, status, code, message| refuse(when, status, "dps", code, message);
    let mut rows = vec![
        row(
            "hub-not-active",
            Of2025,
            ("PUT", DPS),
            refuse(SECOND, 400, "flat", "404002", "No."),
            "dps.link-hub",
            Right,
        ),
        row(
            "hub-not-active",
            Of2025,
            ("PUT", DPS),
            refuse(SECOND, 400, "flat", "401001", "No."),
            "dps.link-hub",
            Right,
        ),
        row(
            "already-linked",
            Of2025,
            ("PUT", DPS),
            refuse(SECOND, 400, "flat", "IH400303", "No."),
            "dps.link-hub",
            Compared,
        ),
        put(
            "namespace-unknown-to-dps",
            Of2026,
            says(ONCE, 400, "400004", "The namespace is not known."),
            Right,
        ),
        put(
            "version-not-served",
            Of2026,
            says(ALWAYS, 400, "400004", "The api-version is not supported."),
            Fails,
        ),
        put("dps-not-authorized", Of2026, says(ONCE, 403, "403000", "No."), Right),
        put("dps-not-authorized", Of2026, says(ALWAYS, 403, "403000", "No."), Fails),
    ];
    for model in [Of2025, Of2026] {
        rows.extend([
            put("enrollment-refused", model, says(ALWAYS, 400, "400004", "A name is missing."), Fails),
            put("signature-refused", model, says(ONCE, 401, "401003", "No."), Right),
            put("signature-refused", model, says(ALWAYS, 401, "401003", "No."), Fails),
        ]);
    }
    rows
}
