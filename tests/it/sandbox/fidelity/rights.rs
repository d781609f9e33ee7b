//! Who may do what where: each principal's own assignments, evaluated anew with every request.
//!
//! Ada, a person, owns the subscription and gives roles; the application, which owns nothing, tries them out.

use serde_json::{Value, json};

use super::kinds::{GROUPS, subscription};
use crate::sandbox::links::setup::{self as links, at, world};
use crate::sandbox::setup::{A, DPS_HOST, dps_id, hub_id, identity_id, namespace_id};
use crate::sandbox::support::{ARM, Answer, Azure, CALM, east, group_path};

const APPLICATION: &str = "55555555-5555-4555-8555-555555555555";
const CLIENT: &str = "44444444-4444-4444-8444-444444444444";

/// A world with Ada's token in front, and the application's.
struct Two {
    azure: Azure,
    application: String,
    _folder: tempfile::TempDir,
}

/// Blocks of one permission: actions, notActions, dataActions, notDataActions.
type Block<'text> = [&'text [&'text str]; 4];

impl Two {
    async fn open(more: &str) -> Self {
        let people = "[sign_in]\ndevice_polls = 0\n[[sign_in.people]]\nname = \"ada@sandbox.example\"\nobject_id = \"77777777-7777-4777-8777-777777777777\"\nroles = [\"Owner\"]\n";
        let text = format!("base = \"both-models\"\n{CALM}fill_in = 0\n[caller]\nroles = []\n{people}{more}");
        let (folder, mut azure) = world(&text).await;
        let application = std::mem::take(&mut azure.token);
        let base = format!("http://{}/organizations/oauth2/v2.0", azure.sandbox.address());
        let post = async |path: &str, form: &[(&str, &str)]| {
            let request = azure.client.post(format!("{base}/{path}"));
            Azure::read(request.header("host", "login.microsoftonline.com").form(form)).await.expect(200)
        };
        let client = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";
        let scope = "https://management.azure.com/.default";
        let code = post("devicecode", &[("client_id", client), ("scope", scope)]).await.text("/device_code");
        let form = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("client_id", client),
            ("device_code", code.as_str()),
        ];
        azure.token = post("token", &form).await.text("/access_token");
        Self { azure, application, _folder: folder }
    }

    /// Asks as the application.
    async fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let bearer = format!("Bearer {}", self.application);
        let headers = [("authorization", bearer.as_str()), ("if-match", "*")];
        self.azure.send(method, ARM, path, &headers, body).await
    }

    async fn may(&self, method: &str, path: &str, body: Option<&Value>) -> bool {
        let answer = self.ask(method, path, body).await;
        let refused = answer.code() == "AuthorizationFailed";
        assert_eq!(refused, answer.status == 403, "{method} {path}: {}", answer.body);
        !refused
    }

    /// Defines a role, or defines it anew.
    async fn define(&self, number: u32, blocks: &[Block<'_>]) -> String {
        let guid = format!("00000000-0000-4000-8000-{number:012}");
        let permissions: Vec<Value> = blocks
            .iter()
            .map(|[actions, not, data, not_data]| {
                json!({"actions": actions, "notActions": not, "dataActions": data, "notDataActions": not_data})
            })
            .collect();
        let body = json!({"properties": {
            "roleName": format!("role {number}"), "type": "CustomRole",
            "assignableScopes": [subscription("")], "permissions": permissions,
        }});
        let path = subscription(&format!("/providers/Microsoft.Authorization/roleDefinitions/{guid}"));
        self.azure.put(&at(&path, "2022-04-01"), body).await.expect(201);
        guid
    }

    /// Gives the application a role; the assignment's path comes back.
    async fn give(&self, scope: &str, role: &str) -> String {
        let given = self.azure.assign(scope, APPLICATION, role).await.expect(201);
        at(&given.text("/id"), "2022-04-01")
    }

    async fn take(&self, assignment: &str) {
        self.azure.arm("DELETE", assignment, None).await.expect(200);
    }
}

fn identity(name: &str) -> String {
    at(&identity_id().replace("uami", name), "2023-01-31")
}

#[tokio::test(flavor = "multi_thread")]
async fn actions_and_what_is_taken_from_them_are_matched_with_wildcards() {
    let two = Two::open("").await;
    two.azure.put(&at(&group_path(""), GROUPS), east()).await.expect(201);
    two.azure.put(&identity("own"), east()).await.expect(201);
    let all = "Microsoft.ManagedIdentity/userAssignedIdentities";
    let of = |verb: &str| format!("{all}/{verb}");
    let (read, write, delete, any) = (of("read"), of("write"), of("delete"), of("*"));
    // Read, write, delete of an identity; read of the group.
    let rows: [(&[&str], &[&str], [bool; 4]); 13] = [
        (&["*"], &[], [true, true, true, true]),
        (&["*/read"], &[], [true, false, false, true]),
        (&[&read], &[], [true, false, false, false]),
        (&[&write], &[], [false, true, false, false]),
        (&[&delete], &[], [false, false, true, false]),
        (&[&any], &[], [true, true, true, false]),
        (&["microsoft.managedidentity/*"], &[], [true, true, true, false]),
        (&["Microsoft.ManagedIdentity/*/write"], &[], [false, true, false, false]),
        (&["*"], &[&write], [true, false, true, true]),
        (&["*"], &["*/delete", "*/write"], [true, false, false, true]),
        (&[&any], &["Microsoft.ManagedIdentity/*"], [false, false, false, false]),
        (&["Microsoft.Devices/*"], &[], [false, false, false, false]),
        (&["Microsoft.ManagedIdentity/userAssignedIdentities/re"], &[], [false, false, false, false]),
    ];
    for (index, (actions, not, [reads, writes, deletes, group])) in rows.into_iter().enumerate() {
        let role = two.define(u32::try_from(index).unwrap(), &[[actions, not, &[], &[]]]).await;
        let given = two.give(&subscription(""), &role).await;
        let what = format!("{actions:?} without {not:?}");
        assert_eq!(two.may("GET", &identity("own"), None).await, reads, "read: {what}");
        assert_eq!(two.may("PUT", &identity("fresh"), Some(&east())).await, writes, "write: {what}");
        assert_eq!(
            two.may("PATCH", &identity("own"), Some(&json!({"tags": {}}))).await,
            writes,
            "patch: {what}"
        );
        assert_eq!(two.may("DELETE", &identity("fresh"), None).await, deletes, "delete: {what}");
        assert_eq!(two.may("GET", &at(&group_path(""), GROUPS), None).await, group, "group: {what}");
        two.take(&given).await;
        assert!(!two.may("GET", &identity("own"), None).await, "what was taken is gone: {what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_add_up_and_none_takes_from_another() {
    let two = Two::open("").await;
    two.azure.put(&at(&group_path(""), GROUPS), east()).await.expect(201);
    let own = identity("own");
    let reader = two.define(1, &[[&["*"], &["*/write", "*/delete"], &[], &[]]]).await;
    let writer = two.define(2, &[[&["Microsoft.ManagedIdentity/*/write"], &[], &[], &[]]]).await;
    two.give(&subscription(""), &reader).await;
    assert!(!two.may("PUT", &own, Some(&east())).await);
    // notActions of the first is no denial: the second gives what the first leaves out.
    let given = two.give(&group_path(""), &writer).await;
    assert!(two.may("PUT", &own, Some(&east())).await && two.may("GET", &own, None).await);
    assert!(!two.may("DELETE", &own, None).await);
    two.take(&given).await;
    assert!(!two.may("PUT", &own, Some(&east())).await);
    // So do the blocks of one role.
    let blocks: [Block<'_>; 2] =
        [[&["*/read"], &[], &[], &[]], [&["Microsoft.ManagedIdentity/*"], &["*/delete"], &[], &[]]];
    let both = two.define(3, &blocks).await;
    two.give(&group_path(""), &both).await;
    assert!(two.may("PUT", &own, Some(&east())).await);
    assert!(!two.may("DELETE", &own, None).await);
    // And the permissions of the caller tell what is in force at a scope.
    let list = group_path("/providers/Microsoft.Authorization/permissions");
    let told = two.ask("GET", &at(&list, "2022-04-01"), None).await.expect(200);
    assert_eq!(told.body["value"].as_array().unwrap().len(), 3, "{}", told.body);
    let list = subscription("/providers/Microsoft.Authorization/permissions");
    let told = two.ask("GET", &at(&list, "2022-04-01"), None).await.expect(200);
    assert_eq!(told.body["value"].as_array().unwrap().len(), 1, "{}", told.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assignment_reaches_its_scope_and_what_is_below() {
    let two = Two::open("").await;
    let azure = &two.azure;
    azure.make_everything(A).await;
    let sibling = subscription("/resourceGroups/sibling");
    azure.put(&at(&sibling, GROUPS), east()).await.expect(201);
    let longer = subscription("/resourceGroups/devices-2");
    azure.put(&at(&longer, GROUPS), east()).await.expect(201);
    let other = "/subscriptions/33333333-3333-4333-8333-333333333333";
    azure.put(&at(&format!("{other}/resourceGroups/devices"), GROUPS), east()).await.expect(201);
    let reader = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
    let certificate = azure.hub_certificates(A).await[0]["id"].as_str().unwrap().to_owned();
    let credential = format!("{}/credentials/default", namespace_id());
    let paths = [
        at(&subscription("/resourcegroups"), GROUPS),
        at(&sibling, GROUPS),
        at(&longer, GROUPS),
        at(&group_path(""), GROUPS),
        at(&namespace_id(), A.registry),
        at(&credential, A.registry),
        at(&format!("{credential}/policies/default"), A.registry),
        at(&hub_id(), A.hub),
        at(&certificate, A.hub),
        at(&format!("{other}/resourceGroups/devices"), GROUPS),
    ];
    let (y, n) = (true, false);
    for (scope, wanted) in [
        (subscription(""), [y, y, y, y, y, y, y, y, y, n]),
        (group_path(""), [n, n, n, y, y, y, y, y, y, n]),
        (group_path("").to_uppercase(), [n, n, n, y, y, y, y, y, y, n]),
        (sibling.clone(), [n, y, n, n, n, n, n, n, n, n]),
        (namespace_id(), [n, n, n, n, y, y, y, n, n, n]),
        (credential.clone(), [n, n, n, n, n, y, y, n, n, n]),
        (hub_id(), [n, n, n, n, n, n, n, y, y, n]),
    ] {
        let given = two.give(&scope, reader).await;
        for (path, wanted) in paths.iter().zip(wanted) {
            assert_eq!(two.may("GET", path, None).await, wanted, "{path} with a role at {scope}");
        }
        two.take(&given).await;
    }
    for path in &paths {
        assert!(!two.may("GET", path, None).await, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_changes_changes_what_may_be_done() {
    let two = Two::open("").await;
    two.azure.put(&at(&group_path(""), GROUPS), east()).await.expect(201);
    let own = identity("own");
    let role = two.define(1, &[[&["*/read"], &[], &[], &[]]]).await;
    two.give(&group_path(""), &role).await;
    assert!(!two.may("PUT", &own, Some(&east())).await);
    two.define(1, &[[&["Microsoft.ManagedIdentity/*"], &[], &[], &[]]]).await;
    assert!(two.may("PUT", &own, Some(&east())).await);
    two.define(1, &[[&["Microsoft.ManagedIdentity/*"], &["*/read"], &[], &[]]]).await;
    assert!(!two.may("GET", &own, None).await);
    assert!(two.may("DELETE", &own, None).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_action_asks_for_its_own_right_and_says_so_in_azures_words() {
    let two = Two::open("").await;
    two.azure.make_everything(A).await;
    let space = namespace_id();
    let credential = format!("{space}/credentials/default");
    let sub = subscription("");
    let group = group_path("");
    let east = east();
    let body = Some(&east);
    let rows: [(&str, String, Option<&Value>, &str, String); 20] = [
        (
            "GET",
            at(&group, GROUPS),
            None,
            "Microsoft.Resources/subscriptions/resourceGroups/read",
            group.clone(),
        ),
        (
            "PUT",
            at(&group, GROUPS),
            body,
            "Microsoft.Resources/subscriptions/resourceGroups/write",
            group.clone(),
        ),
        (
            "DELETE",
            at(&group, GROUPS),
            None,
            "Microsoft.Resources/subscriptions/resourceGroups/delete",
            group.clone(),
        ),
        (
            "GET",
            at(&format!("{sub}/resources"), GROUPS),
            None,
            "Microsoft.Resources/subscriptions/resources/read",
            sub.clone(),
        ),
        (
            "GET",
            at(&format!("{sub}/providers/Microsoft.Devices"), GROUPS),
            None,
            "Microsoft.Devices/read",
            sub.clone(),
        ),
        (
            "POST",
            at(&format!("{sub}/providers/Microsoft.Devices/register"), GROUPS),
            None,
            "Microsoft.Devices/register/action",
            sub.clone(),
        ),
        (
            "PUT",
            at(&identity_id(), "2023-01-31"),
            body,
            "Microsoft.ManagedIdentity/userAssignedIdentities/write",
            identity_id(),
        ),
        ("GET", at(&space, A.registry), None, "Microsoft.DeviceRegistry/namespaces/read", space.clone()),
        ("PATCH", at(&space, A.registry), body, "Microsoft.DeviceRegistry/namespaces/write", space.clone()),
        (
            "DELETE",
            at(&credential, A.registry),
            None,
            "Microsoft.DeviceRegistry/namespaces/credentials/delete",
            credential.clone(),
        ),
        (
            "POST",
            at(&format!("{credential}/synchronize"), A.registry),
            None,
            "Microsoft.DeviceRegistry/namespaces/credentials/synchronize/action",
            credential.clone(),
        ),
        (
            "GET",
            at(&format!("{credential}/policies/default"), A.registry),
            None,
            "Microsoft.DeviceRegistry/namespaces/credentials/policies/read",
            format!("{credential}/policies/default"),
        ),
        ("PUT", at(&hub_id(), A.hub), body, "Microsoft.Devices/IotHubs/write", hub_id()),
        (
            "POST",
            at(&format!("{}/listkeys", hub_id()), A.hub),
            None,
            "Microsoft.Devices/IotHubs/listkeys/action",
            hub_id(),
        ),
        (
            "GET",
            at(&format!("{}/certificates", hub_id()), A.hub),
            None,
            "Microsoft.Devices/IotHubs/certificates/read",
            hub_id(),
        ),
        ("DELETE", at(&dps_id(), A.dps), None, "Microsoft.Devices/provisioningServices/delete", dps_id()),
        (
            "POST",
            at(&format!("{}/listkeys", dps_id()), A.dps),
            None,
            "Microsoft.Devices/provisioningServices/listkeys/action",
            dps_id(),
        ),
        (
            "GET",
            at(&format!("{group}/providers/Microsoft.Authorization/roleAssignments"), "2022-04-01"),
            None,
            "Microsoft.Authorization/roleAssignments/read",
            group.clone(),
        ),
        (
            "GET",
            at(&format!("{group}/providers/Microsoft.Authorization/locks"), "2016-09-01"),
            None,
            "Microsoft.Authorization/locks/read",
            group.clone(),
        ),
        (
            "GET",
            at(&format!("{group}/providers/Microsoft.Authorization/denyAssignments"), "2022-04-01"),
            None,
            "Microsoft.Authorization/denyAssignments/read",
            group.clone(),
        ),
    ];
    for (method, path, body, action, scope) in rows {
        let refused = two.ask(method, &path, body).await;
        let message = format!(
            "The client '{CLIENT}' with object id '{APPLICATION}' does not have authorization to perform action '{action}' over scope '{scope}' or the scope is invalid. If access was recently granted, please refresh your credentials."
        );
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (403, "AuthorizationFailed"),
            "{method} {path}"
        );
        assert_eq!(refused.text("/error/message"), message);
    }
    // What exists is not told to who may not see it.
    let missing = two.ask("GET", &at(&format!("{space}-not"), A.registry), None).await;
    assert_eq!(missing.code(), "AuthorizationFailed");
    // Whoever may see nothing sees that there are subscriptions, and their own permissions.
    two.ask("GET", &at("/subscriptions", "2022-12-01"), None).await.expect(200);
    let own = at(&format!("{sub}/providers/Microsoft.Authorization/permissions"), "2022-04-01");
    assert_eq!(two.ask("GET", &own, None).await.expect(200).body["value"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_is_assigned_only_by_who_may_assign_it() {
    let two = Two::open("").await;
    two.azure.put(&at(&group_path(""), GROUPS), east()).await.expect(201);
    two.azure.put(&at(&identity_id(), "2023-01-31"), east()).await.expect(201);
    let writer =
        two.define(1, &[[&["Microsoft.Devices/*", "Microsoft.DeviceRegistry/*"], &[], &[], &[]]]).await;
    two.give(&group_path(""), &writer).await;
    let mut body = links::plain();
    body["identity"] = json!({"type": "UserAssigned", "userAssignedIdentities": {identity_id(): {}}});
    let mut space = json!({"location": "eastus2"});
    space["identity"] = body["identity"].clone();
    let rows = [
        (links::hub_id(), links::HUB, &body, "Microsoft.Devices/IotHubs/write"),
        (links::dps_id(), links::DPS, &body, "Microsoft.Devices/provisioningServices/write"),
        (links::namespace_id(), links::REGISTRY, &space, "Microsoft.DeviceRegistry/namespaces/write"),
    ];
    for (id, version, body, write) in &rows {
        let put = async || {
            let bearer = format!("Bearer {}", two.application);
            two.azure.send("PUT", ARM, &at(id, version), &[("authorization", &bearer)], Some(body)).await
        };
        let refused = put().await;
        let message = format!(
            "The client '{CLIENT}' with object id '{APPLICATION}' has permission to perform action '{write}' on scope '{id}'; however, it does not have permission to perform action(s) 'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action' on the linked scope(s) '{}' (respectively) or the linked scope(s) are invalid.",
            identity_id()
        );
        assert_eq!((refused.status, refused.code().as_str()), (403, "LinkedAuthorizationFailed"));
        assert_eq!(refused.text("/error/message"), message);
        two.azure.get(&at(id, version)).await.refused(404, "ResourceNotFound");
    }
    // The operator's role, on that identity alone.
    two.give(&identity_id(), "f1a07417-d97a-45cb-824c-7a7467783830").await;
    for (id, version, body, _) in &rows {
        let bearer = format!("Bearer {}", two.application);
        two.azure
            .send("PUT", ARM, &at(id, version), &[("authorization", &bearer)], Some(body))
            .await
            .expect(201);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denial_outdoes_every_role() {
    let denial = format!(
        "[[deny_assignments]]\nname = \"kept\"\nscope = \"{}\"\nactions = [\"Microsoft.ManagedIdentity/*\"]\nnot_actions = [\"*/read\"]\nprincipals = [\"{APPLICATION}\"]\n",
        group_path("")
    );
    let two = Two::open(&denial).await;
    two.azure.put(&at(&group_path(""), GROUPS), east()).await.expect(201);
    let owner = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
    two.give(&subscription(""), owner).await;
    let refused = two.ask("PUT", &identity("own"), Some(&east())).await;
    refused.refused(403, "DenyAssignmentAuthorizationFailed");
    // It is about one principal, and about writes.
    two.azure.put(&identity("own"), east()).await.expect(201);
    two.ask("GET", &identity("own"), None).await.expect(200);
    two.ask("PATCH", &at(&group_path(""), GROUPS), Some(&json!({"tags": {}}))).await.expect(200);
    let list = group_path("/providers/Microsoft.Authorization/denyAssignments");
    let told = two.azure.get(&at(&list, "2022-04-01")).await.expect(200);
    assert_eq!(told.text("/value/0/properties/principals/0/id"), APPLICATION);
}

#[tokio::test(flavor = "multi_thread")]
async fn data_actions_are_for_the_data_plane_and_come_from_data_roles_alone() {
    let two = Two::open("").await;
    two.azure.make_everything(A).await;
    let token = two.azure.sign_in("https://azure-devices-provisioning.net/.default").await.expect(200);
    let bearer = format!("Bearer {}", token.text("/access_token"));
    let version = "api-version=2025-07-01-preview";
    let mut group = crate::sandbox::setup::group_body("default");
    group["enrollmentGroupId"] = json!("group-2");
    let query = json!({"query": "SELECT * FROM enrollmentGroups"});
    let calls = [
        ("GET", "/enrollmentGroups/group-1", None),
        ("POST", "/enrollmentGroups/query", Some(&query)),
        ("POST", "/enrollmentGroups/group-1/attestationmechanism", None),
        ("PUT", "/enrollmentGroups/group-2", Some(&group)),
        ("DELETE", "/enrollmentGroups/group-2", None),
        ("POST", "/registrations/group-1/query", Some(&query)),
        ("DELETE", "/registrations/nobody", None),
    ];
    let all = "Microsoft.Devices/provisioningServices";
    let groups = format!("{all}/enrollmentGroups/*");
    let (y, n) = (true, false);
    let star = format!("{all}/*");
    let reads = format!("{all}/*/read");
    let delete = format!("{all}/enrollmentGroups/delete");
    let keys = format!("{all}/attestationmechanism/details/action");
    let states = format!("{all}/registrationStates/*");
    let rows: [(Block<'_>, [bool; 7]); 8] = [
        // However much a role may do to the resource, its data is another matter.
        ([&["*"], &[], &[], &[]], [n, n, n, n, n, n, n]),
        ([&[], &[], &[&star], &[]], [y, y, y, y, y, y, y]),
        ([&[], &[], &["*"], &[]], [y, y, y, y, y, y, y]),
        ([&[], &[], &[&reads], &[]], [y, y, n, n, n, y, n]),
        ([&[], &[], &[&groups], &[]], [y, y, n, y, y, n, n]),
        ([&[], &[], &[&star], &[&delete]], [y, y, y, y, n, y, y]),
        ([&[], &[], &[&star], &[&groups]], [n, n, y, n, n, y, y]),
        ([&[], &[], &[&keys, &states], &[]], [n, n, y, n, n, y, y]),
    ];
    for (index, (block, wanted)) in rows.into_iter().enumerate() {
        let role = two.define(u32::try_from(index).unwrap(), &[block]).await;
        let given = two.give(&group_path(""), &role).await;
        for ((method, path, body), wanted) in calls.into_iter().zip(wanted) {
            let headers = [("authorization", bearer.as_str()), ("if-match", "*")];
            // Creating takes no tag.
            let headers = if method == "PUT" { &headers[..1] } else { &headers[..] };
            let path = format!("{path}?{version}");
            let answer = two.azure.send(method, DPS_HOST, &path, headers, body).await;
            let refused = answer.code() == "403001";
            assert_eq!(refused, answer.status == 403, "{}", answer.body);
            assert_eq!(!refused, wanted, "{method} {path} with {block:?}: {}", answer.body);
            if refused {
                assert!(answer.text("/message").contains("data action"), "{}", answer.body);
            }
        }
        two.take(&given).await;
        // What a row has made and may not delete.
        let signed = two.azure.owner_signature(A).await;
        two.azure.enrollment("DELETE", "group-2", &signed, None, None).await;
    }
}
