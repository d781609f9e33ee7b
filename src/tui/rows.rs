//! The rows of the stages pane: which there are, in which state, for how long, and which of them fit. Pure.

use jiff::Timestamp;

use crate::domain::{Outcome, StageOutline, StepId, StepOutline, StepState};

use super::log::Of;
use super::session::Session;
use super::text::seconds;

/// A row: a stage, or a step of an unfolded one. Indices into the outline.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Row {
    Stage(usize),
    Step(usize, usize),
}

impl Row {
    /// Index of its stage.
    pub(crate) fn stage(self) -> usize {
        match self {
            Self::Stage(stage) | Self::Step(stage, _) => stage,
        }
    }
}

/// The condition of a row: that of its step, or what its steps come to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum RowState {
    Step(StepState),
    /// A stage that ended, some of its steps done and some skipped.
    InPart,
}

impl RowState {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Step(state) => state.word(),
            Self::InPart => "in part",
        }
    }

    pub(crate) fn is_active(self) -> bool {
        matches!(self, Self::Step(state) if state.is_active())
    }
}

impl Session {
    /// The stage of a row.
    pub(crate) fn stage(&self, row: Row) -> Option<&StageOutline> {
        self.outline.get(row.stage())
    }

    /// The step of a row that is one.
    pub(crate) fn step_of(&self, row: Row) -> Option<&StepOutline> {
        match row {
            Row::Stage(_) => None,
            Row::Step(stage, step) => self.outline.get(stage)?.steps.get(step),
        }
    }

    /// The steps that a row stands for: its own, or all of its stage.
    pub(crate) fn steps_of(&self, row: Row) -> &[StepOutline] {
        let steps = self.stage(row).map_or(&[][..], |stage| &stage.steps);
        match row {
            Row::Stage(_) => steps,
            Row::Step(_, step) => steps.get(step..=step).unwrap_or_default(),
        }
    }

    /// The lines that the log has of the cursor's row: of its step, or of the steps of its stage.
    pub(crate) fn log_of_row(&self) -> Option<Of> {
        let name = match self.step_of(self.cursor) {
            Some(step) => step.id.to_string(),
            None => self.stage(self.cursor)?.heading.clone(),
        };
        let steps = self.steps_of(self.cursor).iter().map(|step| step.id.to_string()).collect();
        Some(Of { name, steps })
    }

    /// The rows that are not folded away.
    pub(crate) fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        for (index, stage) in self.outline.iter().enumerate() {
            rows.push(Row::Stage(index));
            if self.unfolded.contains(&stage.id) {
                rows.extend((0..stage.steps.len()).map(|step| Row::Step(index, step)));
            }
        }
        rows
    }

    /// The state of a step, with what was confirmed and not yet told back counted as queued.
    pub(crate) fn state(&self, step: &StepOutline) -> StepState {
        match self.progress.state(step) {
            StepState::NotYet | StepState::Ready if self.confirmed.contains(&step.id) => StepState::Queued,
            state => state,
        }
    }

    /// The state of a row.
    pub(crate) fn row_state(&self, row: Row) -> RowState {
        if let Some(step) = self.step_of(row) {
            return RowState::Step(self.state(step));
        }
        let states: Vec<StepState> = self.steps_of(row).iter().map(|step| self.state(step)).collect();
        let has = |wanted: StepState| states.contains(&wanted);
        // What asks for a person comes first, then what moves, then what went wrong, then what is to be done.
        let order = [
            StepState::AsksYou,
            StepState::Running,
            StepState::Waiting,
            StepState::Finished(Outcome::Failed),
            StepState::Finished(Outcome::Blocked),
            StepState::Finished(Outcome::Cancelled),
            // Before what is queued: that may wait for a step of this very row which nobody confirmed.
            StepState::Ready,
            StepState::NotYet,
            StepState::Queued,
        ];
        if let Some(state) = order.into_iter().find(|state| has(*state)) {
            let state = if state == StepState::Waiting { StepState::Running } else { state };
            return RowState::Step(state);
        }
        let skipped = has(StepState::Finished(Outcome::Skipped));
        let held =
            states.iter().any(|state| matches!(state, StepState::Finished(outcome) if outcome.holds()));
        let found = |state: &StepState| *state == StepState::Finished(Outcome::AlreadyThere);
        match (skipped, held) {
            (true, true) => RowState::InPart,
            (true, false) => RowState::Step(StepState::Finished(Outcome::Skipped)),
            _ if has(StepState::Finished(Outcome::Warned)) => {
                RowState::Step(StepState::Finished(Outcome::Warned))
            }
            _ if held && states.iter().all(found) => {
                RowState::Step(StepState::Finished(Outcome::AlreadyThere))
            }
            _ => RowState::Step(StepState::Finished(Outcome::Done)),
        }
    }

    /// How many seconds a row took, or takes so far; `None` before it was started.
    pub(crate) fn row_seconds(&self, row: Row, now: Timestamp) -> Option<u64> {
        let mut first: Option<Timestamp> = None;
        let mut last: Option<Timestamp> = None;
        for step in self.steps_of(row) {
            let Some(progress) = self.progress.step(&step.id) else { continue };
            let Some(started) = progress.started else { continue };
            // A skip that was taken back leaves the times of its look behind.
            if !matches!(self.state(step), StepState::Finished(_)) && !self.state(step).is_active() {
                continue;
            }
            // A stage takes as long as this run has it: what an earlier one did is hours away.
            if matches!(row, Row::Stage(_)) && (self.is_old() || self.is_earlier(started)) {
                continue;
            }
            let now = self.progress.ended.unwrap_or(now);
            let ended = if self.state(step).is_active() { now } else { progress.ended.unwrap_or(started) };
            first = Some(first.map_or(started, |known| known.min(started)));
            last = Some(last.map_or(ended, |known| known.max(ended)));
        }
        Some(seconds(first?, last?))
    }

    /// True when `row` has a step that waits for the person's word.
    pub(crate) fn confirmable(&self, row: Row) -> Vec<StepId> {
        self.steps_in(row, |state| matches!(state, StepState::NotYet | StepState::Ready))
    }

    /// The steps of `row` whose state satisfies `wanted`.
    pub(crate) fn steps_in(&self, row: Row, wanted: impl Fn(StepState) -> bool) -> Vec<StepId> {
        let steps = self.steps_of(row).iter();
        steps.filter(|step| wanted(self.state(step))).map(|step| step.id.clone()).collect()
    }

    /// Puts the cursor on the first stage that needs a person; true when it stood elsewhere.
    pub(crate) fn place(&mut self) -> bool {
        let stage = self.outline.iter().position(|stage| stage.steps.iter().any(|step| self.needs_you(step)));
        let Some(row) = stage.map(Row::Stage).filter(|row| *row != self.cursor) else { return false };
        self.cursor = row;
        true
    }

    /// True when `at` was before this run began.
    pub(crate) fn is_earlier(&self, at: Timestamp) -> bool {
        self.progress.started.is_some_and(|begun| at < begun)
    }

    /// True when nothing more happens to `step` before a person says so. What was begun earlier is looked at first.
    fn needs_you(&self, step: &StepOutline) -> bool {
        match self.state(step) {
            StepState::AsksYou => true,
            StepState::Finished(outcome) => !outcome.holds() && outcome != Outcome::Skipped,
            StepState::NotYet | StepState::Ready => {
                let known = self.progress.step(&step.id);
                known.is_some_and(|known| known.came_back.is_some()) || !self.progress.begun(&step.id)
            }
            _ => false,
        }
    }

    /// Puts the cursor on the next row with something to confirm, round the end; leaves it when there is none.
    pub(crate) fn advance(&mut self) {
        let rows = self.rows();
        let at = rows.iter().position(|row| *row == self.cursor).map_or(0, |at| at + 1);
        let (before, after) = rows.split_at(at.min(rows.len()));
        if let Some(next) = after.iter().chain(before).find(|row| !self.confirmable(**row).is_empty()) {
            self.cursor = *next;
        }
    }

    /// The rows to draw when only `room` fit: the cursor's and the active ones first, then the nearest to the cursor.
    pub(crate) fn fitting(&self, room: usize) -> Vec<Row> {
        let rows = self.rows();
        if rows.len() <= room {
            return rows;
        }
        let at = rows.iter().position(|row| *row == self.cursor).unwrap_or(0);
        let mut ranked: Vec<(u8, usize, Row)> = rows
            .iter()
            .enumerate()
            .map(|(index, row)| {
                let class = match () {
                    () if index == at => 0,
                    () if self.row_state(*row).is_active() => 1,
                    () => 2,
                };
                (class, index.abs_diff(at), *row)
            })
            .collect();
        ranked.sort_unstable();
        ranked.truncate(room);
        let mut kept: Vec<Row> = ranked.into_iter().map(|(_, _, row)| row).collect();
        kept.sort_by_key(|row| rows.iter().position(|known| known == row));
        kept
    }
}
