//! The command line: what may be typed, nothing of what it does.

use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::domain::{NameKind, StepId};

/// From an Azure sign-in to an IoT hub that can onboard devices with issued certificates.
#[derive(Parser, Debug)]
#[command(name = "hubup", version, about, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Options that every command takes.
#[derive(Args, Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct Global {
    /// Setup file [default: hubup.toml in the working folder]
    #[arg(long, global = true, value_name = "PATH")]
    pub config: Option<PathBuf>,
    /// Setup to go on with, by its name, from its journal and without a setup file
    #[arg(long, global = true, value_name = "NAME")]
    pub setup: Option<String>,
    /// Use the embedded Azure: no account, no network
    #[arg(long, global = true)]
    pub sandbox: bool,
    /// How many times faster than the clock the sandbox lives; 0 waits for nothing [default: 60]
    #[arg(long, global = true, value_name = "N", value_parser = speed)]
    pub sandbox_speed: Option<f64>,
    /// World that a new sandbox starts from: a name that hubup knows, or a TOML file
    #[arg(long, global = true, value_name = "WORLD")]
    pub sandbox_world: Option<String>,
    /// What goes wrong in the sandbox from now on: a rehearsal that hubup knows, or a TOML file; `none` ends it
    #[arg(long, global = true, value_name = "SCRIPT", env = "HUBUP_SANDBOX_FAULTS")]
    pub sandbox_faults: Option<String>,
    /// Where journals and the sandbox live [default: the state folder of your system]
    #[arg(long, global = true, value_name = "PATH", env = "HUBUP_STATE", value_parser = folder())]
    pub state_folder: Option<PathBuf>,
    /// Draw with ASCII characters only
    #[arg(long, global = true)]
    pub ascii: bool,
    /// Colours of the wizard: sixteen, dark, light, high-contrast, or a TOML file [default: sixteen]
    #[arg(long, global = true, value_name = "THEME", env = "HUBUP_THEME")]
    pub theme: Option<String>,
    /// Ask and tell in lines, with numbered choices: for a screen reader, a dumb terminal, a pipe
    #[arg(long, global = true)]
    pub plain: bool,
    /// Let nothing on the screen turn or blink
    #[arg(long, global = true)]
    pub no_motion: bool,
    /// Ring the terminal's bell when the wizard needs you
    #[arg(long, global = true)]
    pub bell: bool,
}

/// What hubup can be told to do; without a command it opens the wizard.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Show every request that would be made, in order; change nothing
    Plan {
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
    /// Run the setup without the wizard
    Apply(Apply),
    /// Look for everything that would stop the setup, before its first change; change nothing
    Check(CheckArgs),
    /// Delete what the setup made, after showing what that is; leave everything else
    Destroy(Destroy),
    /// Show where the setup stands, seen in Azure; change nothing
    Status {
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
    /// Tell what the runs of a setup did, step by step
    Review(ReviewArgs),
    /// List the runs of a setup, or of all
    Runs {
        /// Of every setup in the state folder
        #[arg(long)]
        all: bool,
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
    /// Tell what an error code of Azure means, what hubup does about it, and what you can do
    Explain {
        /// Code, HTTP status or key, such as AADSTS50076, `HTTP 429` or principal-not-found [default: list all]
        #[arg(value_name = "CODE", num_args = 0..=3)]
        code: Vec<String>,
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
    /// Make one redacted file of a setup's runs, for whoever helps you
    Bundle {
        /// One run alone, by its id or the beginning of it; `last` is the newest [default: all that the newest goes on from]
        run: Option<String>,
        /// Where to [default: hubup-bundle-RUN.json]
        #[arg(long, value_name = "PATH")]
        to: Option<PathBuf>,
        /// Replace a file that exists
        #[arg(long)]
        force: bool,
    },
    /// Write a setup file that explains every key
    Init(Init),
    /// Run the embedded Azure for other clients, or forget its world
    Sandbox {
        #[command(subcommand)]
        command: SandboxCommand,
    },
}

/// What `init` writes, and where to.
#[derive(Args, Debug)]
pub struct Init {
    /// Where to [default: hubup.toml]
    pub path: Option<PathBuf>,
    /// Replace a file that exists
    #[arg(long)]
    pub force: bool,
    /// Fill it in with what a setup in this resource group was answered; without GROUP, list such groups
    #[arg(long, value_name = "GROUP", num_args = 0..=1, default_missing_value = "")]
    pub from_group: Option<String>,
    /// Subscription to look in [default: that of the setup file]
    #[arg(long, value_name = "ID", requires = "from_group", value_parser = subscription)]
    pub subscription: Option<String>,
}

/// How `apply` runs.
#[derive(Args, Debug, Default)]
pub struct Apply {
    /// Ask nothing; a question that has no safe answer fails its step
    #[arg(long)]
    pub yes: bool,
    /// Do not look first for what would stop the run
    #[arg(long)]
    pub no_check: bool,
    /// Do not run this step (may be repeated)
    #[arg(long, value_name = "STEP")]
    pub skip: Vec<String>,
    /// Run only this stage, by its id or number (may be repeated)
    #[arg(long, value_name = "STAGE")]
    pub only: Vec<String>,
    /// Use the resource of this id for what a step would make (may be repeated)
    #[arg(long = "use", value_name = "STEP=ID", value_parser = choice)]
    pub using: Vec<(StepId, String)>,
    /// Answer a step's question beforehand (may be repeated)
    #[arg(long, value_name = "STEP=CHOICE", value_parser = choice)]
    pub answer: Vec<(StepId, String)>,
    #[arg(long, value_enum, default_value_t)]
    pub output: Output,
}

/// What `check` looks for.
#[derive(Args, Debug, Default)]
pub struct CheckArgs {
    /// Leave out this step, which then needs nothing (may be repeated)
    #[arg(long, value_name = "STEP")]
    pub skip: Vec<String>,
    /// Write what an administrator needs for the rights that you lack: a role and a script
    #[arg(long, value_name = "FOLDER", value_parser = folder())]
    pub hand_off: Option<PathBuf>,
    #[arg(long, value_enum, default_value_t)]
    pub output: Output,
}

/// How `destroy` runs.
#[derive(Args, Debug, Default)]
pub struct Destroy {
    /// Do not ask for the setup's name first
    #[arg(long)]
    pub yes: bool,
    /// Do not run this step (may be repeated)
    #[arg(long, value_name = "STEP")]
    pub skip: Vec<String>,
    #[arg(long, value_enum, default_value_t)]
    pub output: Output,
}

/// What `review` shows, and how.
#[derive(Args, Debug)]
pub struct ReviewArgs {
    /// One run alone, by its id or the beginning of it; `last` is the newest [default: all that the newest goes on from]
    pub run: Option<String>,
    /// Only steps that ended so: done, already-there, warned, skipped, blocked, failed, cancelled; or left (several with commas)
    #[arg(long, value_name = "OUTCOMES", value_delimiter = ',')]
    pub only: Vec<crate::review::Only>,
    /// Every exchange of every step, with what was sent and what came back
    #[arg(long)]
    pub exchanges: bool,
    #[arg(long, value_enum, default_value_t)]
    pub output: Form,
}

/// The form of a review.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Form {
    #[default]
    Text,
    Json,
    Markdown,
}

/// What `sandbox` can be told.
#[derive(Subcommand, Debug)]
pub enum SandboxCommand {
    /// Serve it until Ctrl+C, and print how to reach it
    Serve {
        /// Loopback port; 0 takes any
        #[arg(long, default_value_t = 0)]
        port: u16,
        /// Speak https too on that port, with an authority of its own that clients are told to trust
        #[arg(long)]
        tls: bool,
        /// Be a proxy too on that port, so that clients keep Azure's host names (with --tls)
        #[arg(long)]
        proxy: bool,
        /// Append every exchange to FILE as a line of JSON, tokens masked
        #[arg(long, value_name = "FILE", value_parser = folder())]
        record: Option<PathBuf>,
    },
    /// Forget its world
    Reset,
}

/// The form of what is printed.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Output {
    #[default]
    Text,
    Json,
}

/// A folder; an empty one, as of a variable that is set to nothing, is none.
fn folder() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().map(PathBuf::from)
}

fn speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if speed == 0.0 || (1.0..=100_000.0).contains(&speed) => Ok(speed),
        _ => Err("0, or a number from 1 to 100000".to_owned()),
    }
}

fn subscription(text: &str) -> Result<String, String> {
    match NameKind::Guid.check(text) {
        None => Ok(text.to_lowercase()),
        Some(finding) => Err(finding.rule),
    }
}

fn choice(text: &str) -> Result<(StepId, String), String> {
    match text.split_once('=') {
        Some((step, choice)) if !step.is_empty() && !choice.is_empty() => {
            Ok((StepId::from(step.to_owned()), choice.to_owned()))
        }
        _ => Err("STEP=CHOICE, such as `hub.create=use`".to_owned()),
    }
}
