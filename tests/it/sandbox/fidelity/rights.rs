//! Who may do what where: each principal's own assignments, evaluated anew with every request.

use serde_json::json;

use super::kinds::{GROUPS, subscription};
use super::two::{APPLICATION, Block, Two};
use crate::sandbox::links::setup::at;
use crate::sandbox::setup::{A, hub_id, identity_id, namespace_id};
use crate::sandbox::support::{east, group_path};

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
