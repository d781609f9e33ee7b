//! Which setups a subscription holds, told by the tag that everything of a setup carries. Looks only, before there is a
//! setup to speak of; what one of them was answered with is read back in [`super::recall`].

use serde_json::Value;

use super::build::{arm, fail, read_all, same, text};
use super::choice::{Regions, Selection, choose};
use super::dialect::Dialect;
use super::offers::{Offers, PROVIDERS_VERSION, canonical_location, offer_requests};
use crate::domain::{Answers, ErrorKind, Method, Moves, NameKind, Replay, Request, SETUP_TAG};

/// Every dialect keeps its devices in a resource of this type: it tells of a setup whose group was there before.
const NAMESPACES: &str = "Microsoft.DeviceRegistry/namespaces";

/// A setup that left its tag.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FoundSetup {
    /// The setup's name: the value of the tag.
    pub name: String,
    /// The resource group that it lies in, as Azure spells it.
    pub group: String,
    /// Canonical region of the group or, where the group was not made by the setup, of its namespace.
    pub location: String,
    /// Its namespace, where one was seen.
    pub namespace: Option<String>,
}

/// The setups of the subscription: groups that carry the tag, and groups that hold a namespace which does, in the order
/// of their names. Of `answers` only cloud and subscription count.
///
/// Leaves with `Next::Fail` when the groups cannot be listed.
pub fn tagged_groups(answers: &Answers, replay: &mut Replay<'_>) -> Moves<Vec<FoundSetup>> {
    let groups = resources(answers, &format!("{}/resourcegroups", answers.subscription_id()))
        .with_query("$filter", format!("tagName eq '{SETUP_TAG}'"));
    let mut found: Vec<FoundSetup> = match read_all(replay, &groups)? {
        // Compared here as well: what lists groups may pay no regard to the filter.
        Ok(groups) => groups.iter().filter_map(of_group).collect(),
        Err(error) => return Err(Box::new(fail(&error))),
    };
    let namespaces = of_type(answers, &answers.subscription_id());
    // Who may list groups but not this sees the groups: most setups made theirs.
    add(&mut found, &read_all(replay, &namespaces)?.unwrap_or_default());
    found.sort_by_key(|setup| (setup.group.to_lowercase(), setup.name.clone()));
    Ok(found)
}

/// The setups in one group: usually one. None when it is not there, or holds none. Of `answers` only cloud and
/// subscription count.
///
/// Leaves with `Next::Fail` when the group cannot be read.
pub fn setups_in(answers: &Answers, group: &str, replay: &mut Replay<'_>) -> Moves<Vec<FoundSetup>> {
    let mut found: Vec<FoundSetup> = match replay.read(&group_request(answers, group))? {
        Ok(reply) => of_group(&reply.body).into_iter().collect(),
        Err(error) if error.kind == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Box::new(fail(error))),
    };
    let scope = format!("{}/resourceGroups/{group}", answers.subscription_id());
    match read_all(replay, &of_type(answers, &scope))? {
        Ok(namespaces) => add(&mut found, &namespaces),
        Err(error) if found.is_empty() => return Err(Box::new(fail(&error))),
        Err(_) => {}
    }
    Ok(found)
}

/// The look at one group (contract preview-2025, 1a).
pub fn group_request(answers: &Answers, group: &str) -> Request {
    resources(answers, &format!("{}/resourcegroups/{group}", answers.subscription_id()))
}

/// Chooses among `dialects` what to look at `found` with; regions do not matter to a look. Of `answers` cloud,
/// subscription, dialect and versions count.
///
/// Leaves with `Next::Fail` when the subscription cannot be read, or offers nothing that is spoken.
pub fn selection_to_read(
    answers: &Answers,
    dialects: &[&'static Dialect],
    found: &FoundSetup,
    replay: &mut Replay<'_>,
) -> Moves<Selection> {
    let mut answers = Answers {
        resource_group: found.group.clone(),
        location: found.location.clone(),
        hub_location: found.location.clone(),
        hub_sku: None,
        ..answers.clone()
    };
    if let Some(namespace) = &found.namespace {
        answers.namespace.clone_from(namespace);
    }
    let mut offers = Offers::default();
    for request in offer_requests(&answers, dialects) {
        match replay.read(&request)? {
            Ok(reply) => offers.take(reply),
            Err(error) => return Err(Box::new(fail(error))),
        }
    }
    choose(&answers, &offers, dialects, None, Regions::Unchecked, replay)
}

fn resources(answers: &Answers, path: &str) -> Request {
    arm(answers, Method::Get, path, PROVIDERS_VERSION)
}

/// The list of namespaces below `scope`. A filter by tag cannot stand beside one by type, and would leave the tags out of
/// the list (Resource Manager documentation, "Resources - List").
fn of_type(answers: &Answers, scope: &str) -> Request {
    resources(answers, &format!("{scope}/resources"))
        .with_query("$filter", format!("resourceType eq '{NAMESPACES}'"))
}

fn of_group(group: &Value) -> Option<FoundSetup> {
    setup(setup_tag(group)?, text(group, "/name")?, group)
}

/// Adds the setups of `namespaces` that are not in `found` yet, and what those that are call theirs.
fn add(found: &mut Vec<FoundSetup>, namespaces: &[Value]) {
    for namespace in namespaces {
        let group = text(namespace, "/id").and_then(group_of);
        let Some(setup) =
            setup_tag(namespace).zip(group).and_then(|(name, group)| setup(name, group, namespace))
        else {
            continue;
        };
        let called = text(namespace, "/name").map(str::to_owned);
        match found.iter_mut().find(|known| known.name == setup.name && same(&known.group, &setup.group)) {
            Some(known) => known.namespace = known.namespace.take().or(called),
            None => found.push(FoundSetup { namespace: called, ..setup }),
        }
    }
}

/// A tag that is no name of a setup is not ours.
fn setup(name: &str, group: &str, of: &Value) -> Option<FoundSetup> {
    let valid = NameKind::Setup.check(name).is_none() && NameKind::ResourceGroup.check(group).is_none();
    let location = text(of, "/location").map(canonical_location).unwrap_or_default();
    valid.then(|| FoundSetup { name: name.to_owned(), group: group.to_owned(), location, namespace: None })
}

/// The value of our tag; tag names are compared without case, as Azure does.
pub fn setup_tag(value: &Value) -> Option<&str> {
    let tags = value.get("tags").and_then(Value::as_object)?;
    tags.iter().find(|(name, _)| same(name, SETUP_TAG)).and_then(|(_, tag)| tag.as_str())
}

/// The setup that a resource belongs to, when it says so and it is another than that of `answers`.
pub fn another_setup<'a>(answers: &Answers, value: &'a Value) -> Option<&'a str> {
    text(value, &format!("/tags/{SETUP_TAG}")).filter(|name| *name != answers.name)
}

/// The name of the group in a resource id.
fn group_of(id: &str) -> Option<&str> {
    let mut words = id.split('/');
    words.find(|word| same(word, "resourceGroups"))?;
    words.next()
}
