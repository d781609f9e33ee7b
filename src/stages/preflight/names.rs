//! Are the two names free that must be so in all of Azure (contract preview-2025, P6 and P7)?
//!
//! A name that our own resource has already is no obstacle. The form asks the same question while a name is typed.

use super::needs::{Creation, creations, of_kind};
use super::{Check, Finding, Subject};
use crate::domain::{Answers, ErrorKind, Exit, Method, Moves, Replay, Reply, Request, derived_uuid, object};
use crate::stages::build::arm;
use crate::stages::dialect::Dialect;
use crate::stages::offers::Offers;

const ID: &str = "names";

/// Resource type, the question about its names, the key of the setup file, how long a name may be, title.
const ASKED: [(&str, &str, &str, usize, &str); 2] = [
    ("Microsoft.Devices/IotHubs", "checkNameAvailability", "hub.name", 50, "Name of the IoT hub"),
    (
        "Microsoft.Devices/provisioningServices",
        "checkProvisioningServiceNameAvailability",
        "dps.name",
        64,
        "Name of the provisioning service",
    ),
];

pub(super) fn checks<'a>(subject: &'a Subject<'a>) -> Vec<Check<'a>> {
    let creations = creations(subject);
    let asked = ASKED.iter().filter_map(|asked| of_kind(&creations, asked.0).map(|made| (asked, made)));
    asked
        .map(|(&(_, question, key, _, title), made)| {
            let made = made.clone();
            Check::new(ID, title, move |replay| {
                let name = Name { made: &made, question, key, title };
                Ok(vec![name.check(subject, replay)?])
            })
        })
        .collect()
}

struct Name<'a> {
    made: &'a Creation,
    question: &'static str,
    key: &'static str,
    title: &'static str,
}

impl Name<'_> {
    fn check(&self, subject: &Subject<'_>, replay: &mut Replay<'_>) -> Moves<Finding> {
        let name = &self.made.name;
        let reply = match replay.read(&self.ask(subject, name))? {
            Ok(reply) => reply,
            // An unregistered provider answers none of this: the check of the provider tells that.
            Err(error) => return Ok(Finding::refused(ID, self.title, error)),
        };
        match is_free(reply) {
            Some(true) => return Ok(Finding::passed(ID, self.title, format!("{name} is free"))),
            Some(false) => {}
            None => return Ok(Finding::not_checked(ID, self.title, "Azure did not say whether it is free")),
        }
        let steps = vec![self.made.step.clone()];
        let message = reply.text("/message").unwrap_or_default();
        if reply.text("/reason").is_some_and(|reason| reason.eq_ignore_ascii_case("Invalid")) {
            let says = format!("Azure does not take the name {name}: {message}");
            let remedy = format!("set `{}` to another name", self.key);
            let finding = Finding::stops(ID, self.title, Exit::Usage, says);
            return Ok(finding.remedied("change-name", remedy).at(steps));
        }
        // It may be ours, or one in the group that the step asks about.
        match replay.read(&subject.get(self.made.id.clone(), &self.made.version))? {
            Ok(_) => return Ok(Finding::passed(ID, self.title, format!("{name} is in the group already"))),
            Err(error) if error.kind == ErrorKind::NotFound => {}
            Err(error) => {
                let says = format!("{name} is taken, and whether by this setup cannot be seen: {error}");
                return Ok(Finding::not_checked(ID, self.title, says));
            }
        }
        let other = another(&subject.answers.subscription, self.key, name);
        let is_free =
            replay.read(&self.ask(subject, &other))?.is_ok_and(|reply| is_free(reply) == Some(true));
        let remedy = if is_free {
            format!("set `{} = \"{other}\"`, which is free, or another name", self.key)
        } else {
            format!("set `{}` to another name", self.key)
        };
        let says = format!("{name} is taken, by somebody else or in another group");
        Ok(Finding::stops(ID, self.title, Exit::Usage, says).remedied("change-name", remedy).at(steps))
    }

    fn ask(&self, subject: &Subject<'_>, name: &str) -> Request {
        ask(subject.answers, self.question, name, &self.made.version)
    }
}

fn ask(answers: &Answers, question: &str, name: &str, version: &str) -> Request {
    let path = format!("{}/providers/Microsoft.Devices/{question}", answers.subscription_id());
    arm(answers, Method::Post, path, version).asking().with_body(object([("name", name.into())]))
}

/// True for the field of a name that must be free in all of Azure.
pub fn is_global(key: &str) -> bool {
    ASKED.iter().any(|asked| asked.2 == key)
}

/// The question whether `name` is free for the field `key`, in a version that is offered and that one of `dialects` speaks;
/// `None` where there is none, or for another field.
pub fn question(
    dialects: &[&'static Dialect],
    offers: &Offers,
    answers: &Answers,
    key: &str,
    name: &str,
) -> Option<Request> {
    let (kind, question, ..) = ASKED.iter().find(|asked| asked.2 == key)?;
    let rows = dialects.iter().flat_map(|dialect| dialect.profiles);
    let of_kind = rows.flat_map(|row| row.offered).filter(|offered| offered.types.contains(kind));
    let version =
        of_kind.flat_map(|offered| offered.versions).find(|version| offers.offers(kind, version))?;
    Some(ask(answers, question, name, version))
}

/// Another name for the field `key`, the same each time for the same subscription.
pub fn another(subscription: &str, key: &str, name: &str) -> String {
    let longest = ASKED.iter().find(|asked| asked.2 == key).map_or(50, |asked| asked.3);
    let mut tail = derived_uuid(&format!("{subscription}|{name}")).simple().to_string();
    tail.truncate(4);
    let head: String = name.chars().take(longest.saturating_sub(5)).collect();
    format!("{}-{tail}", head.trim_end_matches('-'))
}

/// What the answer to such a question says; `None` when it does not tell.
pub fn is_free(reply: &Reply) -> Option<bool> {
    reply.body.get("nameAvailable").and_then(serde_json::Value::as_bool)
}
