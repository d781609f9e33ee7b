//! A resource that exists is used for what the step would make: looked at, never changed.

use super::{Ensure, Verdict};
use crate::domain::{
    Answers, ErrorKind, Exit, Fault, Moves, Next, Outcome, Outputs, Patience, Replay, USE_AS_IT_IS,
};
use crate::stages::build::{LOOK_AGAIN, SETTLE_PATIENCE, ask_to_use, fail, same};

impl Ensure {
    /// Looks whether the resource `id` can serve; changes nothing.
    pub(super) fn use_existing(
        &self,
        id: &str,
        answers: &Answers,
        known: &Outputs,
        replay: &mut Replay<'_>,
    ) -> Moves<Next> {
        let own = self.look.path.shown(known);
        let other = format!("choose another resource, or choose {own} to have that one made");
        if !same(&resource_type(id), &resource_type(&own)) {
            let says = format!("`{id}` is not the id of a resource such as {own}");
            return Ok(Next::Fail(Fault::new(says, other).exiting(Exit::Usage)));
        }
        let mut look = self.look.clone();
        look.path = id.to_owned().into();
        let mut settling = Patience::of(SETTLE_PATIENCE);
        let refused = |says: String| Ok(Next::Fail(Fault::new(says, other.clone())));
        loop {
            let reply = match replay.read(&look)? {
                Ok(reply) => reply,
                Err(error) if error.kind == ErrorKind::NotFound => {
                    return Ok(Next::Fail(Fault::from(error).remedied_by(other)));
                }
                Err(error) => return Ok(fail(error)),
            };
            let mut gives = self.gives(known, reply);
            gives.insert("id".to_owned(), id.to_owned());
            match (self.judge)(answers, known, &reply.body) {
                Verdict::Fits => {
                    let note = Some(format!("used as you said: {id}"));
                    return Ok(Next::Done { outcome: Outcome::AlreadyThere, note, outputs: gives });
                }
                Verdict::Settling(state) => {
                    let every = reply.retry_after.unwrap_or(LOOK_AGAIN);
                    if !replay.wait(&mut settling, &format!("{id} is {state}"), every)? {
                        return refused(format!("{id} is still {state}"));
                    }
                }
                Verdict::Differs(differs) => {
                    let told: Vec<String> =
                        differs.iter().map(|difference| difference.text.clone()).collect();
                    let question = format!("{id} differs from your answers. Use it?");
                    let ask = ask_to_use(question, told.clone(), false);
                    if replay.ask(&ask)? != USE_AS_IT_IS {
                        return Ok(Next::Fail(self.stopped()));
                    }
                    let note = Some(format!("used as you said: {id}; {}", told.join("; ")));
                    return Ok(Next::Done { outcome: Outcome::Warned, note, outputs: gives });
                }
                Verdict::Broken(state) => return refused(format!("{id} is {state}")),
                Verdict::Lacks(lacks) => {
                    return refused(format!("{id} cannot be used as it is: {}", lacks.join("; ")));
                }
                Verdict::Unusable { says, remedy } => return Ok(Next::Fail(Fault::new(says, remedy))),
            }
        }
    }
}

/// The type of the resource that an id names: provider and type segments without the names, `` when it has none.
fn resource_type(id: &str) -> String {
    let Some((_, path)) = id.rsplit_once("/providers/") else { return String::new() };
    let segments: Vec<&str> = path.split('/').collect();
    let types = segments.iter().skip(1).step_by(2).copied();
    let whole = segments.len() % 2 == 1 && segments.iter().all(|segment| !segment.is_empty());
    if whole && id.starts_with("/subscriptions/") {
        segments.first().copied().into_iter().chain(types).collect::<Vec<_>>().join("/")
    } else {
        String::new()
    }
}
