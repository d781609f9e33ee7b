//! From the process's arguments to its exit code.

use std::process::ExitCode;

use clap::Parser as _;

use super::apply;
use super::args::{Cli, Command, Global, Init};
use super::environment::Surroundings;
use super::failure::Failure;
use super::follow::Ending;
use super::print::{out, trouble};
use super::{bundle, check, destroy, explain, init, plan, recall, review, runs, sandbox, status, wizard};
use crate::domain::Exit;

/// Parses, runs, and gives the exit code of design section 7.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are not troubles: clap prints them to standard output.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() {
                Exit::Usage.code()
            } else {
                Exit::Complete.code()
            });
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            trouble(&format!("error: the runtime cannot start: {error}"));
            return ExitCode::from(Exit::Failed.code());
        }
    };
    let ended = runtime.block_on(obey(cli));
    // A thread that reads the terminal cannot be woken; it must not hold the exit.
    runtime.shutdown_background();
    match ended {
        Ok(Ending::Exit(exit)) => ExitCode::from(exit.code()),
        Ok(Ending::Signal(number)) => ExitCode::from(128 + number),
        Err(failure) => {
            trouble(&failure.text);
            ExitCode::from(failure.exit.code())
        }
    }
}

async fn obey(cli: Cli) -> Result<Ending, Failure> {
    let surroundings = Surroundings::read();
    let Cli { global, command } = cli;
    match command {
        None => Box::pin(wizard::run(&global, surroundings)).await,
        Some(Command::Plan { output }) => plan::run(&global, surroundings, output).await.map(Ending::Exit),
        Some(Command::Apply(apply)) => apply::run(&global, surroundings, &apply).await,
        Some(Command::Check(args)) => check::run(&global, surroundings, &args).await.map(Ending::Exit),
        Some(Command::Destroy(destroy)) => destroy::run(&global, surroundings, &destroy).await,
        Some(Command::Status { output }) => {
            status::run(&global, surroundings, output).await.map(Ending::Exit)
        }
        Some(Command::Review(review)) => review::run(&global, &surroundings, &review).map(Ending::Exit),
        Some(Command::Runs { all, output }) => {
            runs::run(&global, &surroundings, all, output).map(Ending::Exit)
        }
        Some(Command::Explain { code, output }) => {
            // `HTTP 429` is two words where nobody quotes it.
            let code = (!code.is_empty()).then(|| code.join(" "));
            explain::run(code.as_deref(), output).map(Ending::Exit)
        }
        Some(Command::Bundle { run, to, force }) => {
            bundle::run(&global, &surroundings, run.as_deref(), to, force).map(Ending::Exit)
        }
        Some(Command::Init(init)) if init.from_group.is_some() => {
            recall::run(&global, surroundings, &init).await.map(Ending::Exit)
        }
        Some(Command::Init(init)) => write_setup_file(&global, &init).map(Ending::Exit),
        Some(Command::Sandbox { command }) => {
            sandbox::run(&global, &surroundings, &command).await.map(Ending::Exit)
        }
    }
}

fn write_setup_file(global: &Global, args: &Init) -> Result<Exit, Failure> {
    let path = init::path(global, args);
    init::init(&path, init::Overwrite::of(args), None)
        .map_err(|error| Failure::new(Exit::Usage, format!("error: {error}")))?;
    out(&format!("Wrote {}. Fill it in, then `hubup plan` shows what it would do.", path.display()));
    Ok(Exit::Complete)
}
