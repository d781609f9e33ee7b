//! The rules that hold the house together: who may use whom, what documents name, what tests reach.

use std::fs;
use std::path::{Path, PathBuf};

/// Folder, the crate's folders that it may use, and words that must not occur in it.
const ARROWS: &[(&str, &[&str], &[&str])] = &[
    ("domain", &[], &["tokio", "reqwest", "azure_core", "std::env", "std::fs", "SystemTime"]),
    ("stages", &["domain"], &["tokio", "reqwest", "azure_core", "std::env", "std::fs", "SystemTime"]),
    ("azure", &["domain"], &["std::env::var"]),
    ("journal", &["domain"], &["std::env::var"]),
    ("engine", &["domain", "azure", "journal"], &["std::env::var"]),
    ("review", &["domain"], &["tokio", "std::env", "std::fs", "SystemTime"]),
    ("sandbox", &[], &["std::env::var"]),
    ("tui", &["domain", "stages", "engine", "review"], &["std::env::var", "std::fs::"]),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The code of a file without its comments, so that a document may name what code may not use.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

fn is_test(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "tests" || part.as_os_str() == "tests.rs")
}

/// The crate's folders that `code` names, whether by `crate::` or by a grouped `use crate::{..}`.
fn used(code: &str) -> Vec<String> {
    let mut folders = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let group = group.split("};").next().unwrap_or_default();
            let mut depth = 0;
            for part in group.split_inclusive([',', '{', '}']) {
                if depth == 0 {
                    let name: String =
                        part.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                    if !name.is_empty() {
                        folders.push(name);
                    }
                }
                depth += i32::from(part.ends_with('{')) - i32::from(part.ends_with('}'));
            }
        } else {
            folders.push(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    folders
}

#[test]
fn arrows_point_one_way() {
    let mut wrong = Vec::new();
    for (folder, allowed, forbidden) in ARROWS {
        for path in rust_files(&root().join("src").join(folder)) {
            if is_test(&path) {
                continue;
            }
            let code = code(&path);
            for name in used(&code) {
                if name != *folder && !allowed.contains(&name.as_str()) {
                    wrong.push(format!("{} uses {name}", path.display()));
                }
            }
            // What terminal this is, is read where the terminal is.
            let is_terminal = path.ends_with("tui/terminal.rs");
            for word in *forbidden {
                if code.contains(word) && !(is_terminal && *word == "std::env::var") {
                    wrong.push(format!("{} names {word}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn grouped_uses_are_seen() {
    assert_eq!(used("use crate::{domain::{A, B}, tui};"), ["domain", "tui"]);
    assert_eq!(used("use crate::azure::Azure; crate::engine::start()"), ["azure", "engine"]);
}

#[test]
fn every_file_says_what_it_is_for() {
    let mut silent = Vec::new();
    for folder in ["src", "tests"] {
        for path in rust_files(&root().join(folder)) {
            if !fs::read_to_string(&path).unwrap().starts_with("//!") {
                silent.push(path);
            }
        }
    }
    assert!(silent.is_empty(), "no `//!` in {silent:?}");
}

#[test]
fn every_stage_folder_is_in_a_dialect() {
    let listed: Vec<_> = hubup::stages::DIALECTS
        .iter()
        .flat_map(|dialect| dialect.stages)
        .map(|stage| stage.id.as_str().to_owned())
        .collect();
    for entry in fs::read_dir(root().join("src/stages")).unwrap() {
        let path = entry.unwrap().path();
        // A folder without a `mod.rs` holds the parts of the file beside it.
        if path.join("mod.rs").is_file() {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            assert!(listed.contains(&name), "{name} is in no dialect");
        }
    }
}

#[test]
fn every_test_module_is_reachable() {
    let main = fs::read_to_string(root().join("tests/it/main.rs")).unwrap();
    for path in rust_files(&root().join("tests/it")) {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let parent = path.parent().unwrap();
        if name != "main" && name != "mod" && parent.ends_with("it") {
            assert!(main.contains(&format!("mod {name};")), "tests/it/{name}.rs is not in main.rs");
        }
    }
    for path in rust_files(&root().join("src")) {
        if path.file_name().is_some_and(|name| name == "tests.rs") {
            let parent = path.parent().unwrap();
            let declared = ["mod.rs", "lib.rs"]
                .iter()
                .filter_map(|name| fs::read_to_string(parent.join(name)).ok())
                .chain(fs::read_to_string(parent.with_extension("rs")).ok())
                .any(|text| text.contains("mod tests;"));
            assert!(declared, "{} is declared nowhere", path.display());
        }
    }
}

#[test]
fn every_path_that_the_documents_name_exists() {
    for document in ["ARCHITECTURE.md", "CONTRIBUTING.md", "README.md"] {
        let text = fs::read_to_string(root().join(document)).unwrap();
        for quoted in text.split('`').skip(1).step_by(2) {
            let path = quoted.trim_end_matches('/');
            let names_one =
                ["src/", "tests/", "assets/", "benches/", ".ci/"].iter().any(|start| path.starts_with(start))
                    && !path.contains(['<', '*', '{', ' ']);
            if names_one {
                assert!(root().join(path).exists(), "{document} names {path}");
            }
        }
    }
}

#[test]
fn versions_are_data() {
    // Api-versions stand in the table of a dialect, and nowhere else in what speaks to Azure.
    let dated = |text: &str| {
        text.split('"').skip(1).step_by(2).any(|literal| {
            let bytes = literal.as_bytes();
            literal.len() >= 10
                && literal.starts_with("20")
                && bytes[4] == b'-'
                && bytes[7] == b'-'
                && bytes[..10].iter().all(|byte| byte.is_ascii_digit() || *byte == b'-')
        })
    };
    let table = ["stages/preview_2025.rs", "stages/links_2026.rs", "stages/offers.rs"];
    for folder in ["domain", "stages", "azure", "engine", "cli", "tui"] {
        for path in rust_files(&root().join("src").join(folder)) {
            let is_table = table.iter().any(|name| path.ends_with(name));
            assert!(
                is_table || is_test(&path) || !dated(&code(&path)),
                "{} holds an api-version",
                path.display()
            );
        }
    }
}
