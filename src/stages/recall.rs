//! Reads a setup's answers back from its resources, for who has no state folder: pure, and driven by who calls it.
//!
//! Each stage knows what of its answers Azure holds and where (`Stage::recall`); what they share is here. What cannot be
//! read back stays as in a fresh setup and is told with its reason. Nothing is guessed in silence.

use std::collections::BTreeMap;

use serde_json::Value;

use super::build::{arm, fail, read_all, same, text};
use super::dialect::{Dialect, Profile};
use super::found::{FoundSetup, group_request, setup_tag};
use super::offers::canonical_location;
use crate::domain::{
    Answers, ErrorKind, Field, Method, Moves, NameKind, Outputs, Replay, Reply, Request, SETUP_TAG,
    ServiceError,
};

/// One round of what a stage reads back. It leaves, as every look does, with the move to make.
pub type Round = fn(&mut Recollection<'_>, &mut Replay<'_>) -> Moves<()>;

/// What a stage reads back. The first rounds of all stages come before the second of any.
#[derive(Clone, Copy)]
pub struct Recall {
    /// What lies in the group.
    pub in_group: Option<Round>,
    /// What hangs below that, or builds on it.
    pub below: Option<Round>,
}

impl Recall {
    /// Of a stage whose answers are those of others.
    pub const NOTHING: Self = Self { in_group: None, below: None };
}

/// What was read back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recalled {
    /// Complete and valid: what could not be read back is as in a fresh setup.
    pub answers: Answers,
    /// What was read back: keys in the setup file.
    pub read: Vec<&'static str>,
    /// What could not be read back: its key in the setup file, and why, as a fragment.
    pub unread: Vec<(&'static str, String)>,
    /// What was read back and is not certain, or was left out, as sentences without a full stop.
    pub doubts: Vec<String>,
}

/// Reads back the answers of `found`. Of `answers` subscription, cloud and tenant are taken over.
///
/// Leaves with `Next::Fail` only when Azure cannot be reached or the sign-in does not hold; every fact that cannot be had
/// for itself goes to `unread`.
pub fn recall(
    dialect: &'static Dialect,
    profile: &Profile,
    answers: &Answers,
    found: &FoundSetup,
    replay: &mut Replay<'_>,
) -> Moves<Recalled> {
    let mut recollection = Recollection::new(dialect, profile, answers, found);
    recollection.look_at_group(replay)?;
    for stage in dialect.stages {
        if let Some(round) = stage.recall.in_group {
            round(&mut recollection, replay)?;
        }
    }
    for stage in dialect.stages {
        if let Some(round) = stage.recall.below {
            round(&mut recollection, replay)?;
        }
    }
    Ok(recollection.finish())
}

/// What was read back so far.
pub struct Recollection<'a> {
    pub profile: Profile,
    /// Begins as a fresh setup of that name in that group.
    pub answers: Answers,
    /// What a stage learned that another one builds on, under the names of the step's own outputs.
    pub known: Outputs,
    found: &'a FoundSetup,
    fields: Vec<&'static Field>,
    read: Vec<&'static str>,
    unread: Vec<(&'static str, String)>,
    doubts: Vec<String>,
    /// What told the region.
    located_by: Option<String>,
    /// The tags that the group has beside ours.
    group_tags: BTreeMap<String, String>,
    /// The tags, beside ours, of everything of the setup that was seen: what a person gave stands everywhere.
    shared_tags: Option<BTreeMap<String, String>>,
}

impl<'a> Recollection<'a> {
    fn new(dialect: &'static Dialect, profile: &Profile, answers: &Answers, found: &'a FoundSetup) -> Self {
        let fresh = Answers::fresh(&found.name, &answers.subscription, &found.group, &found.location);
        Self {
            profile: profile.clone(),
            answers: Answers { cloud: answers.cloud.clone(), tenant: answers.tenant.clone(), ..fresh },
            known: Outputs::default(),
            found,
            fields: dialect.stages.iter().flat_map(|stage| stage.fields).collect(),
            read: Vec::new(),
            unread: Vec::new(),
            doubts: Vec::new(),
            located_by: None,
            group_tags: BTreeMap::new(),
            shared_tags: None,
        }
    }

    fn look_at_group(&mut self, replay: &mut Replay<'_>) -> Moves<()> {
        let request = group_request(&self.answers, &self.found.group);
        match self.look(replay, &request)? {
            Ok(group) => {
                self.group_tags = other_tags(&group.body);
                if self.is_ours(&group.body) {
                    self.share_tags(&group.body);
                }
            }
            Err(why) => self.doubt(format!("the tags of the group itself were not read: {why}")),
        }
        Ok(())
    }

    /// Looks, and gives the reason when that fact cannot be had.
    pub fn look<'r>(&self, replay: &mut Replay<'r>, request: &Request) -> Moves<Result<&'r Reply, String>> {
        match replay.read(request)? {
            Ok(reply) => Ok(Ok(reply)),
            Err(error) => reason_or_leave(error).map(Err),
        }
    }

    /// All entries of a list, or the reason why they cannot be had.
    pub fn list(&self, replay: &mut Replay<'_>, request: &Request) -> Moves<Result<Vec<Value>, String>> {
        match read_all(replay, request)? {
            Ok(entries) => Ok(Ok(entries)),
            Err(error) => reason_or_leave(&error).map(Err),
        }
    }

    /// The resources of the type in the group.
    pub fn list_type(
        &self,
        replay: &mut Replay<'_>,
        resource_type: &str,
    ) -> Moves<Result<Vec<Value>, String>> {
        let path = self.answers.resource_id(resource_type);
        let request = arm(&self.answers, Method::Get, path, self.profile.version(resource_type));
        self.list(replay, &request)
    }

    /// The one resource of a list that is the setup's: the one that carries its tag, or else the one that is `related` to
    /// what was found already. `noun` is how a sentence names its kind: "IoT hub". Fails with the reason.
    pub fn pick(
        &mut self,
        listed: Result<Vec<Value>, String>,
        noun: &str,
        related: impl Fn(&Value) -> bool,
    ) -> Result<Value, String> {
        let listed = listed?;
        let name = |value: &Value| text(value, "/name").unwrap_or_default().to_owned();
        let tagged: Vec<&Value> = listed.iter().filter(|value| self.is_ours(value)).collect();
        if let [one] = tagged.as_slice() {
            self.share_tags(one);
            return Ok((*one).clone());
        }
        if !tagged.is_empty() {
            let names: Vec<String> = tagged.iter().map(|value| name(value)).collect();
            let why = format!("several carry the tag of the setup: {}", names.join(", "));
            self.doubt(format!("of the kind {noun} {why}; none was taken"));
            return Err(why);
        }
        let related: Vec<&Value> = listed.iter().filter(|value| related(value)).collect();
        if let [one] = related.as_slice() {
            self.doubt(format!(
                "the {noun} {} does not carry the tag of the setup; it was taken because it is linked to the rest",
                name(one)
            ));
            return Ok((*one).clone());
        }
        Err(format!("the group holds no {noun} that carries the tag {SETUP_TAG} = {}", self.found.name))
    }

    /// Takes the answer to the field `key` as it is in Azure, when it is one that hubup takes.
    pub fn take(&mut self, key: &'static str, found: &str) {
        let Some(field) = self.fields.iter().find(|field| field.key == key) else { return };
        match field.check(found) {
            None => {
                (field.set)(&mut self.answers, found);
                self.read(key);
            }
            Some(finding) => {
                let why = format!("Azure has `{found}`, and hubup takes {}", finding.rule);
                self.unread(key, &why);
            }
        }
    }

    /// Says that the answer to `key` is as in Azure.
    pub fn read(&mut self, key: &'static str) {
        self.needless(key);
        if !self.read.contains(&key) {
            self.read.push(key);
        }
    }

    /// Takes the region of everything but the hub from a resource of the setup; `noun` is what tells it.
    pub fn locate(&mut self, noun: &str, resource: &Value) {
        let Some(location) = text(resource, "/location").map(canonical_location) else { return };
        match &self.located_by {
            None => {
                self.take("location", &location);
                self.located_by = Some(noun.to_owned());
            }
            Some(_) if same(&location, &self.answers.location) => {}
            Some(by) => {
                let says = format!("{noun} lies in {location}, {by} in {}", self.answers.location);
                self.doubt(format!("{says}; the latter was taken as the region"));
            }
        }
    }

    /// Takes a name that nothing tagged told from the link of another resource, which `by` names. `id` is the linked one's.
    pub fn take_linked(&mut self, key: &'static str, noun: &str, by: &str, id: Option<&str>) {
        let Some(id) = id.filter(|id| !id.is_empty()) else { return };
        let Some(field) = self.fields.iter().find(|field| field.key == key) else { return };
        let (folder, name) = id.trim_end_matches('/').rsplit_once('/').unwrap_or_default();
        let group = format!("{}/", self.answers.resource_group_id().to_lowercase());
        if !self.is_unread(key) {
            let known = (field.get)(&self.answers);
            if !same(&known, name) || !folder.to_lowercase().starts_with(&group) {
                self.doubt(format!("{by} is linked to another {noun} than {known}: {id}"));
            }
        } else if folder.to_lowercase().starts_with(&group) {
            self.take(key, name);
            self.doubt(format!(
                "the tag of the setup does not tell the {noun}; {by} is linked to {name}, which was taken"
            ));
        } else {
            self.doubt(format!("{by} is linked to a {noun} that lies elsewhere: {id}"));
        }
    }

    /// Says that `key` cannot be read back, unless that was said already.
    pub fn unread(&mut self, key: &'static str, why: &str) {
        if !self.is_unread(key) {
            self.unread.push((key, why.to_owned()));
        }
    }

    /// True when it was said that `key` cannot be read back.
    pub fn is_unread(&self, key: &str) -> bool {
        self.unread.iter().any(|(unread, _)| *unread == key)
    }

    /// Takes back that `key` cannot be read back: other answers leave it nothing to decide.
    pub fn needless(&mut self, key: &str) {
        self.unread.retain(|(unread, _)| *unread != key);
    }

    /// Adds something to know.
    pub fn doubt(&mut self, says: String) {
        self.doubts.push(says);
    }

    fn is_ours(&self, value: &Value) -> bool {
        setup_tag(value) == Some(&self.found.name)
    }

    fn share_tags(&mut self, resource: &Value) {
        let theirs = other_tags(resource);
        match &mut self.shared_tags {
            None => self.shared_tags = Some(theirs),
            Some(shared) => {
                shared.retain(|name, value| {
                    theirs.iter().any(|(other, found)| same(other, name) && found == value)
                });
            }
        }
    }

    fn finish(mut self) -> Recalled {
        if self.located_by.is_none() {
            self.unread("location", "nothing of the setup tells it; this is where the group lies");
        }
        // Where the hub's region is no question, it lies where everything does.
        if self.is_unread("hub_location") || self.fields.iter().all(|field| field.key != "hub_location") {
            self.answers.hub_location.clone_from(&self.answers.location);
        }
        let mut tags = self.shared_tags.take().unwrap_or_default();
        // Azure's limits, by which the setup file is checked too: a tag beyond them was not set by hubup.
        tags.retain(|name, value| NameKind::TagName.check(name).is_none() && value.chars().count() <= 256);
        while tags.len() > 49 {
            tags.pop_last();
        }
        let elsewhere: Vec<&str> =
            self.group_tags.keys().filter(|name| !tags.contains_key(*name)).map(String::as_str).collect();
        if !elsewhere.is_empty() {
            let names = elsewhere.join(", ");
            self.doubts.push(format!("tags of the group that are not on everything were left out: {names}"));
        }
        self.answers.tags = tags;
        Recalled { answers: self.answers, read: self.read, unread: self.unread, doubts: self.doubts }
    }
}

/// The tags of a resource without ours.
fn other_tags(value: &Value) -> BTreeMap<String, String> {
    let tags = value.get("tags").and_then(Value::as_object);
    let others = tags.into_iter().flatten().filter(|(name, _)| !same(name, SETUP_TAG));
    others.filter_map(|(name, tag)| Some((name.clone(), tag.as_str()?.to_owned()))).collect()
}

/// Why a fact cannot be had. What would befall every other look as well ends the whole instead.
pub fn reason_or_leave(error: &ServiceError) -> Moves<String> {
    match error.kind {
        ErrorKind::NotSent
        | ErrorKind::Lost
        | ErrorKind::Throttled
        | ErrorKind::Auth
        | ErrorKind::NotAzure
        | ErrorKind::Left => Err(Box::new(fail(error))),
        _ => Ok(reason(error)),
    }
}

/// Why a fact cannot be had, as a fragment.
pub fn reason(error: &ServiceError) -> String {
    let code = error.code.clone().or_else(|| error.status.map(|status| format!("HTTP {status}")));
    let code = code.map(|code| format!(" ({code})")).unwrap_or_default();
    match error.kind {
        ErrorKind::Forbidden => format!("the signed-in account may not read it{code}"),
        ErrorKind::NotFound => format!("Azure does not have it{code}"),
        _ => error.to_string(),
    }
}
