//! A resource that differs from the answers: kept, changed or left, field by field in sight of the person.

use serde_json::{Value, json};

use super::{Ensure, Verdict, carries_our_tag, over};
use crate::domain::{
    Answers, Ask, Body, Fault, Method, Moves, Next, Outcome, Outputs, Patch, Replay, Reply, Request,
    USE_AS_IT_IS,
};
use crate::stages::build::{Difference, Follows, same};

/// How a resource that differs is made what was answered.
#[derive(Clone)]
pub(super) struct Update {
    pub(super) request: Request,
    pub(super) taken_back: Option<fn(&Value) -> Value>,
}

/// What was done about a resource that differs.
#[derive(Clone, Copy, Default)]
pub(super) struct Changing {
    agreed: bool,
    updated: bool,
    retagged: bool,
}

/// How a resource that differs goes on.
pub(super) enum Drift {
    Write(Box<Request>),
    End(Box<Next>),
}

impl Ensure {
    /// The verdict, with tags that were changed counted as a difference where the resource is ours. Right after a write
    /// they are not looked at: a policy of the organisation may have the last word on them.
    pub(super) fn verdict(&self, answers: &Answers, known: &Outputs, value: &Value, wrote: bool) -> Verdict {
        let verdict = (self.judge)(answers, known, value);
        if wrote || !self.tagged || !carries_our_tag(answers, value) {
            return verdict;
        }
        let tags = differing_tags(answers, value);
        match verdict {
            Verdict::Fits if !tags.is_empty() => Verdict::Differs(tags),
            Verdict::Differs(differs) => Verdict::Differs(differs.into_iter().chain(tags).collect()),
            verdict => verdict,
        }
    }

    /// Keep, change or stop: a person decides, field by field in sight.
    pub(super) fn drift(
        &self,
        known: &Outputs,
        reply: &Reply,
        replay: &mut Replay<'_>,
        differs: &[Difference],
        wrote: bool,
        changing: &mut Changing,
    ) -> Moves<Drift> {
        let told: Vec<String> = differs.iter().map(Difference::told).collect();
        let end = |next| Ok(Drift::End(Box::new(next)));
        let follows = |wanted| differs.iter().any(|difference| difference.follows == wanted);
        if !changing.agreed {
            if wrote {
                return end(Next::Fail(self.not_as_asked(&told)));
            }
            let ask = self.ask_about_drift(differs, told.clone());
            match replay.ask(&ask)? {
                USE_AS_IT_IS => {
                    return end(Next::Done {
                        outcome: Outcome::Warned,
                        note: Some(format!("used as it is: {}", told.join("; "))),
                        outputs: self.gives(known, reply),
                    });
                }
                "change" => changing.agreed = true,
                _ => return end(Next::Fail(self.stopped())),
            }
        }
        let update = self.update.as_ref().filter(|_| follows(Follows::Update) && !changing.updated);
        if let Some(update) = update {
            changing.updated = true;
            let mut request = update.request.clone();
            if let (Some(taken_back), Body::MergeInto { read, .. }) = (update.taken_back, &mut request.body) {
                *read = Some(taken_back(&reply.body));
            }
            return Ok(Drift::Write(Box::new(over(&request, reply))));
        }
        if follows(Follows::Tags) && !changing.retagged {
            changing.retagged = true;
            return Ok(Drift::Write(Box::new(self.retag(Some(&reply.body)))));
        }
        end(Next::Fail(self.not_as_asked(&told)))
    }

    pub(super) fn ask_about_drift(&self, differs: &[Difference], told: Vec<String>) -> Ask {
        let changeable = |difference: &Difference| match difference.follows {
            Follows::Update => self.update.is_some(),
            Follows::Tags => true,
            Follows::Never(_) => false,
        };
        let mut choices = vec![(USE_AS_IT_IS.to_owned(), "keep it as it is".to_owned())];
        if differs.iter().all(changeable) {
            choices.push(("change".to_owned(), "change it to what you said".to_owned()));
        }
        choices.push(("stop".to_owned(), "stop here".to_owned()));
        // Tags that others changed break nothing.
        let harmless = differs.iter().all(|difference| difference.follows == Follows::Tags);
        Ask {
            question: format!("{} exists and differs from your answers", self.noun),
            differs: told,
            choices,
            under_yes: harmless.then(|| USE_AS_IT_IS.to_owned()),
        }
    }

    /// Sets the person's tags and ours beside those that are there (ARM: a PATCH of `tags` replaces them all).
    pub(super) fn retag(&self, read: Option<&Value>) -> Request {
        let mut request = self.look.clone();
        request.method = Method::Patch;
        let tags = read.and_then(|read| read.get("tags")).cloned().unwrap_or_else(|| json!({}));
        let body = |tags: Value| json!({ "tags": tags });
        let patches = self.tags.iter().map(|(name, value)| {
            let name = name.replace('~', "~0").replace('/', "~1");
            Patch::Set(format!("/tags/{name}"), value.as_str().into())
        });
        request.body = Body::MergeInto { read: read.map(|_| body(tags)), patches: patches.collect() };
        request
    }

    pub(super) fn not_as_asked(&self, told: &[String]) -> Fault {
        Fault::new(
            format!("{} was made, and is not what was asked for: {}", self.noun, told.join("; ")),
            "look at it in the portal, then retry",
        )
        .meaning("the service took the request and did something else with it")
    }
}

/// The person's own tags in which the resource differs. Their names are compared without case, as Azure does.
fn differing_tags(answers: &Answers, value: &Value) -> Vec<Difference> {
    let found = value.get("tags").and_then(Value::as_object);
    let of = |name: &str| {
        let mut tags = found.into_iter().flatten();
        tags.find(|(key, _)| same(key, name)).and_then(|(_, tag)| tag.as_str())
    };
    let differing = answers.tags.iter().filter(|(name, wanted)| of(name) != Some(wanted.as_str()));
    differing
        .map(|(name, wanted)| {
            let found = of(name).unwrap_or("not set");
            Difference::new(format!("tag {name} is {found} (you said {wanted})"), Follows::Tags)
        })
        .collect()
}
