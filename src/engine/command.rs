//! What a person tells the engine; the handle that the wizard and the commands hold.

use tokio::sync::mpsc;

use crate::domain::StepId;

/// An order to the engine. Orders that no longer fit what the run is doing are ignored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Command {
    /// Run these steps as soon as their needs are met.
    Confirm(Vec<StepId>),
    /// Confirm everything that is left.
    ConfirmAll,
    /// Look at these, all at once with what earlier runs gave: what is as it should be is already there, what is not
    /// waits for the person's word, or runs when it has it.
    Prove(Vec<StepId>),
    /// Do not run these; each is probed first and may turn out to be already there.
    Skip(Vec<StepId>),
    /// Use the resource of that id for what the step would make. It is looked at, never changed.
    Use { step: StepId, id: String },
    /// Take a skip back.
    Unskip(StepId),
    /// Run a step that failed, was blocked or cancelled once more.
    Retry(StepId),
    /// Make the waits of a step last five minutes longer, starting it again if it has given up.
    KeepTrying(StepId),
    /// Answer the question of that number with the key of a choice.
    Answer { number: u64, choice: String },
    /// Stop one step: nothing more is sent for it. What Azure accepted goes on there.
    Cancel(StepId),
    /// Leave the run: nothing new is sent, accepted operations go on in Azure, the journal is closed.
    Leave,
}

/// Holds the sending end of the engine. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Handle {
    commands: mpsc::UnboundedSender<Command>,
}

impl Handle {
    /// Makes a handle and the end that the engine reads.
    pub fn pair() -> (Self, mpsc::UnboundedReceiver<Command>) {
        let (commands, orders) = mpsc::unbounded_channel();
        (Self { commands }, orders)
    }

    /// Sends an order; false when the engine has ended.
    pub fn send(&self, command: Command) -> bool {
        self.commands.send(command).is_ok()
    }
}
