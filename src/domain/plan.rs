//! A plan: the stages of a dialect with their steps, checked, and what follows from it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::ids::{StageId, StepId, derived_uuid};
use super::step::{Need, NeedKind, Outputs, Step};

/// One stage of a plan.
#[derive(Clone, Debug)]
pub struct PlannedStage {
    pub id: StageId,
    /// The heading on screen.
    pub heading: String,
    pub steps: Vec<Step>,
}

/// The stages in the order of the screen. Every need names a step of the plan, and no step needs itself, however far
/// around.
#[derive(Clone, Debug)]
pub struct Plan {
    stages: Vec<PlannedStage>,
}

/// Why stages and steps do not make a plan.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum PlanError {
    #[error("step `{0}` occurs twice")]
    Twice(StepId),
    #[error("step `{step}` needs `{needs}`, which is not in the plan")]
    Missing { step: StepId, needs: StepId },
    #[error("step `{0}` needs itself")]
    Circle(StepId),
}

/// A stage as the journal keeps it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StageOutline {
    pub id: StageId,
    pub heading: String,
    pub steps: Vec<StepOutline>,
}

/// A step as the journal keeps it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StepOutline {
    pub id: StepId,
    pub title: String,
    pub needs: Vec<Need>,
    /// Seconds, by Azure's documents.
    pub bound: u64,
}

/// What skipping some steps costs.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Impact {
    /// Cannot run: an output is missing.
    pub blocked: Vec<StepId>,
    /// Can run at the person's word; an effect they need is not known to hold.
    pub doubtful: Vec<StepId>,
    /// Not touched by it.
    pub free: Vec<StepId>,
}

impl Plan {
    /// Checks `stages` and makes them a plan.
    pub fn new(stages: Vec<PlannedStage>) -> Result<Self, PlanError> {
        let plan = Self { stages };
        let mut ids = BTreeSet::new();
        for step in plan.steps() {
            if !ids.insert(&step.id) {
                return Err(PlanError::Twice(step.id.clone()));
            }
        }
        for step in plan.steps() {
            for need in &step.needs {
                if !ids.contains(&need.step) {
                    return Err(PlanError::Missing { step: step.id.clone(), needs: need.step.clone() });
                }
            }
        }
        let mut settled = BTreeSet::new();
        loop {
            let before = settled.len();
            for step in plan.steps() {
                if step.needs.iter().all(|need| settled.contains(&need.step)) {
                    settled.insert(step.id.clone());
                }
            }
            if settled.len() == ids.len() {
                return Ok(plan);
            }
            if settled.len() == before {
                let circle = plan.steps().find(|step| !settled.contains(&step.id));
                return Err(PlanError::Circle(circle.map_or(StepId::new(""), |step| step.id.clone())));
            }
        }
    }

    /// The stages in screen order.
    pub fn stages(&self) -> &[PlannedStage] {
        &self.stages
    }

    /// All steps in screen order.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.stages.iter().flat_map(|stage| &stage.steps)
    }

    /// The ids of all steps in screen order.
    pub fn ids(&self) -> Vec<StepId> {
        self.steps().map(|step| step.id.clone()).collect()
    }

    /// The step `id`.
    pub fn step(&self, id: &StepId) -> Option<&Step> {
        self.steps().find(|step| step.id == *id)
    }

    /// The steps that need `id` directly.
    pub fn dependants<'a>(&'a self, id: &'a StepId) -> impl Iterator<Item = (&'a Step, NeedKind)> {
        self.steps().filter_map(move |step| {
            step.needs.iter().find(|need| need.step == *id).map(|need| (step, need.kind))
        })
    }

    /// What skipping `skipped` does to every other step.
    pub fn impact(&self, skipped: &[StepId]) -> Impact {
        let mut gone: BTreeMap<&StepId, NeedKind> = skipped.iter().map(|id| (id, NeedKind::Value)).collect();
        // Needs may point to any stage of the screen order, so go round until nothing changes.
        loop {
            let before = gone.len();
            for step in self.steps() {
                if gone.contains_key(&step.id) {
                    continue;
                }
                let blocked = step.needs.iter().any(|need| {
                    need.kind == NeedKind::Value && gone.get(&need.step) == Some(&NeedKind::Value)
                });
                if blocked {
                    gone.insert(&step.id, NeedKind::Value);
                }
            }
            if gone.len() == before {
                break;
            }
        }
        let mut impact = Impact::default();
        for step in self.steps().filter(|step| !skipped.contains(&step.id)) {
            let list = if gone.contains_key(&step.id) {
                &mut impact.blocked
            } else if step.needs.iter().any(|need| gone.contains_key(&need.step)) {
                &mut impact.doubtful
            } else {
                &mut impact.free
            };
            list.push(step.id.clone());
        }
        impact
    }

    /// The plan without its functions, as the journal keeps it.
    pub fn outline(&self) -> Vec<StageOutline> {
        self.stages
            .iter()
            .map(|stage| StageOutline {
                id: stage.id.clone(),
                heading: stage.heading.clone(),
                steps: stage
                    .steps
                    .iter()
                    .map(|step| StepOutline {
                        id: step.id.clone(),
                        title: step.title.clone(),
                        needs: step.needs.clone(),
                        bound: step.bound.as_secs(),
                    })
                    .collect(),
            })
            .collect()
    }

    /// Equal for plans that make the same requests in the same order with the same needs.
    pub fn fingerprint(&self) -> String {
        let mut text = String::new();
        for step in self.steps() {
            text.push_str(step.id.as_str());
            for need in &step.needs {
                text.push_str(&format!("|{}:{:?}", need.step, need.kind));
            }
            for planned in &step.planned {
                let shown = planned.request.shown(&Outputs::default());
                let body = shown.body.map(|body| body.to_string()).unwrap_or_default();
                text.push_str(&format!("|{} {} {body}", shown.method, shown.url));
            }
            text.push('\n');
        }
        derived_uuid(&text).to_string()
    }
}
