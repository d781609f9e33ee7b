//! What an entry of the catalogue holds, and when it fits an error.

use crate::domain::{ErrorKind, Exit, ServiceError};

/// What is known of one way in which Azure refuses, fails or does not answer.
#[derive(Debug)]
pub struct Entry {
    /// Its name, kebab-case, unique: it stands in journals and reviews, so it never changes.
    pub key: &'static str,
    /// Any of them fits.
    pub matches: &'static [Match],
    /// Who says so.
    pub places: &'static [Place],
    /// What it means, a fragment in plain words.
    pub meaning: &'static str,
    /// What hubup does by itself.
    pub reaction: Reaction,
    /// What you can do when that was not enough, a fragment.
    pub remedy: &'static str,
    /// The exit code it asks for; `None` leaves it to the kind of the error.
    pub exit: Option<Exit>,
    /// Where the fact is from.
    pub source: &'static str,
}

/// A condition on an error. Codes are compared whole and without case, and found inside a message as whole words, for the
/// cause often stands in a nested error; numbers are found there behind their letters only (`IH400913`), never bare
/// (contract links-2026, section 9, last row).
#[derive(Clone, Copy, Debug)]
pub enum Match {
    /// Any of these codes.
    Codes(&'static [&'static str]),
    /// Any of these codes, in an error of any of these kinds.
    CodesAs(&'static [&'static str], &'static [ErrorKind]),
    /// Any of these codes with any of these signs in the message.
    CodesSaying(&'static [&'static str], &'static [&'static str]),
    /// Any of these fragments in the message, whatever their case.
    Signs(&'static [&'static str]),
    /// An error of this kind that has any of these statuses.
    KindWith(ErrorKind, &'static [u16]),
    /// The codes that services put on anything of the kind: they tell no more than the status does.
    Kind(ErrorKind, &'static [&'static str]),
}

/// Who says so.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    SignIn,
    ResourceManager,
    Graph,
    /// The service plane of a provisioning service.
    ServicePlane,
    /// An operation that was accepted, or what a resource says of one.
    Operation,
    /// The way there.
    Network,
}

impl Place {
    /// As a sentence names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::SignIn => "sign-in",
            Self::ResourceManager => "Resource Manager",
            Self::Graph => "Microsoft Graph",
            Self::ServicePlane => "the provisioning service",
            Self::Operation => "an accepted operation",
            Self::Network => "the network",
        }
    }
}

/// What hubup does by itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reaction {
    /// Sends the same request again, after what Azure asks for or a growing wait.
    Retry,
    /// Looks what became of the request before anything is sent again.
    LookFirst,
    /// Waits for something that comes by itself, up to a bound, then sends again.
    WaitFor,
    /// Sends the same body again, a few times, with growing waits.
    ReSubmit,
    /// Drops the token and asks with a new one.
    RefreshToken,
    /// Stops what needs a sign-in, and keeps the run.
    SignIn,
    /// Takes what is there as done, once it is seen to be equal.
    Adopt,
    /// Asks you.
    Ask,
    /// Asks, then registers the provider and waits until it serves.
    Register,
    /// Runs the step again that mends the cause.
    Heal,
    /// Stops the step: nothing it could send would help.
    Stop,
}

impl Reaction {
    /// As `hubup explain` tells it.
    pub fn told(self) -> &'static str {
        match self {
            Self::Retry => {
                "sends the request again by itself, after the wait that Azure asks for or one that grows"
            }
            Self::LookFirst => "looks what became of the request before it sends anything again",
            Self::WaitFor => {
                "waits for it and tries again, for a few minutes at most, then lets you keep trying"
            }
            Self::ReSubmit => "sends the same again a few times, with growing waits, then asks you",
            Self::RefreshToken => "takes a new token and asks once more",
            Self::SignIn => "stops what needs a sign-in and keeps the run, so that it goes on afterwards",
            Self::Adopt => "looks at what is there, and takes it as done where it is as it should be",
            Self::Ask => "asks you what to do",
            Self::Register => "asks you, then registers the provider and waits until it serves your region",
            Self::Heal => "mends the cause with a step of its own, then tries again",
            Self::Stop => "stops the step and sends nothing again: that would change nothing",
        }
    }

    /// Its name in JSON, kebab-case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::LookFirst => "look-first",
            Self::WaitFor => "wait-for",
            Self::ReSubmit => "re-submit",
            Self::RefreshToken => "refresh-token",
            Self::SignIn => "sign-in",
            Self::Adopt => "adopt",
            Self::Ask => "ask",
            Self::Register => "register",
            Self::Heal => "heal",
            Self::Stop => "stop",
        }
    }
}

impl Match {
    /// How closely it fits `error`: nothing when it does not, else more for a code than for a sign, and more for a sign
    /// than for a status.
    pub(super) fn fit(self, error: &ServiceError) -> u8 {
        let says = |signs: &[&str]| {
            let message = error.message.to_lowercase();
            signs.iter().any(|sign| message.contains(&sign.to_lowercase()))
        };
        match self {
            Self::Codes(codes) => coded(error, codes),
            Self::CodesAs(codes, kinds) if kinds.contains(&error.kind) => match coded(error, codes) {
                0 => 0,
                fit => fit + 1,
            },
            Self::CodesSaying(codes, signs) if says(signs) => match coded(error, codes) {
                0 => 0,
                fit => fit + 4,
            },
            Self::Signs(signs) if says(signs) => 8,
            Self::KindWith(kind, statuses)
                if error.kind == kind && error.status.is_some_and(|status| statuses.contains(&status)) =>
            {
                2
            }
            Self::Kind(kind, _) if error.kind == kind => 1,
            _ => 0,
        }
    }

    /// The codes that it names.
    pub fn codes(self) -> &'static [&'static str] {
        match self {
            Self::Codes(codes)
            | Self::CodesAs(codes, _)
            | Self::CodesSaying(codes, _)
            | Self::Kind(_, codes) => codes,
            Self::Signs(_) | Self::KindWith(..) => &[],
        }
    }
}

/// 32 when the code is one of `codes`, 16 when the message names one.
fn coded(error: &ServiceError, codes: &[&str]) -> u8 {
    let own = error.code.as_deref().unwrap_or_default();
    if codes.iter().any(|code| bare(own).eq_ignore_ascii_case(bare(code))) {
        return 32;
    }
    let named = words(&error.message).any(|word| {
        let numbered = word.bytes().all(|byte| byte.is_ascii_digit());
        !numbered && codes.iter().any(|code| bare(word).eq_ignore_ascii_case(bare(code)))
    });
    if named { 16 } else { 0 }
}

/// A code without the letters that services put before its number: IoT services say `IH400913` and 400913 for one thing,
/// sign-in `AADSTS50076` and 50076.
pub(super) fn bare(code: &str) -> &str {
    ["IH", "AADSTS"]
        .iter()
        .find_map(|letters| {
            let head = code.get(..letters.len())?;
            let rest = code.get(letters.len()..)?;
            let number = !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit());
            (head.eq_ignore_ascii_case(letters) && number).then_some(rest)
        })
        .unwrap_or(code)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
        .filter(|word| !word.is_empty())
}
