//! Which right each call asks for, on either plane, and the words in which Azure refuses it.

use serde_json::{Value, json};

use super::kinds::{GROUPS, subscription};
use super::two::{APPLICATION, Block, CLIENT, Two};
use crate::sandbox::links::setup::{self as links, at};
use crate::sandbox::setup::{A, DPS_HOST, dps_id, hub_id, identity_id, namespace_id};
use crate::sandbox::support::{ARM, east, group_path};

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
