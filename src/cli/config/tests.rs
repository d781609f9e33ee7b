//! The embedded example, what holds where a key is left out, and how problems look. Broken files: `tests/it/hell_config.rs`.

use std::path::{Path, PathBuf};

use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;
use crate::cli::init::{Overwrite, init, render_toml};
use crate::domain::{Answers, AssignableScope, Certificates, Cloud, IdentityKind, NameKind, Names, Roles};

const NEEDED: &str = "subscription = \"11111111-1111-4111-8111-111111111111\"\n\
                      resource_group = \"rg-plant\"\nlocation = \"eastus2\"\n";

fn config(text: &str) -> Config {
    parse(text, "hubup.toml").unwrap_or_else(|error| panic!("{error}"))
}

fn told(lines: &str) -> String {
    parse(&format!("{NEEDED}{lines}"), "hubup.toml").unwrap_err().render(false)
}

/// The example with every key on that is off, apart from what is only of use with stand-ins or another cloud.
fn example_in_full() -> String {
    let mut table = "";
    let mut text = String::new();
    for line in EXAMPLE.lines() {
        if line.starts_with('[') {
            table = line;
        }
        let off = line.strip_prefix('#').filter(|rest| !rest.starts_with(' ') && !rest.is_empty());
        let sample =
            matches!(table, "[cloud]" | "[network]" | "[network.routes]" | "[tags]" | "[api_versions]")
                || line.contains("state_folder")
                || line.contains("iot_hub_app_object_id")
                || line.contains("use_mi_sdk")
                || line.starts_with("#sku");
        text.push_str(off.filter(|_| !sample).unwrap_or(line));
        text.push('\n');
    }
    text
}

#[test]
fn the_example_is_a_setup_file() {
    let example = Config::example();
    let answers = &example.answers;
    assert_eq!(answers.name, "contoso-factory");
    assert_eq!(answers.resource_group, "rg-contoso-factory");
    assert_eq!(answers.subscription, "11111111-1111-4111-8111-111111111111");
    assert_eq!(answers.tenant.as_deref(), Some("22222222-2222-4222-8222-222222222222"));
    assert_eq!((answers.location.as_str(), answers.hub_location.as_str()), ("eastus2", "eastus2"));
    assert_eq!(answers.certificates, Certificates::On { leaf_days: 30 });
    assert_eq!(example.path, None);
}

#[test]
fn the_example_names_every_key_and_no_other() {
    let mut named = Vec::new();
    let mut table = String::new();
    for line in EXAMPLE.lines() {
        if let Some(header) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            header.clone_into(&mut table);
            if matches!(header, "tags" | "network.routes" | "api_versions") {
                named.push(header.to_owned());
            }
        } else if let Some((key, _)) = line.strip_prefix('#').unwrap_or(line).split_once(" = ")
            && !key.contains(' ')
            && !matches!(table.as_str(), "tags" | "network.routes" | "api_versions")
        {
            named.push(if table.is_empty() { key.to_owned() } else { format!("{table}.{key}") });
        }
    }
    let mut known = known_keys();
    known.sort();
    named.sort();
    assert_eq!(named, known);
}

#[test]
fn what_the_example_shows_as_defaults_are_the_defaults() {
    assert_eq!(config(&example_in_full()), Config::example());
}

#[test]
fn the_samples_of_the_example_are_right_too() {
    let mut text = String::new();
    for line in EXAMPLE.lines() {
        let off = line.strip_prefix('#').filter(|rest| !rest.starts_with(' ') && !rest.is_empty());
        let line = off.unwrap_or(line);
        // The hosts stand for themselves once the cloud is a custom one.
        text.push_str(if line == "name = \"public\"" { "name = \"custom\"" } else { line });
        text.push('\n');
    }
    let config = config(&text);
    assert_eq!(config.answers.cloud, Cloud { name: "custom".into(), ..Cloud::public() });
    assert_eq!(config.routes, [("management.azure.com".to_owned(), "http://127.0.0.1:8080".to_owned())]);
    assert_eq!(config.answers.tags["cost-center"], "4711");
    assert_eq!(config.ca_file, Some(PathBuf::from("company-ca.pem")));
}

#[test]
fn three_keys_make_a_setup() {
    let config = config(NEEDED);
    let answers = &config.answers;
    assert_eq!(answers.name, "rg-plant");
    assert_eq!(answers.tenant, None);
    assert_eq!(answers.hub_location, "eastus2");
    assert_eq!(answers.namespace, "rg-plant-ns");
    assert_eq!(answers.hub, "rg-plant-hub");
    assert_eq!(answers.dps, "rg-plant-dps");
    assert_eq!(answers.identity, "rg-plant-id");
    assert_eq!(answers.enrollment_group, "rg-plant-group");
    assert_eq!(answers.role_name, "hubup ADR integration (rg-plant)");
    assert_eq!(answers.policy, "default");
    assert_eq!((answers.hub_sku.as_deref(), answers.hub_capacity), (None, 1));
    assert_eq!(answers.roles, Roles::Custom);
    assert_eq!(answers.assignable_scope, AssignableScope::ResourceGroup);
    assert_eq!(answers.certificates, Certificates::On { leaf_days: 30 });
    assert_eq!(answers.dialect, "auto");
    assert_eq!(answers.cloud, Cloud::public());
    assert_eq!(config, Config::of(answers.clone()));
}

#[test]
fn a_group_that_cannot_name_a_setup_needs_a_name_beside_it() {
    let group = |name: &str| NEEDED.replace("rg-plant", name);
    assert_eq!(config(&group("Plant(east)_1.x")).answers.name, "Plant-east-_1.x");
    let shown = parse(&group("工場"), "hubup.toml").unwrap_err().render(false);
    assert!(shown.contains("`name` is missing") && shown.contains("add `name"), "{shown}");
    let named = config(&format!("{}name = \"factory\"\n", group("工場")));
    assert_eq!(named.answers.role_name, "hubup ADR integration (工場)");
}

#[test]
fn guids_and_hosts_are_lower_case_whatever_was_typed() {
    let text = NEEDED.replacen("11111111", "ABCDEF01", 1);
    assert_eq!(config(&text).answers.subscription, "abcdef01-1111-4111-8111-111111111111");
    let cloud = "[cloud]\nname = \"custom\"\nresource_manager = \"ARM.Local:8443\"\ngraph = \"graph.local\"\n\
                 login = \"login.local\"\ndps_domain = \"dps.local\"\nhub_domain = \"hub.local\"\n";
    let cloud = config(&format!("{NEEDED}{cloud}")).answers.cloud;
    assert_eq!(cloud.resource_manager, "arm.local:8443");
    assert_eq!(cloud.name, "custom");
}

#[test]
fn paths_count_from_the_folder_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hubup.toml");
    let text = format!("{NEEDED}[network]\nca_file = \"ca.pem\"\n[engine]\nstate_folder = \"/var/state\"\n");
    std::fs::write(&path, text).unwrap();
    let config = load(&path).unwrap();
    assert_eq!(config.ca_file, Some(folder.path().join("ca.pem")));
    assert_eq!(config.state_folder, Some(PathBuf::from("/var/state")));
    assert_eq!(config.path, Some(path));
}

#[test]
fn a_problem_shows_its_place_its_rule_and_a_way_out() {
    assert_snapshot!(told("[hub]\nname = \"plant_hub\"  # ours\n"), @r#"
    error: `hub.name` cannot be `plant_hub`
     --> hubup.toml:5:8
      |
    5 | name = "plant_hub"  # ours
      |        ^^^^^^^^^^^ takes 3 to 50 letters, digits and hyphens, no hyphen first or last
      |
      = help: did you mean `name = "plant-hub"`?
    "#);
}

#[test]
fn problems_of_a_file_come_in_its_order() {
    assert_snapshot!(told("hub_loction = \"westus2\"\nclient_secret = \"hush\"\n[tags]\nhubup-setup = \"x\"\n"), @r#"
    error: unknown key `hub_loction`
     --> hubup.toml:4:1
      |
    4 | hub_loction = "westus2"
      | ^^^^^^^^^^^ no key of the setup file
      |
      = help: did you mean `hub_location`?

    error: unknown key `client_secret`
     --> hubup.toml:5:1
      |
    5 | client_secret = ******
      | ^^^^^^^^^^^^^ secrets do not belong in the setup file
      |
      = help: remove it; the secret of a service principal is read from `AZURE_CLIENT_SECRET`, keys of Azure resources are fetched when they are needed

    error: `[tags]` cannot hold `hubup-setup`
     --> hubup.toml:7:1
      |
    7 | hubup-setup = "x"
      | ^^^^^^^^^^^ is the tag by which hubup knows its own resources; it sets it
      |
      = help: remove it; its value is `name`

    3 problems in hubup.toml
    "#);
}

#[test]
fn a_problem_of_the_whole_file_shows_no_line() {
    let error = load(Path::new("no-such-folder/hubup.toml")).unwrap_err();
    assert_snapshot!(error.render(false), @r"
    error: there is no setup file `no-such-folder/hubup.toml`
    --> no-such-folder/hubup.toml
     = help: `hubup init` writes one; `--config PATH` names another; `hubup --sandbox` needs none
    ");
}

#[test]
fn colour_changes_no_words() {
    let error = parse("name = 1\n", "hubup.toml").unwrap_err();
    let mut plain = String::new();
    let mut rest = error.render(true);
    assert!(rest.contains('\u{1b}'));
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        plain.push_str(before);
        rest = after.split_once('m').map(|(_, after)| after.to_owned()).unwrap_or_default();
    }
    plain.push_str(&rest);
    assert_eq!(plain, error.render(false));
}

#[test]
fn init_writes_the_example_and_leaves_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hubup.toml");
    init(&path, Overwrite::Never, None).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), EXAMPLE);

    std::fs::write(&path, "mine").unwrap();
    let error = init(&path, Overwrite::Never, None).unwrap_err();
    assert!(error.to_string().contains("--force"), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");

    let mut answers = Config::example().answers;
    answers.hub = "another-hub".into();
    init(&path, Overwrite::Replace, Some(&answers)).unwrap();
    assert_eq!(load(&path).unwrap().answers, answers);
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "nothing is left beside it: {left:?}");
}

#[test]
fn init_says_where_it_cannot_write() {
    let folder = tempfile::tempdir().unwrap();
    let error = init(folder.path(), Overwrite::Replace, None).unwrap_err();
    assert!(error.to_string().contains("it is a folder"), "{error}");
    let error = init(&folder.path().join("a/b.toml"), Overwrite::Never, None).unwrap_err();
    assert!(error.to_string().contains("there is no folder"), "{error}");
}

#[cfg(unix)]
#[test]
fn init_replaces_what_a_link_leads_to_and_keeps_its_mode() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (file, link) = (folder.path().join("real.toml"), folder.path().join("hubup.toml"));
    std::fs::write(&file, "mine").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    init(&link, Overwrite::Replace, None).unwrap();
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), EXAMPLE);
}

#[test]
fn a_written_file_explains_its_keys_and_tells_nothing_of_the_example() {
    let mut answers = Config::example().answers;
    answers.name = "plant".into();
    answers.tenant = None;
    let text = render_toml(&Config::of(answers));
    assert!(text.starts_with("# The setup file of plant,"), "{text}");
    assert!(text.contains("\n#tenant = "), "{text}");
    assert!(text.contains("# How many units"), "{text}");
    assert!(!text.contains("Not carried over") && !text.contains("--sandbox"), "{text}");
}

fn name(kind: NameKind, pattern: &'static str) -> impl Strategy<Value = String> {
    pattern.prop_filter("a name that fits and was filled in", move |name: &String| {
        kind.check(name).is_none() && !super::suggest::is_placeholder(name)
    })
}

fn guid() -> impl Strategy<Value = String> {
    (1..u128::MAX).prop_map(|number| uuid::Uuid::from_u128(number).to_string())
}

fn cloud() -> impl Strategy<Value = Cloud> {
    let host = "[a-z][a-z0-9]{0,8}\\.[a-z]{2,5}(:[1-9][0-9]{1,3})?";
    let custom =
        prop::array::uniform5(host).prop_map(|[resource_manager, graph, login, dps_domain, hub_domain]| {
            Cloud { name: "custom".into(), resource_manager, graph, login, dps_domain, hub_domain }
        });
    prop_oneof![Just(Cloud::public()), custom]
}

fn answers() -> impl Strategy<Value = Answers> {
    let names = (
        name(NameKind::Setup, "[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}[a-z0-9]"),
        name(NameKind::ResourceGroup, "[\\p{L}0-9._()-]{1,90}"),
        name(NameKind::Namespace, "[a-z0-9][a-z0-9-]{1,62}[a-z0-9]"),
        name(NameKind::Hub, "[a-zA-Z0-9][a-zA-Z0-9-]{1,48}[a-zA-Z0-9]"),
        name(NameKind::Dps, "[a-zA-Z0-9][a-zA-Z0-9-]{1,62}[a-zA-Z0-9]"),
        name(NameKind::Identity, "[a-zA-Z0-9][a-zA-Z0-9_-]{2,119}"),
        name(NameKind::Role, "[^\\p{C}\\s][^\\p{C}]{0,100}[^\\p{C}\\s]"),
        name(NameKind::Policy, "[a-zA-Z0-9][a-zA-Z0-9-]{2,49}"),
        name(NameKind::EnrollmentGroup, "[a-z0-9][a-zA-Z0-9:._-]{0,120}[a-z0-9]"),
    );
    let tags = prop::collection::btree_map(
        name(NameKind::TagName, "[^<>%&\\\\?/\\p{Cc}]{1,20}"),
        "[^=:]{0,40}",
        0..4,
    )
    .prop_filter("names that differ in more than case", |tags| {
        let mut lower: Vec<_> = tags.keys().map(|name| name.to_lowercase()).collect();
        lower.sort();
        lower.dedup();
        lower.len() == tags.len()
    });
    let rest = (
        prop::option::of(guid()),
        guid(),
        prop::option::of(guid()),
        any::<(bool, bool)>(),
        prop::option::of(7u16..=90),
        1u32..=200,
        cloud(),
    );
    let regions = ("[a-z]{2,10}[0-9]?", "[a-z]{2,10}[0-9]?").prop_filter("filled in", |(one, other)| {
        ![one, other].iter().any(|name| super::suggest::is_placeholder(name))
    });
    (names, tags, rest, regions).prop_map(|(names, tags, rest, (location, hub_location))| {
        let (name, resource_group, namespace, hub, dps, identity, role_name, policy, enrollment_group) =
            names;
        let (tenant, subscription, iot_hub_app_object_id, (custom, wide), leaf_days, hub_capacity, cloud) =
            rest;
        Answers {
            name,
            tenant,
            subscription,
            resource_group,
            location,
            hub_location,
            namespace,
            hub,
            dps,
            identity,
            role_name,
            policy,
            enrollment_group,
            roles: if custom { Roles::Custom } else { Roles::BuiltIn },
            assignable_scope: if wide {
                AssignableScope::Subscription
            } else {
                AssignableScope::ResourceGroup
            },
            certificates: leaf_days.map_or(Certificates::Off, |leaf_days| Certificates::On { leaf_days }),
            hub_sku: None,
            identity_kind: IdentityKind::SystemAssigned,
            root_ca: "root-ca".into(),
            issuing_ca: "issuing-ca".into(),
            use_mi_sdk: None,
            api_versions: std::collections::BTreeMap::new(),
            hub_capacity,
            iot_hub_app_object_id,
            tags,
            dialect: "auto".into(),
            cloud,
        }
    })
}

fn anything() -> impl Strategy<Value = Config> {
    let methods = AuthMethod::WORDS.map(|(_, method)| method).to_vec();
    let paths =
        prop::option::of("[a-z/ \\\\\"é]{1,20}".prop_filter("a path", |path| !path.trim().is_empty()));
    (answers(), prop::sample::select(methods), any::<bool>(), paths, 1u32..1000).prop_map(
        |(answers, auth, routed, path, scale)| {
            let hosts = answers.cloud.host_patterns();
            let routes = hosts.into_iter().map(|host| (host, "http://127.0.0.1:8080".to_owned()));
            let routes: Vec<_> = routes.filter(|_| routed).collect();
            // A later route for the same host would be the same key twice.
            let mut routes: Vec<(String, String)> = routes;
            routes.sort();
            routes.dedup();
            let time_scale = if routed { f64::from(scale) / 4.0 + 1.0 } else { 1.0 };
            let path = path.map(PathBuf::from);
            Config {
                auth,
                client_id: None,
                routes,
                ca_file: path.clone(),
                state_folder: path,
                time_scale,
                ..Config::of(answers)
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_written_file_means_what_was_written(config in anything()) {
        let text = render_toml(&config);
        match parse(&text, "hubup.toml") {
            Ok(read) => prop_assert_eq!(read, config),
            Err(error) => prop_assert!(false, "{}\n{}", error, text),
        }
    }

    #[test]
    fn derived_names_fit_their_rules(setup in "[a-zA-Z0-9]([a-zA-Z0-9._-]{0,62}[a-z0-9])?", group in "[\\p{L}0-9._()-]{0,89}[a-z]") {
        let names = Names::of(&setup, &group);
        for (kind, name) in [
            (NameKind::Namespace, &names.namespace),
            (NameKind::Hub, &names.hub),
            (NameKind::Dps, &names.dps),
            (NameKind::Identity, &names.identity),
            (NameKind::Role, &names.role),
            (NameKind::Policy, &names.policy),
            (NameKind::EnrollmentGroup, &names.enrollment_group),
        ] {
            prop_assert_eq!(kind.check(name), None, "{}", name);
        }
    }

    #[test]
    fn no_text_makes_it_stumble(text in prop_oneof![".*", "(\\[?[a-z_]{1,8}\\]?( = |=|\\.|\\n|\"|\\[)){0,12}"]) {
        for text in [text.clone(), format!("{NEEDED}{text}\n"), format!("{NEEDED}[tags]\n{text}")] {
            if let Err(error) = parse(&text, "hubup.toml") {
                prop_assert!(!error.problems().is_empty());
                prop_assert!(!error.render(false).is_empty());
            }
        }
    }

    #[test]
    fn masked_texts_keep_their_places(text in ".*") {
        let masked = super::mask::mask(&text);
        prop_assert_eq!(masked.len(), text.len());
        prop_assert!(text.char_indices().all(|(at, _)| masked.is_char_boundary(at)));
    }
}

#[test]
fn distances_count_what_a_finger_does_wrong() {
    for (one, other, distance) in [
        ("", "", 0),
        ("a", "", 1),
        ("nmae", "name", 1),
        ("loction", "location", 1),
        ("abc", "xyz", 3),
        ("ü", "u", 1),
    ] {
        assert_eq!(super::suggest::distance(one, other), distance, "{one} {other}");
    }
}

#[test]
fn a_file_that_says_the_least_means_a_fresh_setup() {
    let subscription = "11111111-1111-4111-8111-111111111111";
    let text =
        format!("subscription = \"{subscription}\"\nresource_group = \"rg-1\"\nlocation = \"eastus\"\n");
    let fresh = Answers::fresh("rg-1", subscription, "rg-1", "eastus");
    assert_eq!(parse(&text, "hubup.toml").unwrap().answers, fresh);
}
