//! Runs the Azure CLI for azure_identity.
//!
//! Unlike azure_identity's own runner it lets nothing outlive a timeout or a Ctrl+C, and lets no child read the keyboard
//! that the wizard reads.

use std::ffi::{OsStr, OsString};
use std::io;
use std::process::{Output, Stdio};

use async_trait::async_trait;
use azure_identity::Executor;
use tokio::process::{Child, Command};

/// Runs commands as azure_identity words them: a shell that runs `az`.
#[derive(Debug)]
pub(super) struct AzRunner {
    /// `PATH` of the child; `None` leaves it this process's.
    pub path: Option<OsString>,
}

#[async_trait]
impl Executor for AzRunner {
    async fn run(&self, program: &OsStr, args: &[&OsStr]) -> io::Result<Output> {
        let mut command = Command::new(program);
        command
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        // az's own settings: its errors are quoted, so no colours in them.
        command.env("AZURE_CORE_NO_COLOR", "true");
        if let Some(path) = &self.path {
            command.env("PATH", path);
        }
        // The shell has children of its own, az and its Python: they are ended as one group.
        #[cfg(unix)]
        command.process_group(0);
        let child = command.spawn()?;
        let guard = Group::of(&child);
        let output = child.wait_with_output().await;
        guard.disarm();
        output
    }
}

/// Ends a child's process group unless the child has ended by itself.
struct Group {
    leader: Option<u32>,
}

impl Group {
    fn of(child: &Child) -> Self {
        Self { leader: child.id() }
    }

    fn disarm(mut self) {
        self.leader = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        #[cfg(unix)]
        {
            let leader =
                self.leader.and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
            if let Some(leader) = leader {
                // It may have ended just now: then there is nothing to end.
                let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::KILL);
            }
        }
    }
}
