//! One world that holds a resource of every kind, and the table of those kinds that the other tests go through.

use serde_json::{Value, json};

use crate::sandbox::links::setup::{self as links, at};
use crate::sandbox::setup::{
    A, CUSTOM_ROLE, HUB_APPLICATION, dps_id, hub_id, identity_id, namespace_id, role_body,
};
use crate::sandbox::support::{Azure, CALM, SUBSCRIPTION, group_path};

pub const GROUPS: &str = "2025-04-01";
pub const IDENTITIES: &str = "2023-01-31";
pub const AUTHORIZATION: &str = "2022-04-01";

/// One kind of resource, by one that is there.
pub struct Kind {
    pub name: &'static str,
    pub id: String,
    pub version: &'static str,
    /// Lists that hold it, without their api-version.
    pub lists: Vec<String>,
    /// What a PATCH says, and where it is read back.
    pub patch: Option<(Value, &'static str, Value)>,
}

impl Kind {
    pub fn path(&self) -> String {
        at(&self.id, self.version)
    }

    /// `Microsoft.Devices` and `IotHubs/certificates`; groups are a type of `Microsoft.Resources`.
    pub fn provider_and_type(&self) -> (String, String) {
        let Some((_, rest)) = self.id.rsplit_once("/providers/") else {
            return ("Microsoft.Resources".to_owned(), "resourceGroups".to_owned());
        };
        let (provider, rest) = rest.split_once('/').unwrap();
        let types: Vec<&str> = rest.split('/').step_by(2).collect();
        (provider.to_owned(), types.join("/"))
    }
}

/// Both object models, without eventual consistency; `more` comes after the latencies.
pub fn both(more: &str) -> String {
    format!("base = \"both-models\"\n{CALM}fill_in = 0\n{more}")
}

pub fn subscription(rest: &str) -> String {
    format!("/subscriptions/{SUBSCRIPTION}{rest}")
}

/// A world with everything in it, at speed 0.
pub async fn whole(more: &str) -> (tempfile::TempDir, Azure) {
    let (folder, azure) = links::world(&both(more)).await;
    azure.make_everything(A).await;
    let role = group_path(&format!("/providers/Microsoft.Authorization/roleDefinitions/{CUSTOM_ROLE}"));
    azure.put(&at(&role, AUTHORIZATION), role_body("a role of its own")).await.expect(201);
    azure.put_and_wait(&at(&links::hub_id(), links::HUB), links::plain()).await.expect(200);
    azure.put_and_wait(&at(&links::dps_id(), links::DPS), links::plain()).await.expect(200);
    azure.put_and_wait(&at(&links::namespace_id(), links::REGISTRY), links::bare()).await.expect(200);
    azure.grant(links::REGISTRY, &[]).await;
    let linked = azure.link_with(links::REGISTRY, links::linked()).await;
    assert_eq!(links::states(&linked), ["Succeeded", "Succeeded", "Succeeded"], "{}", linked.body);
    azure.make_authorities().await;
    azure.tell_data_plane().await;
    let body = links::enrollment_body();
    azure.enroll("PUT", links::DATA, Some(&body)).await.expect(200);
    (folder, azure)
}

/// Every kind of `whole`, those that others need last, so that the table can be deleted from the top.
pub async fn kinds(azure: &Azure) -> Vec<Kind> {
    let tags = || Some((json!({"tags": {"patched": "yes"}}), "/tags/patched", json!("yes")));
    let everywhere = |kind: &str| {
        let resources = |at: String| format!("{at}/resources");
        let mut lists = vec![resources(group_path("")), resources(subscription(""))];
        lists
            .extend([group_path(&format!("/providers/{kind}")), subscription(&format!("/providers/{kind}"))]);
        lists
    };
    let kind = |name, id: String, version, lists, patch| Kind { name, id, version, lists, patch };
    let below = |parent: String, kind: &str| vec![format!("{parent}/{kind}")];
    let authorization = |kind: &str| format!("/providers/Microsoft.Authorization/{kind}");
    let certificate = azure.hub_certificates(A).await[0]["id"].as_str().unwrap().to_owned();
    let assignments = group_path(&authorization("roleAssignments"));
    let filter = format!("?api-version={AUTHORIZATION}&$filter=principalId%20eq%20'{HUB_APPLICATION}'");
    let assignment = azure.get(&format!("{assignments}{filter}")).await.expect(200).text("/value/0/id");
    let days = |days: u32| {
        let whole = json!({"properties": {"certificate": {
            "certificateAuthorityConfiguration": {"keyType": "ECC"},
            "leafCertificateConfiguration": {"validityPeriodInDays": days},
        }}});
        Some((
            whole,
            "/properties/certificate/leafCertificateConfiguration/validityPeriodInDays",
            json!(days),
        ))
    };
    let credential = format!("{}/credentials/default", namespace_id());
    let policy = format!("{credential}/policies/default");
    let leaves = json!({"properties": {"certificate": {"validityPeriodInDays": 31}}});
    let leaves = Some((leaves, "/properties/certificate/validityPeriodInDays", json!(31)));
    let scopes = vec![
        assignments.clone(),
        subscription(&authorization("roleAssignments")),
        format!("{}{}", namespace_id(), authorization("roleAssignments")),
    ];
    vec![
        kind("hub certificate", certificate, A.hub, below(hub_id(), "certificates"), None),
        kind("role assignment", assignment, AUTHORIZATION, scopes, None),
        kind(
            "certificate policy",
            links::policy_id(),
            links::REGISTRY,
            below(links::ica_id(), "certificatePolicies"),
            leaves,
        ),
        kind(
            "issuing authority",
            links::ica_id(),
            links::REGISTRY,
            below(links::namespace_id(), "certificateAuthorities"),
            tags(),
        ),
        kind(
            "root authority",
            links::root_id(),
            links::REGISTRY,
            below(links::namespace_id(), "certificateAuthorities"),
            tags(),
        ),
        kind("linked hub", links::hub_id(), links::HUB, everywhere("Microsoft.Devices/IotHubs"), tags()),
        kind(
            "linked service",
            links::dps_id(),
            links::DPS,
            everywhere("Microsoft.Devices/provisioningServices"),
            tags(),
        ),
        kind(
            "linking namespace",
            links::namespace_id(),
            links::REGISTRY,
            everywhere("Microsoft.DeviceRegistry/namespaces"),
            tags(),
        ),
        kind("policy", policy, A.registry, below(credential.clone(), "policies"), days(31)),
        kind("credential", credential, A.registry, below(namespace_id(), "credentials"), tags()),
        kind("hub", hub_id(), A.hub, everywhere("Microsoft.Devices/IotHubs"), tags()),
        kind(
            "provisioning service",
            dps_id(),
            A.dps,
            everywhere("Microsoft.Devices/provisioningServices"),
            tags(),
        ),
        kind(
            "namespace",
            namespace_id(),
            A.registry,
            everywhere("Microsoft.DeviceRegistry/namespaces"),
            tags(),
        ),
        kind(
            "identity",
            identity_id(),
            IDENTITIES,
            everywhere("Microsoft.ManagedIdentity/userAssignedIdentities"),
            tags(),
        ),
        kind(
            "role definition",
            // A definition is the subscription's, wherever it was put.
            subscription(&format!("{}/{CUSTOM_ROLE}", authorization("roleDefinitions"))),
            AUTHORIZATION,
            vec![group_path(&authorization("roleDefinitions"))],
            None,
        ),
        kind("group", group_path(""), GROUPS, vec![subscription("/resourcegroups")], tags()),
    ]
}

/// The version that a list takes: its own type's, or the resource manager's.
pub fn list_at(kind: &Kind, list: &str) -> String {
    let own = list.contains("/providers/");
    at(list, if own { kind.version } else { GROUPS })
}

/// The ids of a list.
pub fn ids(list: &Value) -> Vec<String> {
    list["value"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}
