//! The values that everything else speaks in: answers, plans, requests, replies, events.
//!
//! Pure: no clock, no network, no disk, no environment. Everyone may use it; it uses nobody.

mod answers;
mod az;
pub mod catalogue;
mod cloud;
mod defaults;
mod earlier;
mod event;
mod exit;
mod fault;
mod field;
mod ids;
mod line;
mod names;
mod plan;
mod progress;
mod replay;
mod reply;
mod request;
mod step;
mod template;

#[cfg(test)]
mod tests;

pub use answers::{Answers, AssignableScope, Certificates, IdentityKind, Roles, SETUP_TAG};
pub use az::{AzCommand, az_rest, az_words};
pub use cloud::Cloud;
pub use defaults::{Names, setup_name, usual_group};
pub use earlier::Earlier;
pub use event::{
    CallRecord, Choice, FORMAT_VERSION, Question, Record, ReplyRecord, RunEvent, RunHeader, RunKind, Wait,
    Who,
};
pub use exit::Exit;
pub use fault::Fault;
pub use field::{Choices, Field, FieldKind, Fixed};
pub use ids::{CallId, RunId, SetupId, StageId, StepId, derived_uuid};
pub use line::{Exchanged, Level, Line, LogSource, brief, clean, line, target};
pub use names::{Finding, NameKind};
pub use plan::{Impact, Plan, PlanError, PlannedStage, StageOutline, StepOutline};
pub use progress::{Counts, Progress, StepProgress, StepState};
pub use replay::{Moves, Patience, Replay, Seen, Turn};
pub use reply::{ErrorKind, NEXT, Reply, ServiceError};
pub use request::{Auth, Body, Capture, Method, Patch, Pick, Request, Shown};
pub use step::{
    Act, Ask, Need, NeedKind, Next, Outcome, Outputs, Planned, Purpose, SIGNED_IN_AGAIN, Step, StepOutputs,
    USE_AS_IT_IS,
};
pub use template::{Part, Template, Text, object};
