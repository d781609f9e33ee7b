//! Dialects and profiles as data, and the plans that come of them. Which one is spoken is chosen in `choice.rs`.

use std::collections::BTreeMap;

use super::recall::{Recall, reason_or_leave};
use crate::domain::{
    Answers, Fault, Field, Fixed, Moves, Plan, PlanError, PlannedStage, Replay, ServiceError, StageId, Step,
};

/// One Azure object model.
pub struct Dialect {
    /// As the setup file names it.
    pub id: &'static str,
    /// The profiles that speak it, the preferred one first.
    pub profiles: &'static [ProfileRow],
    /// Headings with their steps, in the order of the screen.
    pub stages: &'static [&'static Stage],
    /// The same stages in the order of the way back.
    pub way_back: &'static [&'static Stage],
    /// Why these answers cannot be had in it; `None` when they can.
    pub refuses: fn(&Answers) -> Option<Fault>,
    /// Looks at the namespace that the answers name.
    pub recognise: fn(&Answers, &Profile, &mut Replay<'_>) -> Moves<Sign>,
    /// Resource types whose version stays once a step was begun.
    pub settled_versions: &'static [(&'static str, Fixed)],
}

/// What an existing namespace says about a dialect.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Sign {
    /// Nothing: it is not there, or could be of any.
    Nothing,
    /// It is of this dialect; why, as a fragment: "it links a hub".
    Ours(&'static str),
    /// The service refuses this object model here, whatever its provider lists.
    Closed,
    /// It is of this dialect, and cannot be what the answers want of it.
    Unfit(Box<Fault>),
}

impl Sign {
    /// What a look says that did not succeed. A refusal of the operation itself is a sign that another object model is
    /// served (contract links-2026, section 4, point 2; measured once, by an update sample).
    ///
    /// Leaves with `Next::Fail` where every other look would fail alike.
    pub fn of_error(error: &ServiceError) -> Moves<Self> {
        if error.shows(&["DisallowedResourceOperation"]) {
            return Ok(Self::Closed);
        }
        reason_or_leave(error).map(|_| Self::Nothing)
    }
}

/// A row of the table of profiles: which versions of which types speak a dialect.
pub struct ProfileRow {
    pub id: &'static str,
    pub name: &'static str,
    /// What must be offered.
    pub offered: &'static [Offered],
    /// Types whose version is not chosen by what is offered.
    pub fixed: &'static [(&'static str, &'static str)],
    /// Whether a certificate policy has a region and tags of its own.
    pub policies_are_tracked: bool,
}

/// Resource types that are spoken to in one version together.
pub struct Offered {
    /// `Provider/type`; the setup file overrides the version of all by the first.
    pub types: &'static [&'static str],
    /// Any of these, the preferred one first.
    pub versions: &'static [&'static str],
}

impl Offered {
    /// The type that the others go with.
    pub fn first(&self) -> &'static str {
        self.types.first().copied().unwrap_or_default()
    }
}

/// One set of API versions of a dialect, as a setup speaks it.
#[derive(Clone)]
pub struct Profile {
    pub row: &'static ProfileRow,
    versions: BTreeMap<String, String>,
}

impl Profile {
    /// `row` with a version for each of its types; what `chosen` leaves open is as `row` prefers.
    pub fn of(row: &'static ProfileRow, chosen: &BTreeMap<String, String>) -> Self {
        let mut versions = BTreeMap::new();
        let mut set = |name: &str, first: &str, usual: &str| {
            let version = chosen.get(name).or_else(|| chosen.get(first));
            versions.insert(name.to_owned(), version.map_or_else(|| usual.to_owned(), Clone::clone));
        };
        for offered in row.offered {
            for name in offered.types {
                set(name, offered.first(), offered.versions.first().copied().unwrap_or_default());
            }
        }
        for (name, version) in row.fixed {
            set(name, name, version);
        }
        Self { row, versions }
    }

    /// The api-version of `resource_type`, which one of the two tables names.
    pub fn version(&self, resource_type: &str) -> &str {
        self.versions
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(resource_type))
            .map_or("", |(_, version)| version)
    }

    /// All versions by resource type, as the journal keeps them.
    pub fn versions(&self) -> &BTreeMap<String, String> {
        &self.versions
    }
}

/// One heading with what it asks and what it does.
pub struct Stage {
    pub id: StageId,
    pub heading: &'static str,
    /// What the form asks for this stage.
    pub fields: &'static [Field],
    /// The steps, in the order of the screen; none when the answers leave the stage out.
    pub steps: fn(&Answers, &Profile) -> Vec<Step>,
    /// How its answers are read back from what is there.
    pub recall: Recall,
    /// The steps of the way back, whatever the answers left out: what an earlier run made is found all the same.
    pub teardown: fn(&Answers, &Profile) -> Vec<Step>,
    /// What stays whatever happens, each with the reason.
    pub stays: &'static [(&'static str, &'static str)],
}

/// The plan of `dialect` for `answers`; stages without steps are left out.
pub fn plan(dialect: &Dialect, profile: &Profile, answers: &Answers) -> Result<Plan, PlanError> {
    planned(dialect.stages, |stage| (stage.steps)(answers, profile))
}

/// The plan that takes away what the plan of `dialect` for `answers` makes.
pub fn teardown_plan(dialect: &Dialect, profile: &Profile, answers: &Answers) -> Result<Plan, PlanError> {
    planned(dialect.way_back, |stage| (stage.teardown)(answers, profile))
}

fn planned(stages: &[&'static Stage], steps: impl Fn(&Stage) -> Vec<Step>) -> Result<Plan, PlanError> {
    let stages = stages
        .iter()
        .map(|stage| PlannedStage {
            id: stage.id.clone(),
            heading: stage.heading.to_owned(),
            steps: steps(stage),
        })
        .filter(|stage| !stage.steps.is_empty())
        .collect();
    Plan::new(stages)
}

/// What a teardown never takes away, each with the reason.
pub fn stays(dialect: &Dialect) -> impl Iterator<Item = (&'static str, &'static str)> {
    dialect.way_back.iter().flat_map(|stage| stage.stays).copied()
}

/// The question of the form that has `key`.
pub fn field(dialects: &[&'static Dialect], answers: &Answers, key: &str) -> Option<Field> {
    fields(dialects, answers).into_iter().flat_map(|(_, fields)| fields).find(|field| field.key == key)
}

/// What the form asks, under its headings, for all that `answers` may come to be: the dialect is chosen after it. A
/// question that several dialects ask stands there once.
pub fn fields(dialects: &[&'static Dialect], answers: &Answers) -> Vec<(&'static str, Vec<Field>)> {
    let wanted = dialects.iter().filter(|dialect| answers.dialect == "auto" || answers.dialect == dialect.id);
    let mut headings: Vec<(&StageId, &'static str, Vec<Field>)> = Vec::new();
    for stage in wanted.flat_map(|dialect| dialect.stages) {
        let known =
            |key: &str| headings.iter().any(|(_, _, fields)| fields.iter().any(|field| field.key == key));
        let news: Vec<Field> = stage.fields.iter().filter(|field| !known(field.key)).cloned().collect();
        match headings.iter_mut().find(|(id, _, _)| **id == stage.id) {
            Some((_, _, fields)) => fields.extend(news),
            None => headings.push((&stage.id, stage.heading, news)),
        }
    }
    headings
        .into_iter()
        .filter(|(_, _, fields)| !fields.is_empty())
        .map(|(_, heading, fields)| (heading, fields))
        .collect()
}

/// The resource types whose api-version the setup file may set, in order.
pub fn versioned_types(dialects: &[&'static Dialect]) -> Vec<&'static str> {
    let mut types: Vec<&str> = dialects
        .iter()
        .flat_map(|dialect| dialect.profiles)
        .flat_map(|row| row.offered.iter().map(Offered::first).chain(row.fixed.iter().map(|(name, _)| *name)))
        .collect();
    types.sort_unstable();
    types.dedup();
    types
}
