//! One trial: hubup is killed in a world of its own, goes on until its end, and everything is held against an undisturbed
//! run. The sandbox is served by another process.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use super::point::Point;
use super::world::{World, differences, leaked, leaks, replaced};
use crate::binary::{Account, BOUND, Ran, Started};

/// Nothing that is granted or made comes late.
const CALM: &str = "[latency]\nprincipal = 0\nrole_effective = 0\nrole_definition = 0\nhub_certificate = 0\n\
                    dps_data_plane = 0\nfill_in = 0\n";

/// A world, and what an undisturbed run makes of it.
pub struct Ground {
    pub name: &'static str,
    world: String,
    /// The records of the undisturbed run.
    pub records: Vec<Value>,
    essence: Vec<String>,
    counted: Vec<u64>,
    /// Nothing is refused or lost here, so that each change is sent exactly once.
    calm: bool,
    /// What is killed is the teardown of a setup that was completed before.
    teardown: bool,
}

/// What is tried: the places at which one run after the other is killed.
#[derive(Clone, PartialEq)]
pub struct Trial {
    pub ground: &'static str,
    pub points: Vec<Point>,
    /// Every journal is deleted before the run that is not killed.
    pub forgotten: bool,
}

/// In the name of a trial: its journals are deleted.
const FORGOTTEN: &str = "forgotten";

/// How a trial ended.
pub enum Verdict {
    Survived,
    /// A run came to its end without passing the place: its steps interleaved in another way.
    NotMet,
    Failed(String),
}

/// A sandbox that another process serves, and the account that hubup runs under beside it.
struct Place {
    account: Account,
    _server: Started,
}

impl fmt::Display for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let points: Vec<String> = self.points.iter().map(ToString::to_string).collect();
        let forgotten = if self.forgotten { format!(" {FORGOTTEN}") } else { String::new() };
        write!(f, "{} {}{forgotten}", self.ground, points.join(" "))
    }
}

impl Trial {
    /// Reads what `Display` writes.
    pub fn read(text: &str, grounds: &[Ground]) -> Result<Self, String> {
        let mut words = text.split_whitespace();
        let named = words.next().unwrap_or_default();
        let ground = grounds.iter().find(|ground| ground.name == named).map(|ground| ground.name);
        let ground = ground.ok_or_else(|| format!("`{named}` is no world of these trials"))?;
        let words: Vec<&str> = words.collect();
        let points = words.iter().filter(|word| **word != FORGOTTEN).map(|word| word.parse());
        Ok(Self { ground, points: points.collect::<Result<_, _>>()?, forgotten: words.contains(&FORGOTTEN) })
    }
}

impl Place {
    fn open(world: &str) -> Self {
        let account = Account::new();
        let world = account.write("world.toml", world);
        let world = world.to_str().unwrap();
        let serve = ["sandbox", "serve", "--sandbox-speed", "0", "--sandbox-world", world];
        let mut server = account.start(&serve);
        server.until("listens on");
        Self { account, _server: server }
    }

    fn command(&self, command: &str) -> Command {
        self.account.command(&[command, "--sandbox", "--yes", "--sandbox-speed", "0"])
    }

    fn setups(&self) -> PathBuf {
        self.account.state().join("setups")
    }

    fn world(&self) -> World {
        World::read(&self.account.state().join("sandbox"))
    }

    /// The journals so far, oldest first, with their bytes.
    fn journals(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let folder = self.setups().join(crate::binary::rehearsal().to_string()).join("runs");
        let Ok(files) = std::fs::read_dir(folder) else { return Vec::new() };
        let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
        files.sort();
        files.into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
    }
}

impl Ground {
    /// A world in which everything that is accepted happens, and each change is counted where it arrives. `base` is how it
    /// begins.
    pub fn calm(name: &'static str, base: &str) -> Self {
        let first = Self::of(name, format!("{base}{CALM}"), true, false);
        // An entry of a fault script counts what it fits; its turn to act never comes.
        let changed = changes(&first.records).filter(|[_, method, _]| ["PUT", "PATCH"].contains(method));
        let changed: BTreeSet<String> = changed.map(|[_, method, url]| counter(method, url)).collect();
        let world = format!("{base}{CALM}{}", changed.into_iter().collect::<String>());
        let ground = Self::of(name, world, true, false);
        let counted = &ground.counted;
        assert!(counted.len() >= 12 && counted.iter().all(|count| *count > 0), "{counted:?}");
        ground
    }

    /// The shipped world, where grants are late and what is not yet granted fails on its way, with replies that are lost
    /// after what they tell of was done.
    pub fn lossy(name: &'static str, base: &str) -> Self {
        let lost = |path: &str| {
            format!("[[faults]]\nmethod = \"PUT\"\npath = \"{path}\"\nnth = [1]\naction = \"lost\"\n")
        };
        let paths = [
            "*/namespaces/*",
            "*/IotHubs/*",
            "*/roleAssignments/*",
            "*/userAssignedIdentities/*",
            "*/certificateAuthorities/*",
            "/enrollmentGroups/*",
            "*/resourceGroups/rg-contoso-factory",
        ];
        Self::of(name, format!("{base}{}", paths.map(lost).concat()), false, false)
    }

    /// A world with a complete setup, which is taken down.
    pub fn teardown(name: &'static str, base: &str) -> Self {
        Self::of(name, format!("{base}{CALM}"), true, true)
    }

    fn of(name: &'static str, world: String, calm: bool, teardown: bool) -> Self {
        let mut ground = Self {
            name,
            world,
            records: Vec::new(),
            essence: Vec::new(),
            counted: Vec::new(),
            calm,
            teardown,
        };
        let place = ground.prepared();
        Ran::of(ground.command(&place)).exits(0);
        ground.records = records(&place.journals().pop().unwrap().1);
        (ground.essence, ground.counted) = (place.world().essence(), place.world().counted());
        ground
    }

    fn prepared(&self) -> Place {
        let place = Place::open(&self.world);
        if self.teardown {
            Ran::of(place.command("apply")).exits(0);
        }
        place
    }

    fn command(&self, place: &Place) -> Command {
        place.command(if self.teardown { "destroy" } else { "apply" })
    }

    /// Tries. Everything that is wrong in the end is told.
    pub fn attempt(&self, trial: &Trial) -> Verdict {
        let place = self.prepared();
        let mut wrong = Vec::new();
        let mut then = BTreeMap::new();
        let mut check = |world: &World, said: [&[u8]; 2]| {
            wrong.extend(replaced(&then, &world.facts()));
            if !self.teardown {
                then = world.facts();
            }
            let said = said.map(|said| leaked(&String::from_utf8_lossy(said), &world.secrets()));
            wrong.extend(said.into_iter().flatten().map(|what| format!("it printed {what}")));
        };
        for point in &trial.points {
            let mut command = self.command(&place);
            point.arm(&mut command);
            let output = assert_cmd::Command::from_std(command).timeout(BOUND).output().unwrap();
            match (output.status.signal(), output.status.code()) {
                (Some(9), _) => {}
                (None, Some(0)) => return Verdict::NotMet,
                _ => return Verdict::Failed(format!("before it was killed at {point}: {output:?}")),
            }
            check(&place.world(), [&output.stdout, &output.stderr]);
        }
        if trial.forgotten && place.setups().exists() {
            std::fs::remove_dir_all(place.setups()).unwrap();
        }
        let killed = place.journals();
        let ran = Ran::of(self.command(&place));
        let world = place.world();
        check(&world, [ran.out.as_bytes(), ran.err.as_bytes()]);
        if ran.code != Some(0) {
            wrong.push(format!("it does not go on to its end: {ran}"));
        }
        wrong.extend(differences(&self.essence, &world.essence()));
        wrong.extend(leaks(&place.account.state(), &world.secrets()));
        let journals = place.journals();
        if !journals.starts_with(&killed) {
            wrong.push("the journal of a killed run was changed".to_owned());
        }
        if self.calm {
            let counted = world.counted();
            if counted != self.counted {
                wrong.push(format!("changes that arrived: {counted:?} instead of {:?}", self.counted));
            }
            wrong.extend(sent_again(&journals));
        }
        if wrong.is_empty() { Verdict::Survived } else { Verdict::Failed(wrong.join("\n    ")) }
    }
}

/// An entry of a fault script that never acts and counts what is changed there.
fn counter(method: &str, url: &str) -> String {
    let path = url.split('?').next().unwrap().trim_start_matches("https://");
    let path = path.find('/').map_or("", |at| &path[at..]);
    // The name of an assignment is derived from ids that are there by chance.
    let path = match path.split_once("/roleAssignments/") {
        Some((scope, _)) => format!("{scope}/roleAssignments/*"),
        None => path.to_owned(),
    };
    format!(
        "[[faults]]\nmethod = \"{method}\"\npath = \"{path}\"\nnth = [{}]\naction = \"broken\"\n",
        u32::MAX
    )
}

/// The records of a journal, without a torn last line.
fn records(journal: &[u8]) -> Vec<Value> {
    let whole = journal.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let lines = journal[..whole].split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_slice(line).unwrap()).collect()
}

/// Step, method and URL of each change that was about to be sent.
fn changes(records: &[Value]) -> impl Iterator<Item = [&str; 3]> {
    let sent = records.iter().filter(|record| record["purpose"] == "change");
    sent.map(|record| ["step", "method", "url"].map(|part| record[part].as_str().unwrap()))
}

/// Changes to which one run has an answer on record, and that a later one sent again.
fn sent_again(journals: &[(PathBuf, Vec<u8>)]) -> Vec<String> {
    let runs: Vec<Vec<Value>> = journals.iter().map(|(_, journal)| records(journal)).collect();
    let mut answered = BTreeSet::new();
    let mut again = Vec::new();
    for records in &runs {
        let repeated = changes(records).filter(|change| answered.contains(change));
        again.extend(repeated.map(|change| format!("sent again: {}", change.join(" "))));
        for (index, sent) in records.iter().enumerate().filter(|(_, record)| record["purpose"] == "change") {
            let reply =
                |record: &&Value| record["event"] == "call-finished" && record["call"] == sent["call"];
            let status = records[index..].iter().find(reply).and_then(|reply| reply["status"].as_u64());
            if status.is_some_and(|status| status < 300) {
                answered.extend(changes(&records[index..=index]));
            }
        }
    }
    again
}
