//! Disks from hell: full, read-only, in the way, damaged, or from another time.

use hubup::domain::FORMAT_VERSION;
use std::path::{Path, PathBuf};

use hubup::domain::RunEvent;
use hubup::journal::{self, StateFolder};

use super::support::{APPLY, ARM, Azures, check};
use crate::binary::{Account, Ran, config, rehearsal};
use crate::stand_in::{Act, StandIn};

/// One mishap on the disk: what is done to the account before `apply --sandbox`, and what must come of it.
struct Disk {
    name: &'static str,
    prepare: fn(&Account),
    code: i32,
    tells: &'static [&'static str],
}

/// The folder of the example's setup.
fn setup_folder(account: &Account) -> PathBuf {
    StateFolder::new(account.state()).setup(rehearsal())
}

/// Replaces what is at `path` by a file.
fn put(path: &Path, content: impl AsRef<[u8]>) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

/// The newest journal of an account that has run once.
fn newest(account: &Account) -> PathBuf {
    account.run(&APPLY).exits(0);
    let state = StateFolder::new(account.state());
    let setup = rehearsal();
    state.runs(setup).unwrap().pop().unwrap().path
}

fn edit(path: &Path, change: impl Fn(String) -> String) {
    let text = std::fs::read_to_string(path).unwrap();
    std::fs::write(path, change(text)).unwrap();
}

#[test]
fn disks_from_hell() {
    let rows = [
        Disk {
            name: "the state folder is a file",
            prepare: |account| put(&account.state(), "mine"),
            code: 6,
            tells: &["hubup/sandbox", "--state-folder"],
        },
        Disk {
            name: "the folder of setups is a file",
            prepare: |account| put(&account.state().join("setups"), "mine"),
            code: 6,
            tells: &["setups`: it is a file where a folder is needed"],
        },
        Disk {
            name: "the folder of runs is a file",
            prepare: |account| put(&setup_folder(account).join("runs"), "mine"),
            code: 6,
            tells: &["runs`: it is a file where a folder is needed"],
        },
        Disk {
            name: "the lock is a folder",
            prepare: |account| std::fs::create_dir_all(setup_folder(account).join("lock")).unwrap(),
            code: 6,
            tells: &["cannot open the lock", "give another state folder"],
        },
        Disk {
            name: "the lock holds noise",
            prepare: |account| put(&setup_folder(account).join("lock"), [0xFF, 0, 27, 7]),
            code: 0,
            tells: &["17 of 17 done"],
        },
        Disk {
            name: "a journal of a newer format",
            prepare: |account| {
                let ours = format!("\"format\":{FORMAT_VERSION}");
                edit(&newest(account), |text| text.replacen(&ours, "\"format\":77", 1));
            },
            code: 6,
            tells: &["has format 77", "reads up to format", "use hubup"],
        },
        Disk {
            name: "a journal of noise",
            prepare: |account| put(&newest(account), [27, b'[', b'2', b'J', b'\n', 0xFF, b'\n']),
            code: 6,
            tells: &["is not a journal of hubup", "move it out of the folder"],
        },
        Disk {
            name: "a journal with a damaged line",
            prepare: |account| {
                edit(&newest(account), |text| text.replacen("\n{\"at\"", "\n\u{1b}[2J{\"at\"", 1));
            },
            code: 6,
            tells: &["cannot read line 2", "remove it here"],
        },
        Disk {
            name: "a journal that ends in the middle of a line",
            prepare: |account| edit(&newest(account), |text| text[..text.len() / 2].to_owned()),
            code: 0,
            tells: &["17 of 17 done"],
        },
        Disk {
            name: "a journal that never came to its first line",
            prepare: |account| put(&newest(account), ""),
            code: 0,
            tells: &["17 of 17 done"],
        },
        Disk {
            name: "a world of noise",
            prepare: |account| put(&account.state().join("sandbox/world.json"), [27, b'[', 0xFF]),
            code: 6,
            tells: &["world.json is damaged", "hubup sandbox reset"],
        },
        Disk {
            name: "a world of another format",
            prepare: |account| put(&account.state().join("sandbox/world.json"), "{\"format\": 99}"),
            code: 6,
            tells: &["world.json has another format", "hubup sandbox reset"],
        },
        Disk {
            name: "a world that is a folder",
            prepare: |account| std::fs::create_dir_all(account.state().join("sandbox/world.json")).unwrap(),
            code: 6,
            tells: &["world.json cannot be read", "do:"],
        },
        Disk {
            name: "a server file of noise",
            prepare: |account| put(&account.state().join("sandbox/server.json"), [27, 0xFF]),
            code: 0,
            tells: &["17 of 17 done"],
        },
    ];
    for Disk { name, prepare, code, tells } in rows {
        let account = Account::new();
        prepare(&account);
        let before = files(&account.state());
        let ran = account.run(&APPLY);
        check(name, ran, code, tells);
        if code != 0 {
            // What was there is there still, byte for byte: it may be all that somebody has.
            for (path, content) in before {
                assert_eq!(std::fs::read(&path).unwrap(), content, "{name}: {}", path.display());
            }
        }
    }
}

/// What the remedies name mends it.
#[test]
fn the_remedies_for_disks_from_hell_work() {
    let account = Account::new();
    let journal = newest(&account);
    edit(&journal, |text| text.replacen("\n{\"at\"", "\nnoise{\"at\"", 1));
    account.run(&APPLY).exits(6);
    std::fs::rename(&journal, journal.with_extension("kept")).unwrap();
    account.run(&APPLY).exits(0);
    put(&account.state().join("sandbox/world.json"), "noise");
    account.run(&APPLY).exits(6);
    account.run(&["sandbox", "reset"]).exits(0);
    account.run(&APPLY).exits(0);
}

/// Every file below a folder but locks, with its content.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    if folder.is_file() {
        return vec![(folder.to_owned(), std::fs::read(folder).unwrap())];
    }
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path
            .file_name()
            .is_some_and(|name| name != "lock" && name != "server.json" && name != "world.json")
        {
            let content = std::fs::read(&path).unwrap();
            found.push((path, content));
        }
    }
    found
}

/// A disk that takes no more bytes of a file after so many: the limit of the process stands for a full disk, since it
/// works for every user and in every container.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_stops_the_run_before_anything_is_sent_unlogged() {
    for kilobytes in [0, 2, 8, 32, 64, 100] {
        let azures = Azures::open().await;
        let sent = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let all = sent.clone();
        let server = StandIn::start(Some(azures.sandbox.address()), move |seen| {
            if seen.is_change() {
                all.lock().unwrap().push(seen.header("x-ms-client-request-id").to_owned());
            }
            Act::Pass
        })
        .await;
        azures.lead(&server.url(), Some(ARM));
        let hubup = env!("CARGO_BIN_EXE_hubup");
        let script = format!("trap '' XFSZ; ulimit -f {kilobytes}; exec {hubup} apply --yes --no-check");
        let command = azures.account.other("/bin/bash", &["-c", &script]);
        let ran = tokio::task::spawn_blocking(move || Ran::of(command)).await.unwrap();
        let name = format!("{kilobytes} KiB");
        check(
            &name,
            ran,
            6,
            &["cannot write to `", ".jsonl`", "nothing more is sent", "run the same command"],
        );

        // What is in the journal can be read, and nothing was sent that is not in it.
        let state = StateFolder::new(azures.account.state());
        let setup = config(&azures.account.work().join("hubup.toml"));
        let files = state.runs(setup.answers.setup_id()).unwrap();
        let journal = journal::read(&files[0].path).unwrap();
        let logged: Vec<String> = journal
            .records
            .iter()
            .filter_map(|record| match &record.event {
                RunEvent::CallStarted(call) => Some(call.call.to_string()),
                _ => None,
            })
            .collect();
        for id in sent.lock().unwrap().iter() {
            assert!(logged.contains(id), "{name}: {id} was sent unlogged");
        }
        azures.write(&azures.sandbox.routes());
        check(&name, azures.apply().await, 0, &["17 of 17 done"]);
    }
}

/// The same with the sandbox inside the program: neither world nor journal can grow.
#[test]
fn a_full_disk_under_the_sandbox_is_told() {
    for kilobytes in [0, 4, 16, 40, 70] {
        let account = Account::new();
        let hubup = env!("CARGO_BIN_EXE_hubup");
        let script = format!("trap '' XFSZ; ulimit -f {kilobytes}; exec {hubup} {}", APPLY.join(" "));
        let ran = Ran::of(account.other("/bin/bash", &["-c", &script]));
        let code = ran.code.unwrap();
        assert!(matches!(code, 1 | 6), "{kilobytes}: {ran}");
        check(&kilobytes.to_string(), ran, code, &["do:"]);
        account.run(&APPLY).exits(0).tells(&["17 of 17 done"]);
    }
}

/// Disks that are really full or really read-only, where this user may make such a disk for a while.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn real_disks_that_are_full_or_read_only() {
    let may = std::process::Command::new("unshare")
        .args(["-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"])
        .stderr(std::process::Stdio::null())
        .status();
    if !may.is_ok_and(|status| status.success()) {
        // Not every container lets a user mount; the limits above stand for it there.
        return;
    }
    let rows: &[(&str, &str, &[&str])] = &[
        ("size=64k", "true", &["no space left on device", "free some space", "nothing more is sent"]),
        ("size=4k", "head -c 4096 /dev/zero > full", &["no space left on device", "free some space"]),
        ("size=1m", "mount -o remount,ro,size=1m tmpfs .", &["read-only file system", "make it writable"]),
    ];
    for (size, prepare, tells) in rows {
        let azures = Azures::open().await;
        let disk = azures.account.work().join("disk");
        std::fs::create_dir(&disk).unwrap();
        let script = format!(
            "export PATH=/usr/sbin:/usr/bin:/sbin:/bin\nmount -t tmpfs -o {size} tmpfs disk && (cd disk && {prepare})\n\
             {} apply --yes --state-folder disk/state\ncode=$?\n\
             cp disk/state/setups/*/runs/*.jsonl kept.jsonl 2>/dev/null\nexit $code",
            env!("CARGO_BIN_EXE_hubup")
        );
        let command = azures.account.other("/usr/bin/unshare", &["-rm", "/bin/sh", "-c", &script]);
        let ran = tokio::task::spawn_blocking(move || Ran::of(command)).await.unwrap();
        check(size, ran, 6, tells);
        let kept = azures.account.work().join("kept.jsonl");
        if kept.exists() {
            journal::read(&kept).unwrap();
        }
    }
}

/// A plan that is not on the disk was not printed.
#[cfg(target_os = "linux")]
#[test]
fn a_plan_that_cannot_be_printed_is_told() {
    let account = Account::new();
    let script = format!("exec {} plan --sandbox > /dev/full", env!("CARGO_BIN_EXE_hubup"));
    let ran = Ran::of(account.other("/bin/sh", &["-c", &script]));
    check("/dev/full", ran, 6, &["could not be printed"]);
    // A run goes on: what it did stands in its journal.
    let script = format!("exec {} {} > /dev/full", env!("CARGO_BIN_EXE_hubup"), APPLY.join(" "));
    Ran::of(account.other("/bin/sh", &["-c", &script])).exits(0);
    account.run(&APPLY).exits(0).hides(&["PUT "]);
}

/// Where nobody may write, whoever asks: modes do not stop every user, a path below a file and the kernel's own
/// folders do.
#[tokio::test(flavor = "multi_thread")]
async fn a_state_folder_that_takes_nothing() {
    let azures = Azures::open().await;
    let file = azures.account.write("a-file", "mine");
    let below = file.join("state");
    let folders = [
        below.as_path(),
        file.as_path(),
        Path::new("/proc/hubup"),
        Path::new("/dev/null/state"),
        Path::new("/dev/null"),
    ];
    for folder in folders {
        for sandbox in [false, true] {
            let mut arguments: Vec<std::ffi::OsString> = if sandbox {
                APPLY.iter().map(Into::into).collect()
            } else {
                vec!["apply".into(), "--yes".into()]
            };
            arguments.extend(["--state-folder".into(), folder.into()]);
            let command = azures.account.command(&arguments);
            let ran = tokio::task::spawn_blocking(move || Ran::of(command)).await.unwrap();
            // Of a path below a file the file is named: it is what is in the way.
            let named = folder.ancestors().find(|above| above.exists()).unwrap().to_string_lossy();
            check(&folder.to_string_lossy(), ran, 6, &[&named, "state"]);
        }
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
}

#[test]
fn a_person_without_a_home() {
    let account = Account::new();
    let elsewhere = account.work().join("state");
    for variable in ["XDG_STATE_HOME", "HUBUP_STATE"] {
        let mut command = account.command(&APPLY);
        command.env_remove("HOME").env(variable, &elsewhere);
        check(variable, Ran::of(command), 0, &["17 of 17 done"]);
    }
    assert!(elsewhere.join("hubup/setups").is_dir() && elsewhere.join("setups").is_dir());
    // A variable that is set to nothing is not set.
    let mut command = account.command(&APPLY);
    command.env("HUBUP_STATE", "").env("XDG_STATE_HOME", "");
    check("empty variables", Ran::of(command), 0, &["17 of 17 done"]);
    assert!(account.state().join("setups").is_dir());
}

/// Clocks are set back, and folders are carried from machine to machine: a new run still sorts behind the old ones.
#[test]
fn a_journal_of_the_future_is_gone_on_from() {
    let account = Account::new();
    let past = newest(&account);
    let future = past.with_file_name("20991231T235959.999-ffffff.jsonl");
    std::fs::rename(&past, &future).unwrap();
    for _ in 0..2 {
        let before = runs(&account).pop().unwrap();
        account.run(&APPLY).exits(0);
        let newest = runs(&account).pop().unwrap();
        assert!(newest > before, "{newest} {before}");
        let setup = rehearsal();
        let state = StateFolder::new(account.state());
        let file = state.runs(setup).unwrap().pop().unwrap();
        assert_eq!(journal::read(&file.path).unwrap().header.unwrap().continues.unwrap().0, before);
    }
}

/// The names of the runs of the example's setup, in their order.
fn runs(account: &Account) -> Vec<String> {
    let state = StateFolder::new(account.state());
    let runs = state.runs(rehearsal()).unwrap();
    runs.into_iter().map(|file| file.run.0).collect()
}
