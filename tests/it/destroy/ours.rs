//! Whose a thing is: all of the setup goes, nothing else does.

use hubup::domain::{Answers, Certificates, IdentityKind, Method, Outcome, Roles};
use serde_json::Value;

use super::support::{assert_complete, assert_same, changes, destroy, destroy_elsewhere, note, told, world};
use crate::support::{Cloud, LINKS, MODELS, Run, example};

const NEIGHBOURS: &str = include_str!("../../../assets/sandbox/neighbours.toml");

/// Sets up, and gives the world as it was before.
async fn set_up(cloud: &Cloud, answers: &Answers) -> Value {
    let before = world(cloud);
    let run = cloud.apply(answers, &[]).await;
    assert_eq!(run.with_outcome(Outcome::Failed), Vec::<String>::new(), "{}", told(&run));
    assert_ne!(world(cloud), before);
    before
}

fn left(run: &Run) -> Vec<String> {
    run.with_outcome(Outcome::Warned)
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_setup_is_left_and_a_second_destroy_changes_nothing() {
    for (world_text, steps) in [
        ("", 14),
        (NEIGHBOURS, 14),
        (include_str!("../../../assets/sandbox/march-2026.toml"), 14),
        (LINKS, 12),
    ] {
        let cloud = Cloud::open(world_text).await;
        let answers = example();
        let before = set_up(&cloud, &answers).await;
        let run = destroy(&cloud, &answers, &[]).await;
        assert_complete(&run);
        assert_eq!(left(&run), Vec::<String>::new(), "{}", told(&run));
        assert_same(&world(&cloud), &before, "");

        let again = destroy(&cloud, &answers, &[]).await;
        assert_complete(&again);
        assert_eq!(changes(&again), Vec::<String>::new());
        assert_eq!(again.with_outcome(Outcome::AlreadyThere).len(), steps, "{}", told(&again));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_and_derived_names_are_enough_without_a_journal() {
    for (_, model) in MODELS {
        let cloud = Cloud::open(model).await;
        let answers = example();
        let before = set_up(&cloud, &answers).await;
        assert_complete(&destroy_elsewhere(&cloud, &answers).await);
        assert_same(&world(&cloud), &before, model);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_choice_of_roles_and_certificates_goes_too() {
    for (roles, certificates) in [
        (Roles::BuiltIn, Certificates::On { leaf_days: 7 }),
        (Roles::Custom, Certificates::Off),
        (Roles::BuiltIn, Certificates::Off),
    ] {
        let cloud = Cloud::open("").await;
        let answers = Answers { roles, certificates, ..example() };
        let before = set_up(&cloud, &answers).await;
        assert_complete(&destroy(&cloud, &answers, &[]).await);
        assert_same(&world(&cloud), &before, &format!("{roles:?} {certificates:?}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_order_is_that_of_the_contract() {
    let cloud = Cloud::open("").await;
    let answers = example();
    set_up(&cloud, &answers).await;
    let run = destroy(&cloud, &answers, &[]).await;
    let deleted: Vec<String> = run
        .calls()
        .iter()
        .filter(|call| call.shown.method == Method::Delete)
        .map(|call| hubup::domain::target(&call.shown.url).split('/').next().unwrap().to_owned())
        .collect();
    let place = |kind: &str| deleted.iter().rposition(|found| found == kind).unwrap();
    let order = ["enrollmentGroups", "provisioningServices", "IotHubs", "namespaces"];
    assert!(order.windows(2).all(|pair| place(pair[0]) < place(pair[1])), "{deleted:?}");
    for later in ["roleAssignments", "roleDefinitions", "userAssignedIdentities"] {
        assert!(place("namespaces") < place(later), "{deleted:?}");
        assert!(place(later) < place("resourcegroups"), "{deleted:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setup_that_uses_all_of_another_one_takes_nothing_of_it_away() {
    let cloud = Cloud::open("").await;
    let first = example();
    let empty = set_up(&cloud, &first).await;
    let before = world(&cloud);
    let second = Answers { name: "second".into(), ..example() };
    assert_eq!(cloud.apply(&second, &[]).await.with_outcome(Outcome::Failed), Vec::<String>::new());
    assert_same(&world(&cloud), &before, "everything was used as it is");

    let run = destroy(&cloud, &second, &[]).await;
    assert_complete(&run);
    assert_same(&world(&cloud), &before, &told(&run));
    for step in [
        "dps.delete",
        "hub.delete",
        "namespace.delete",
        "access.delete-identity",
        "access.delete-resource-group",
    ] {
        assert!(note(&run, step).contains("belongs to the setup contoso-factory"), "{}", note(&run, step));
    }
    assert!(
        note(&run, "access.delete-adr-role").starts_with("left: somebody holds it still"),
        "{}",
        told(&run)
    );

    assert_complete(&destroy(&cloud, &first, &[]).await);
    assert_same(&world(&cloud), &empty, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_setups_in_one_group_go_one_after_the_other() {
    let cloud = Cloud::open("").await;
    let first = example();
    let empty = set_up(&cloud, &first).await;
    let second = Answers {
        name: "second".into(),
        namespace: "second-ns".into(),
        hub: "second-hub".into(),
        dps: "second-dps".into(),
        identity: "second-id".into(),
        role_name: "second role".into(),
        ..example()
    };
    let before = set_up(&cloud, &second).await;
    // The first one made the group and the grant that both need.
    let run = destroy(&cloud, &first, &[]).await;
    assert_complete(&run);
    assert_eq!(
        note(&run, "access.delete-hub-app-contributor"),
        "left: the setup second in the same group needs it"
    );
    let group = note(&run, "access.delete-resource-group");
    assert!(group.starts_with("left: it holds ") && group.contains("second-hub"), "{group}");
    assert_ne!(world(&cloud), before);

    let run = destroy(&cloud, &second, &[]).await;
    assert_complete(&run);
    assert!(note(&run, "access.delete-resource-group").contains("belongs to the setup contoso-factory"));
    // What both needed goes when the first is asked to go once more.
    assert_complete(&destroy(&cloud, &first, &[]).await);
    assert_same(&world(&cloud), &empty, "");
}

/// A group in which others have everything, linked as a setup would have it.
fn theirs(answers: &Answers, what: &[&str]) -> String {
    let mut text = String::new();
    let group = answers.resource_group_id();
    let id = |path: &str| format!("{group}/providers/{path}");
    let identity = id(&format!("Microsoft.ManagedIdentity/userAssignedIdentities/{}", answers.identity));
    let namespace = id(&format!("Microsoft.DeviceRegistry/namespaces/{}", answers.namespace));
    let mut add = |name: &str, id: &str, body: &str| {
        if what.contains(&name) {
            text.push_str(&format!(
                "[[resources]]\nid = \"{id}\"\nbody = {{ tags = {{ owner = \"them\" }}, {body} }}\n"
            ));
        }
    };
    let assigned = format!(
        "identity = {{ type = \"UserAssigned\", userAssignedIdentities = {{ \"{identity}\" = {{}} }} }}"
    );
    add("group", &group, "location = \"eastus2\"");
    add("identity", &identity, "location = \"eastus2\"");
    add("namespace", &namespace, "location = \"eastus2\", identity = { type = \"SystemAssigned\" }");
    add("credential", &format!("{namespace}/credentials/default"), "location = \"eastus2\"");
    add(
        "hub",
        &id(&format!("Microsoft.Devices/IotHubs/{}", answers.hub)),
        &format!(
            "location = \"{}\", sku = {{ name = \"GEN2\", capacity = 1 }}, {assigned}, properties = {{ \
             eventHubEndpoints = {{ events = {{ retentionTimeInDays = 1, partitionCount = 4 }} }}, deviceRegistry = {{ \
             namespaceResourceId = \"{namespace}\", identityResourceId = \"{identity}\" }} }}",
            answers.hub_location
        ),
    );
    add(
        "dps",
        &id(&format!("Microsoft.Devices/provisioningServices/{}", answers.dps)),
        &format!(
            "location = \"eastus2\", sku = {{ name = \"S1\", capacity = 1 }}, {assigned}, properties = {{ \
             allocationPolicy = \"Hashed\", deviceRegistryNamespace = {{ resourceId = \"{namespace}\", \
             authenticationType = \"UserAssigned\", selectedUserAssignedIdentityResourceId = \"{identity}\" }} }}"
        ),
    );
    add(
        "other",
        &id("Microsoft.ManagedIdentity/userAssignedIdentities/someone-elses"),
        "location = \"eastus2\"",
    );
    text
}

/// The world without what every change of a provisioning service changes.
fn at_rest(mut world: Value) -> Value {
    for resource in world["resources"].as_object_mut().unwrap().values_mut() {
        if resource["kind"] == "Microsoft.Devices/provisioningServices" {
            resource["body"].as_object_mut().unwrap().retain(|key, _| key == "properties" || key == "tags");
            resource["vault"].as_object_mut().unwrap().remove("keys");
            let properties = resource["body"]["properties"].as_object_mut().unwrap();
            properties.retain(|key, value| key != "authorizationPolicies" && *value != serde_json::json!([]));
        }
        resource["vault"]
            .as_object_mut()
            .unwrap()
            .retain(|key, value| key != "links" || *value != serde_json::json!({}));
    }
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_there_before_is_untouched() {
    let every = ["group", "identity", "namespace", "credential", "hub", "dps", "other"];
    for what in [
        &["group"][..],
        &["group", "other"],
        &["group", "identity"],
        &["group", "namespace"],
        &["group", "namespace", "credential"],
        &["group", "identity", "namespace", "hub"],
        &["group", "identity", "namespace", "dps"],
        &every,
    ] {
        let answers = example();
        let cloud = Cloud::open(&theirs(&answers, what)).await;
        let before = set_up(&cloud, &answers).await;
        let run = destroy(&cloud, &answers, &[]).await;
        assert_complete(&run);
        assert_same(&at_rest(world(&cloud)), &at_rest(before), &format!("{what:?}"));
        for (name, step) in [
            ("group", "access.delete-resource-group"),
            ("identity", "access.delete-identity"),
            ("namespace", "namespace.delete"),
            ("credential", "certificates.delete-credential"),
            ("hub", "hub.delete"),
            ("dps", "dps.delete"),
        ] {
            let is_left = note(&run, step).starts_with("left: it carries no tag hubup-setup=contoso-factory")
                || note(&run, step)
                    .starts_with("left: the namespace contoso-factory-ns is not of this setup");
            assert_eq!(is_left, what.contains(&name), "{what:?} {step}: {}", note(&run, step));
        }
        let again = destroy(&cloud, &answers, &[]).await;
        assert_complete(&again);
        assert_eq!(changes(&again), Vec::<String>::new(), "{what:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_known_to_be_ours_is_left_and_told() {
    // Their service, and no journal: neither the link nor the enrollment group can be told from theirs.
    let answers = example();
    let cloud = Cloud::open(&theirs(&answers, &["group", "identity", "namespace", "dps"])).await;
    set_up(&cloud, &answers).await;
    let run = destroy_elsewhere(&cloud, &answers).await;
    assert_complete(&run);
    assert!(
        note(&run, "dps.unlink-hub").contains("no journal on this machine says that hubup linked it"),
        "{}",
        told(&run)
    );
    assert!(note(&run, "enrollment.delete").starts_with("left: the provisioning service"), "{}", told(&run));
    let group = world(&cloud)["enrollment_groups"].clone();
    assert_eq!(group.as_object().unwrap().len(), 1, "{group}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_of_ours_stays_while_others_have_something_in_it() {
    let cloud = Cloud::open("").await;
    let answers = example();
    set_up(&cloud, &answers).await;
    // Somebody else puts an identity into the group meanwhile; it is a setup of theirs that makes it.
    let other = Answers { name: "other".into(), identity: "someone-elses".into(), ..example() };
    let plan = cloud.plan(&other).await;
    let skip: Vec<&'static str> = plan
        .steps()
        .filter(|step| step.id.as_str() != "access.identity")
        .map(|step| &*step.id.as_str().to_owned().leak())
        .collect();
    cloud.apply(&other, &skip).await;
    let run = destroy(&cloud, &answers, &[]).await;
    assert_complete(&run);
    assert_eq!(note(&run, "access.delete-resource-group"), "left: it holds someone-elses");
    let resources = world(&cloud)["resources"].clone();
    assert_eq!(resources.as_object().unwrap().len(), 2, "{resources}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_half_made_setup_goes_whole() {
    let skipped: &[&[&'static str]] = &[
        &["enrollment.group"],
        &["dps.create"],
        &["hub.create"],
        &["certificates.policy", "sync.synchronize", "sync.hub-certificate"],
        &["certificates.credential", "certificates.policy", "hub.create", "dps.create"],
        &["namespace.create"],
        &["access.identity"],
        &["access.adr-role"],
        &["access.hub-app-contributor"],
    ];
    for skip in skipped {
        let cloud = Cloud::open("").await;
        let before = world(&cloud);
        cloud.apply(&example(), skip).await;
        assert_complete(&destroy(&cloud, &example(), &[]).await);
        assert_same(&world(&cloud), &before, &format!("without {skip:?}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setup_that_failed_goes_whole() {
    for quirk in [
        "namespace_without_principal",
        "namespace_failed",
        "credential_failed",
        "policy_failed",
        "identity_without_principal",
        "hub_not_active",
        "hub_failed",
        "dps_not_active",
        "dps_failed",
        "dps_loses_link",
        "sync_writes_nothing",
        "enrollment_disabled",
        "role_actions_lost",
    ] {
        let cloud = Cloud::open(&format!("[quirks]\n{quirk} = true\n")).await;
        let before = world(&cloud);
        let run = cloud.apply(&example(), &[]).await;
        assert!(!run.with_outcome(Outcome::Failed).is_empty(), "{quirk}");
        let run = destroy(&cloud, &example(), &[]).await;
        assert_complete(&run);
        assert_same(&world(&cloud), &before, &format!("{quirk}: {}", told(&run)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_half_made_setup_of_links_goes_whole() {
    let skipped: &[&[&'static str]] = &[
        &["enrollment.group"],
        &["certificates.push"],
        &["certificates.policy"],
        &["certificates.issuing-ca"],
        &["certificates.root-ca"],
        &["link.settle"],
        &["link.connect"],
        &["namespace.own-roles"],
        &["namespace.create"],
        &["dps.create"],
        &["hub.create"],
    ];
    for skip in skipped {
        let cloud = Cloud::open(LINKS).await;
        let before = world(&cloud);
        cloud.apply(&example(), skip).await;
        assert_complete(&destroy(&cloud, &example(), &[]).await);
        assert_same(&world(&cloud), &before, &format!("without {skip:?}"));
    }
    for knobs in [
        "half_settled = true",
        "failures = [{ endpoint = \"hub\", code = \"ADRLinkingFailed\", times = 9 }]",
        "failures = [{ endpoint = \"dps\", code = \"AdrMiNotAuthorized\", times = 99 }]",
    ] {
        let cloud = Cloud::open(&format!("{LINKS}[links]\n{knobs}\n")).await;
        let before = world(&cloud);
        cloud.apply(&example(), &[]).await;
        let run = destroy(&cloud, &example(), &[]).await;
        assert_complete(&run);
        assert_same(&world(&cloud), &before, &format!("{knobs}: {}", told(&run)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_order_of_links_is_that_of_the_contract() {
    let cloud = Cloud::open(LINKS).await;
    let answers = Answers { identity_kind: IdentityKind::UserAssigned, ..example() };
    let before = set_up(&cloud, &answers).await;
    let run = destroy(&cloud, &answers, &[]).await;
    assert_complete(&run);
    assert_same(&world(&cloud), &before, &told(&run));
    let deleted: Vec<String> = run
        .calls()
        .iter()
        .filter(|call| call.shown.method == Method::Delete)
        .map(|call| call.step.as_ref().unwrap().to_string())
        .collect();
    let place = |step: &str| {
        deleted.iter().position(|found| found == step).unwrap_or_else(|| panic!("{step}: {deleted:?}"))
    };
    let order = [
        "enrollment.delete",
        "certificates.delete-policy",
        "certificates.delete-issuing-ca",
        "certificates.delete-root-ca",
        "dps.delete",
        "namespace.delete",
        "access.delete-resource-group",
    ];
    assert!(order.windows(2).all(|pair| place(pair[0]) < place(pair[1])), "{deleted:?}");
    assert!(place("hub.delete") < place("namespace.delete"), "{deleted:?}");
    assert!(place("hub.delete") > place("certificates.delete-root-ca"), "{deleted:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_skipped_stays_and_keeps_the_group() {
    let cloud = Cloud::open("").await;
    set_up(&cloud, &example()).await;
    let run = destroy(&cloud, &example(), &["access.delete-identity"]).await;
    assert_complete(&run);
    assert_eq!(run.outcome("access.delete-identity"), Some(Outcome::Skipped));
    assert_eq!(note(&run, "access.delete-resource-group"), "left: it holds contoso-factory-id");
    assert_complete(&destroy(&cloud, &example(), &[]).await);
    assert_eq!(world(&cloud)["resources"], serde_json::json!({}));
}
