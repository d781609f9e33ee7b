//! One trial: hubup is killed in a world of its own, goes on until its end, and everything is held against an undisturbed
//! run. The sandbox is served by another process.

use std::collections::BTreeSet;
use std::fmt;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use super::point::Point;
use super::world::{World, differences, leaked, leaks, replaced};
use crate::binary::{Account, Ran, Started};

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
}

/// What is tried: the places at which one run after the other is killed.
#[derive(Clone)]
pub struct Trial {
    pub ground: &'static str,
    pub points: Vec<Point>,
}

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
        write!(f, "{} {}", self.ground, points.join(" "))
    }
}

impl Trial {
    /// Reads what `Display` writes.
    pub fn read(text: &str, grounds: &[Ground]) -> Result<Self, String> {
        let mut words = text.split_whitespace();
        let named = words.next().unwrap_or_default();
        let ground = grounds.iter().find(|ground| ground.name == named).map(|ground| ground.name);
        let ground = ground.ok_or_else(|| format!("`{named}` is no world of these trials"))?;
        Ok(Self { ground, points: words.map(str::parse).collect::<Result<_, _>>()? })
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

    fn apply(&self) -> Command {
        self.account.command(&["apply", "--sandbox", "--yes", "--sandbox-speed", "0"])
    }

    fn world(&self) -> World {
        World::read(&self.account.state().join("sandbox"))
    }

    /// The journals so far, oldest first, with their bytes.
    fn journals(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let runs = crate::binary::rehearsal();
        let folder = self.account.state().join("setups").join(runs.to_string()).join("runs");
        let Ok(files) = std::fs::read_dir(folder) else { return Vec::new() };
        let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
        files.sort();
        files.into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
    }
}

impl Ground {
    /// A world in which everything that is accepted happens, and each change is counted where it arrives.
    pub fn calm() -> Self {
        let world = "[latency]\nprincipal = 0\nrole_effective = 0\nrole_definition = 0\nhub_certificate = 0\n\
                     dps_data_plane = 0\n";
        let first = Self::of("calm", world.to_owned(), true);
        // An entry of a fault script counts what it fits; its turn to act never comes.
        let puts = changes(&first.records).filter(|[_, method, _]| *method == "PUT");
        let puts: BTreeSet<String> = puts.map(|[_, _, url]| counter(url)).collect();
        let world = format!("{world}{}", puts.into_iter().collect::<String>());
        let ground = Self::of("calm", world, true);
        assert!(
            ground.counted.len() >= 12 && ground.counted.iter().all(|count| *count > 0),
            "{:?}",
            ground.counted
        );
        ground
    }

    /// The shipped world, where grants are late and what is not yet granted fails on its way, with replies that are lost
    /// after what they tell of was done.
    pub fn lossy() -> Self {
        let lost = |path: &str| {
            format!("[[faults]]\nmethod = \"PUT\"\npath = \"{path}\"\nnth = [1]\naction = \"lost\"\n")
        };
        let world: String = [
            "*/namespaces/*",
            "*/IotHubs/*",
            "*/roleAssignments/*",
            "*/userAssignedIdentities/*",
            "/enrollmentGroups/*",
            "*/resourceGroups/rg-contoso-factory",
        ]
        .map(lost)
        .concat();
        Self::of("lossy", world, false)
    }

    fn of(name: &'static str, world: String, calm: bool) -> Self {
        let place = Place::open(&world);
        Ran::of(place.apply()).exits(0);
        let records = records(&place.journals()[0].1);
        let (essence, counted) = (place.world().essence(), place.world().counted());
        Self { name, world, records, essence, counted, calm }
    }

    /// Tries. Everything that is wrong in the end is told.
    pub fn attempt(&self, trial: &Trial) -> Verdict {
        let place = Place::open(&self.world);
        let mut wrong = Vec::new();
        let mut then = std::collections::BTreeMap::new();
        for point in &trial.points {
            let mut command = place.apply();
            point.arm(&mut command);
            let output =
                assert_cmd::Command::from_std(command).timeout(crate::binary::BOUND).output().unwrap();
            match (output.status.signal(), output.status.code()) {
                (Some(9), _) => {}
                (None, Some(0)) => return Verdict::NotMet,
                _ => return Verdict::Failed(format!("before it was killed at {point}: {output:?}")),
            }
            let world = place.world();
            wrong.extend(replaced(&then, &world.facts()));
            then = world.facts();
            let said = [output.stdout, output.stderr].concat();
            wrong.extend(
                leaked(&String::from_utf8_lossy(&said), &world.secrets())
                    .map(|what| format!("it printed {what}")),
            );
        }
        let killed = place.journals();
        let ran = Ran::of(place.apply());
        if ran.code != Some(0) {
            wrong.push(format!("it does not go on to its end: {ran}"));
        }
        let world = place.world();
        wrong.extend(replaced(&then, &world.facts()));
        wrong.extend(differences(&self.essence, &world.essence()));
        wrong.extend(leaks(&place.account.state(), &world.secrets()));
        for text in [&ran.out, &ran.err] {
            wrong.extend(leaked(text, &world.secrets()).map(|what| format!("it printed {what}")));
        }
        let journals = place.journals();
        if journals[..killed.len()] != killed[..] {
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

/// An entry of a fault script that never acts and counts what is put there.
fn counter(url: &str) -> String {
    let path = url.split('?').next().unwrap().trim_start_matches("https://");
    let path = path.find('/').map_or("", |at| &path[at..]);
    // The name of an assignment is derived from ids that are there by chance.
    let path = match path.split_once("/roleAssignments/") {
        Some((scope, _)) => format!("{scope}/roleAssignments/*"),
        None => path.to_owned(),
    };
    format!("[[faults]]\nmethod = \"PUT\"\npath = \"{path}\"\nnth = [{}]\naction = \"broken\"\n", u32::MAX)
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
