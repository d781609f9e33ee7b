//! Which dialect and which profile a setup speaks, by what the subscription offers and by what is there already
//! (design, section 3.3; contract links-2026, section 4). Looks only.

use std::collections::BTreeMap;

use super::dialect::{Dialect, Offered, Profile, Sign};
use super::offers::{Offers, canonical_location};
use crate::domain::{Answers, Exit, Fault, Moves, Next, Replay};

/// What was chosen, and why in one line.
#[derive(Clone)]
pub struct Selection {
    pub dialect: &'static Dialect,
    pub profile: Profile,
    pub because: String,
}

/// What a setup was begun with: it is spoken to its end (design, section 3.3).
#[derive(Clone, Copy, Debug)]
pub struct Kept<'a> {
    /// Id of the dialect.
    pub dialect: &'a str,
    /// Id of the profile.
    pub profile: &'a str,
    /// The versions by resource type.
    pub versions: &'a BTreeMap<String, String>,
}

/// Whether regions and links have to be what the answers want: where something is only looked at they have not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Regions {
    Checked,
    Unchecked,
}

/// A dialect that the subscription offers whole, with the profile that speaks it there.
struct Candidate {
    dialect: &'static Dialect,
    profile: Profile,
}

/// Chooses among `dialects`. A setup that goes on keeps what it was begun with. A namespace that is there already has the
/// last word: of which object model it is, is seen before anything is written.
///
/// Leaves with `Next::Fail` when `offers` hold nothing that is spoken, or when the namespace is of another dialect than the
/// one that is asked for.
pub fn choose(
    answers: &Answers,
    offers: &Offers,
    dialects: &[&'static Dialect],
    kept: Option<Kept<'_>>,
    regions: Regions,
    replay: &mut Replay<'_>,
) -> Moves<Selection> {
    if let Some(kept) = kept {
        return keep(answers, offers, dialects, kept, regions).map_err(|fault| failing(*fault));
    }
    unspoken(answers, offers, dialects).map_or(Ok(()), |fault| Err(failing(fault)))?;
    let wanted: Vec<&'static Dialect> = dialects
        .iter()
        .filter(|dialect| answers.dialect == "auto" || answers.dialect == dialect.id)
        .copied()
        .collect();
    // What is there may be of a dialect that is not wanted: that is to be seen before the first write.
    let offered: Vec<Candidate> =
        dialects.iter().filter_map(|dialect| offered(answers, offers, dialects, dialect)).collect();
    let mut closed = Vec::new();
    for candidate in &offered {
        match (candidate.dialect.recognise)(answers, &candidate.profile, replay)? {
            Sign::Ours(why) => {
                return found(answers, offers, candidate, why, regions).map_err(|fault| failing(*fault));
            }
            // What it links does not matter to a look at it.
            Sign::Unfit(_) if regions == Regions::Unchecked => {
                let why = "it links a provisioning service";
                return found(answers, offers, candidate, why, regions).map_err(|fault| failing(*fault));
            }
            Sign::Unfit(fault) => return Err(failing(fault.exiting(Exit::Usage))),
            Sign::Closed => closed.push(candidate.dialect.id),
            Sign::Nothing => {}
        }
    }
    among(answers, offers, &wanted, &offered, &closed, regions).map_err(|fault| failing(*fault))
}

fn failing(fault: Fault) -> Box<Next> {
    Box::new(Next::Fail(fault))
}

/// The existing namespace is of the dialect of `candidate`.
fn found(
    answers: &Answers,
    offers: &Offers,
    candidate: &Candidate,
    why: &str,
    regions: Regions,
) -> Result<Selection, Box<Fault>> {
    let Candidate { dialect, profile } = candidate;
    if answers.dialect != "auto" && answers.dialect != dialect.id {
        let says = format!(
            "the namespace {} exists and is of the object model {}: {why}; you asked for {}",
            answers.namespace, dialect.id, answers.dialect
        );
        let remedy = format!("set `dialect = \"{}\"`, or choose another `namespace.name`", dialect.id);
        return Err(Box::new(
            Fault::new(says, remedy)
                .meaning("a namespace cannot be moved from one object model to the other")
                .exiting(Exit::Usage),
        ));
    }
    if let Some(fault) = (dialect.refuses)(answers) {
        return Err(Box::new(fault.exiting(Exit::Usage)));
    }
    if regions == Regions::Checked {
        check_regions(answers, offers, profile)?;
    }
    let because =
        format!("{}: the namespace {} is of that model, {why}", profile.row.name, answers.namespace);
    Ok(Selection { dialect, profile: profile.clone(), because })
}

/// Nothing that is there decides: the first of `wanted` that is offered where it is wanted, and is not closed.
fn among(
    answers: &Answers,
    offers: &Offers,
    wanted: &[&'static Dialect],
    offered: &[Candidate],
    closed: &[&str],
    regions: Regions,
) -> Result<Selection, Box<Fault>> {
    let auto = answers.dialect == "auto";
    let mut passed = Vec::new();
    let mut refusal = None;
    for dialect in wanted {
        let Some(Candidate { profile, .. }) =
            offered.iter().find(|candidate| candidate.dialect.id == dialect.id)
        else {
            continue;
        };
        if closed.contains(&dialect.id) {
            passed.push(format!("{} is listed and refused here (DisallowedResourceOperation)", dialect.id));
            continue;
        }
        let refused = (dialect.refuses)(answers).map(|fault| Box::new(fault.exiting(Exit::Usage)));
        let refused = refused.or_else(|| match regions {
            Regions::Checked => check_regions(answers, offers, profile).err(),
            Regions::Unchecked => None,
        });
        if let Some(fault) = refused {
            passed.push(format!("not {}, since {}", dialect.id, fault.says));
            refusal = refusal.or(Some(fault));
            continue;
        }
        let because = because(auto, offers, profile, &passed);
        return Ok(Selection { dialect, profile: profile.clone(), because });
    }
    // The refusal says that another model is spoken here, though its children are not listed.
    if let Some(selection) = hinted(answers, offers, wanted, closed) {
        return Ok(selection);
    }
    Err(match refusal {
        Some(fault) => fault,
        None if !closed.is_empty() => closed_to(answers, &passed),
        None => nothing_spoken(offers, wanted, &passed),
    })
}

fn because(auto: bool, offers: &Offers, profile: &Profile, passed: &[String]) -> String {
    let versions = profile.row.offered.iter().map(|offered| {
        let name = offered.types.last().copied().unwrap_or_default();
        let version = profile.version(offered.first());
        let unlisted = if offers.offers(offered.first(), version) { "" } else { " (as you said)" };
        format!("{} {version}{unlisted}", short_type(name))
    });
    let how = if auto { "chosen by what is offered," } else { "asked for," };
    let versions = versions.collect::<Vec<_>>().join(", ");
    let passed = if passed.is_empty() { String::new() } else { format!("; {}", passed.join("; ")) };
    format!("{how} {}: the subscription offers {versions}{passed}", profile.row.name)
}

/// The last word of a resource type.
fn short_type(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// Speaks what is not listed whole, when what is listed was refused (contract links-2026, section 4, point 2).
fn hinted(
    answers: &Answers,
    offers: &Offers,
    wanted: &[&'static Dialect],
    closed: &[&str],
) -> Option<Selection> {
    if closed.is_empty() {
        return None;
    }
    let open = wanted.iter().filter(|dialect| !closed.contains(&dialect.id));
    for dialect in open {
        for row in dialect.profiles {
            let mut chosen = BTreeMap::new();
            for offered in row.offered {
                let listed = offered.versions.iter().find(|version| offers.offers(offered.first(), version));
                let version =
                    answers.api_versions.get(offered.first()).map(String::as_str).or(listed.copied());
                if let Some(version) = version {
                    chosen.insert(offered.first().to_owned(), version.to_owned());
                }
            }
            if chosen.len() == row.offered.len() && (dialect.refuses)(answers).is_none() {
                let because = format!(
                    "{}: {} is listed and refused here (DisallowedResourceOperation), which is the sign of this model",
                    row.name,
                    closed.join(", ")
                );
                chosen.extend(answers.api_versions.clone());
                return Some(Selection { dialect, profile: Profile::of(row, &chosen), because });
            }
        }
    }
    None
}

fn closed_to(answers: &Answers, passed: &[String]) -> Box<Fault> {
    let remedy = if answers.dialect == "auto" {
        "use a subscription that offers another object model, or name its versions under `[api_versions]`"
    } else {
        "set `dialect = \"auto\"`: hubup takes the model that is served here"
    };
    Box::new(
        Fault::new(passed.join("; "), remedy)
            .meaning("this object model is being replaced and is not served to this subscription any more")
            .exiting(Exit::Usage),
    )
}

fn nothing_spoken(offers: &Offers, wanted: &[&'static Dialect], passed: &[String]) -> Box<Fault> {
    let rows = || wanted.iter().flat_map(|dialect| dialect.profiles);
    let mut told: Vec<String> = Vec::new();
    for row in rows() {
        for one in offers.told(row).split("; ").map(str::to_owned) {
            if !told.contains(&one) {
                told.push(one);
            }
        }
    }
    let spoken: Vec<_> = rows()
        .map(|row| {
            let versions: Vec<_> = row
                .offered
                .iter()
                .map(|offered| format!("{} {}", offered.first(), offered.versions.join(" or ")))
                .collect();
            format!("{} ({})", row.name, versions.join(", "))
        })
        .collect();
    let passed = if passed.is_empty() { String::new() } else { format!("; {}", passed.join("; ")) };
    Box::new(
        Fault::new(
            format!(
                "the subscription offers nothing that hubup speaks: it offers {}{passed}",
                told.join("; ")
            ),
            format!("use a subscription that offers one of: {}", spoken.join("; ")),
        )
        .meaning("the preview API versions of these resource types are not, or no longer, offered here")
        .exiting(Exit::Usage),
    )
}

/// The first profile of `dialect` that is offered whole, with the versions that the answers want.
fn offered(
    answers: &Answers,
    offers: &Offers,
    dialects: &[&'static Dialect],
    dialect: &'static Dialect,
) -> Option<Candidate> {
    let asked_for = answers.dialect == dialect.id;
    dialect.profiles.iter().find_map(|row| {
        let mut chosen = BTreeMap::new();
        for offered in row.offered {
            let version = match answers.api_versions.get(offered.first()) {
                // The person's word counts also where what is spoken is not listed, as in canary regions; by itself it may
                // tell which dialect is meant.
                Some(said) if offered.versions.contains(&said.as_str()) => said.as_str(),
                Some(said)
                    if (asked_for || !known_version(dialects, offered, said))
                        && offers.offers(offered.first(), said) =>
                {
                    said.as_str()
                }
                Some(_) => return None,
                None => offered
                    .versions
                    .iter()
                    .find(|version| offered.types.iter().all(|name| offers.offers(name, version)))?,
            };
            chosen.insert(offered.first().to_owned(), version.to_owned());
        }
        chosen.extend(answers.api_versions.clone());
        Some(Candidate { dialect, profile: Profile::of(row, &chosen) })
    })
}

/// A version that the answers insist on, that nobody speaks and nobody offers.
fn unspoken(answers: &Answers, offers: &Offers, dialects: &[&'static Dialect]) -> Option<Fault> {
    let all = || dialects.iter().flat_map(|dialect| dialect.profiles).flat_map(|row| row.offered);
    let mut said = answers.api_versions.iter();
    let (name, version) = said.find(|(name, version)| {
        let mut chosen = all().filter(|offered| offered.first() == *name).peekable();
        let is_fixed = chosen.peek().is_none();
        !is_fixed
            && !chosen.any(|offered| offered.versions.contains(&version.as_str()))
            && !offers.offers(name, version)
    })?;
    let says = format!("`[api_versions]` names {version} for {name}, which the subscription does not offer");
    let known: Vec<&str> = all()
        .filter(|offered| offered.first() == name)
        .flat_map(|offered| offered.versions)
        .copied()
        .collect();
    let remedy = format!("set one that hubup speaks, or remove it: {}", known.join(", "));
    Some(Fault::new(says, remedy).exiting(Exit::Usage))
}

/// True when some profile speaks that type in that version.
fn known_version(dialects: &[&'static Dialect], wanted: &Offered, version: &str) -> bool {
    let all = dialects.iter().flat_map(|dialect| dialect.profiles).flat_map(|row| row.offered);
    all.filter(|offered| offered.first() == wanted.first()).any(|offered| offered.versions.contains(&version))
}

/// Goes on with what a setup was begun with, as long as that is offered. Versions that the answers name count.
fn keep(
    answers: &Answers,
    offers: &Offers,
    dialects: &[&'static Dialect],
    kept: Kept<'_>,
    regions: Regions,
) -> Result<Selection, Box<Fault>> {
    let dialect = dialects.iter().find(|dialect| dialect.id == kept.dialect);
    let row = dialect.and_then(|dialect| dialect.profiles.iter().find(|row| row.id == kept.profile));
    let (Some(dialect), Some(row)) = (dialect, row) else {
        let says = format!(
            "the setup was begun in {} {}, which this hubup does not speak",
            kept.dialect, kept.profile
        );
        return Err(Box::new(Fault::new(says, "go on with the hubup that began it").exiting(Exit::Usage)));
    };
    if answers.dialect != "auto" && answers.dialect != dialect.id {
        let says = format!("the setup was begun in {}, and you ask for {}", dialect.id, answers.dialect);
        let remedy = format!(
            "set `dialect = \"{}\"` again; or take the setup down with `hubup destroy` and begin anew",
            dialect.id
        );
        return Err(Box::new(
            Fault::new(says, remedy)
                .meaning("what is made in one object model cannot be moved to the other")
                .exiting(Exit::Usage),
        ));
    }
    let mut versions = kept.versions.clone();
    for (name, version) in &answers.api_versions {
        let along = row.offered.iter().find(|offered| offered.first() == name);
        for also in along.into_iter().flat_map(|offered| offered.types) {
            versions.insert((*also).to_owned(), version.clone());
        }
        versions.insert(name.clone(), version.clone());
    }
    let profile = Profile::of(row, &versions);
    let listed = |offered: &Offered| {
        let by_word = answers.api_versions.contains_key(offered.first());
        by_word || offers.offers(offered.first(), profile.version(offered.first()))
    };
    if !row.offered.iter().all(listed) {
        let says = format!(
            "the setup was begun with {}, which the subscription does not offer any more: it offers {}",
            row.name,
            offers.told(row)
        );
        let remedy = "take it down with `hubup destroy` and begin anew, or go on where that is offered";
        return Err(Box::new(Fault::new(says, remedy).exiting(Exit::Usage)));
    }
    if let Some(fault) = (dialect.refuses)(answers) {
        return Err(Box::new(fault.exiting(Exit::Usage)));
    }
    if regions == Regions::Checked {
        check_regions(answers, offers, &profile)?;
    }
    let because = format!("kept from the run before, {}", row.name);
    Ok(Selection { dialect, profile, because })
}

fn check_regions(answers: &Answers, offers: &Offers, profile: &Profile) -> Result<(), Box<Fault>> {
    for offered in profile.row.offered {
        let name = offered.first();
        let locations = offers.locations(name);
        // Only the hub may lie apart from the rest (contract preview-2025, 2.2).
        let is_hub = name.ends_with("/IotHubs");
        let (key, wanted) =
            if is_hub { ("hub_location", &answers.hub_location) } else { ("location", &answers.location) };
        if !locations.is_empty() && !locations.contains(&canonical_location(wanted)) {
            return Err(Box::new(
                Fault::new(
                    format!("{name} is not offered in `{wanted}`"),
                    format!("set `{key}` to one of: {}", locations.join(", ")),
                )
                .exiting(Exit::Usage),
            ));
        }
    }
    Ok(())
}
