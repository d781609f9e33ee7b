//! Setup files from hell, as the program takes them.

use super::support::{APPLY, NASTY};
use crate::binary::Account;

/// Twenty setup files that no program should take, as the program takes them.
#[test]
fn setup_files_from_hell() {
    let needed = "subscription = \"11111111-1111-4111-8111-111111111111\"\nresource_group = \"rg-plant\"\nlocation = \"eastus2\"\n";
    let with = |more: &str| format!("{needed}{more}\n").into_bytes();
    let rows: Vec<(&str, Vec<u8>, &[&str])> = vec![
        ("empty", Vec::new(), &["the setup file is empty"]),
        ("binary", vec![0, 159, 146, 150, 27, b'[', b'2', b'J'], &["hubup.toml"]),
        ("UTF-16", b"\xFF\xFEs\0u\0b\0".to_vec(), &["UTF-16"]),
        ("JSON", b"{\"subscription\": \"x\"}".to_vec(), &["looks like JSON"]),
        ("YAML", b"subscription: x\nresource_group: y\n".to_vec(), &["hubup.toml:1"]),
        (
            "nothing needed is there",
            b"name = \"plant\"\n".to_vec(),
            &["subscription", "resource_group", "location"],
        ),
        (
            "an unknown key",
            with("hub_loction = \"westus2\""),
            &["hubup.toml:4:1", "hub_loction", "`hub_location`"],
        ),
        ("an unknown table", with("[hubs]\nname = \"x\""), &["hubup.toml:4", "`[hub]`"]),
        ("a key twice", with("location = \"westus2\""), &["hubup.toml:4", "location"]),
        ("a text without an end", with("name = \"plant"), &["hubup.toml:4"]),
        ("a wrong type", with("[hub]\ncapacity = \"2\""), &["hubup.toml:5", "`capacity = 2`"]),
        ("a number out of range", with("[certificates]\nleaf_days = 365"), &["hubup.toml:5", "7 to 90"]),
        ("a bad name", with("[hub]\nname = \"plant_hub\""), &["hubup.toml:5", "plant-hub"]),
        ("a placeholder", with("[hub]\nname = \"$HUB_NAME\""), &["placeholder"]),
        (
            "a region as people say it",
            with("hub_location = \"West US 2\""),
            &["`hub_location = \"westus2\"`"],
        ),
        ("a dialect of tomorrow", with("dialect = \"links-2030\""), &["`links-2026`", "`preview-2025`"]),
        (
            "a version of nothing",
            with("[api_versions]\n\"Microsoft.Web/sites\" = \"2026-11-01\""),
            &["hubup.toml:5", "Microsoft.Devices/IotHubs"],
        ),
        (
            "a version that is none",
            with("[api_versions]\n\"Microsoft.Devices/IotHubs\" = \"latest\""),
            &["hubup.toml:5", "2026-11-01"],
        ),
        ("a secret", with("client_secret = \"hunter2hunter2\""), &["`AZURE_CLIENT_SECRET`"]),
        (
            "plain http to elsewhere",
            with("[network.routes]\n\"a.b\" = \"http://10.0.0.1\""),
            &["tokens must not cross"],
        ),
        ("hurry on Azure", with("[engine]\ntime_scale = 60"), &["hubup.toml:5", "not routed"]),
        ("a tag of ours", with("[tags]\nhubup-setup = \"x\""), &["hubup.toml:5", "remove it"]),
        (
            "escapes",
            with(&format!(
                "name = \"{}\"",
                NASTY.escape_unicode().to_string().replace("\\u{", "\\U000000").replace('}', "")
            )),
            &["hubup.toml:4"],
        ),
        ("raw escapes", with(&format!("name = \"{NASTY}\"")), &["hubup.toml:4"]),
        ("ten megabytes", with(&"x".repeat(10 << 20)), &["larger than 512 KiB"]),
        (
            "a hundred mistakes",
            with(&(0..100).map(|n| format!("key_{n} = 1\n")).collect::<Vec<_>>().concat()),
            &["hubup.toml:4"],
        ),
    ];
    assert!(rows.len() >= 20);
    let account = Account::new();
    for (name, content, tells) in rows {
        account.write("hubup.toml", content);
        for command in [&["apply", "--yes"][..], &["plan"], &APPLY] {
            let ran = account.run(command).hides(&["hunter2"]);
            assert!(ran.out.is_empty(), "{name}: {ran}");
            assert_eq!(ran.code, Some(2), "{name}: {ran}");
            let ran = ran.tells(tells);
            assert!(ran.err.starts_with("error: ") && ran.err.contains("hubup.toml"), "{name}: {ran}");
            assert!(ran.err.len() < 12_000, "{name}: {}", ran.err.len());
        }
    }
    let folder = account.work().join("folder.toml");
    std::fs::create_dir(&folder).unwrap();
    for (path, tells) in
        [("folder.toml", "is a folder"), ("/dev/null", "not a regular file"), ("hubup.toml/x", "setup file")]
    {
        let ran = account.run(&["plan", "--config", path]).exits(2).tells(&[tells]);
        assert!(ran.out.is_empty(), "{ran}");
    }
    assert!(!account.state().exists(), "nothing was begun");
}
