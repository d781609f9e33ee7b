//! The questions of a run: answered beforehand by a flag, by `--yes`, or by a person who is asked.

use tokio::sync::oneshot;

use super::{Executor, PendingQuestion};
use crate::domain::{Ask, Choice, Fault, Question, RunEvent, StepId, Who};
use crate::engine::context::Recorded;

impl Executor {
    /// Asks, or answers what was answered beforehand. Under `--yes` a question that nobody answered fails its step.
    pub(super) async fn question(
        &mut self,
        step: StepId,
        ask: Ask,
        reply: oneshot::Sender<Result<String, Fault>>,
    ) -> Recorded<()> {
        let number = self.next_question;
        self.next_question += 1;
        let given = self.manner.choices.get(&step).cloned();
        // Somebody who mistyped an answer did not mean the one that `--yes` gives.
        let (given, misfit): (Option<_>, Option<_>) = match given {
            Some(choice) if !has(&ask, &choice) => (None, Some(choice)),
            given => (given, None),
        };
        let by_flag = given.map(|choice| (choice, Who::Flag));
        let by_yes = ask.under_yes.clone().filter(|_| self.manner.yes && misfit.is_none());
        let by_yes = by_yes.map(|choice| (choice, Who::Yes));
        let unanswerable = self.manner.yes && by_flag.is_none() && by_yes.is_none();
        if unanswerable {
            let keys: Vec<_> =
                ask.choices.iter().map(|(key, label)| format!("`--answer {step}={key}` ({label})")).collect();
            let mut says = ask.question.clone();
            if !ask.differs.is_empty() {
                says.push_str(&format!(": {}", ask.differs.join("; ")));
            }
            let means = match misfit {
                Some(choice) => format!("`{choice}` is no answer to this"),
                None => "this needs a decision that `--yes` does not take".to_owned(),
            };
            let fault = Fault::new(says, format!("run again with one of {}", keys.join(", "))).meaning(means);
            let _ = reply.send(Err(fault));
            return Ok(());
        }
        let question = Question { number, step, ask };
        self.emit(RunEvent::Asked(question.clone())).await?;
        self.questions.insert(number, PendingQuestion { question, reply });
        match by_flag.or(by_yes) {
            Some((choice, who)) => self.answer(number, choice, who).await,
            None => Ok(()),
        }
    }

    /// Takes an answer in; one that is no choice of a question that waits is ignored.
    pub(super) async fn answer(&mut self, number: u64, choice: String, by: Who) -> Recorded<()> {
        let fits = self.questions.get(&number).is_some_and(|pending| has(&pending.question.ask, &choice));
        if !fits {
            return Ok(());
        }
        if let Some(pending) = self.questions.remove(&number) {
            let step = pending.question.step;
            self.emit(RunEvent::Answered(Choice { number, step, choice: choice.clone(), by })).await?;
            let _ = pending.reply.send(Ok(choice));
        }
        Ok(())
    }
}

fn has(ask: &Ask, choice: &str) -> bool {
    ask.choices.iter().any(|(key, _)| key == choice)
}
