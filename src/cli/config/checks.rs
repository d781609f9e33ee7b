//! The checks that one value of a setup file goes through; each notes what is wrong and gives what is right.

use std::path::PathBuf;

use toml::Spanned;

use crate::domain::{FieldKind, Finding, NameKind};

use super::file::Typed;
use super::mask::mask;
use super::problem::Problem;
use super::suggest::{distance, is_placeholder, quoted, short};
use super::table::Reader;

/// Notes that the value of `key` breaks a rule.
pub(super) fn refuse(reader: &mut Reader<'_>, key: &str, typed: &Spanned<String>, finding: Finding) {
    let last = key.rsplit('.').next().unwrap_or(key);
    let problem = Problem::at(typed.span(), format!("`{key}` cannot be `{}`", short(typed.get_ref())))
        .rule(format!("takes {}", finding.rule));
    // A name mended from a secret would still tell it.
    let told = mask(typed.get_ref()) == *typed.get_ref();
    reader.problem(match finding.suggestion.filter(|_| told) {
        Some(suggestion) => problem.suggest(format!("did you mean `{last} = {}`?", quoted(&suggestion))),
        None => problem,
    });
}

/// Notes a value that was never filled in; true when it is one.
pub(super) fn placeholder(reader: &mut Reader<'_>, key: &str, typed: &Spanned<String>) -> bool {
    let is_one = is_placeholder(typed.get_ref());
    if is_one {
        reader.problem(
            Problem::at(typed.span(), format!("`{key}` is still a placeholder"))
                .rule("stands for a value of your own; nothing is filled in from the environment".to_owned())
                .suggest(format!("write your own value in the place of `{}`", short(typed.get_ref()))),
        );
    }
    is_one
}

/// The name at `key`, when there is one. A bad one is noted and given all the same, so that nothing is reported twice.
pub(super) fn optional(
    reader: &mut Reader<'_>,
    key: &str,
    kind: NameKind,
    typed: Typed<String>,
) -> Option<String> {
    let typed = typed?;
    if !placeholder(reader, key, &typed)
        && let Some(mut finding) = kind.check(typed.get_ref())
    {
        if kind == NameKind::Guid {
            finding.suggestion = guid_within(typed.get_ref());
        }
        if typed.get_ref().is_empty() {
            let problem = Problem::at(typed.span(), format!("`{key}` is empty"))
                .rule(format!("takes {}", finding.rule))
                .suggest("write a value, or remove the key where it has a default".to_owned());
            reader.problem(problem);
        } else {
            refuse(reader, key, &typed, finding);
        }
    }
    Some(typed.into_inner())
}

pub(super) fn required(
    reader: &mut Reader<'_>,
    key: &str,
    kind: NameKind,
    typed: Typed<String>,
    advice: &str,
) -> String {
    if typed.is_none() && !reader.told_of(key) {
        reader.problem(Problem::new(format!("`{key}` is missing")).suggest(format!(
            "add `{key} = \"...\"` at the top of the file, before the first `[table]`; {advice}"
        )));
    }
    optional(reader, key, kind, typed).unwrap_or_default()
}

/// The GUID at `key`, lower case as Azure gives them.
pub(super) fn guid(reader: &mut Reader<'_>, key: &str, typed: Typed<String>) -> Option<String> {
    optional(reader, key, NameKind::Guid, typed).map(|guid| guid.to_lowercase())
}

/// The first GUID within a text, such as a resource id or one in braces.
fn guid_within(text: &str) -> Option<String> {
    let whole = uuid::Uuid::try_parse(text.trim()).ok().map(|guid| guid.to_string());
    whole.or_else(|| {
        text.split(|c: char| !c.is_ascii_hexdigit() && c != '-')
            .find(|part| NameKind::Guid.check(part).is_none())
            .map(str::to_lowercase)
    })
}

/// The word at `key`, one of `words`; the nearest of them is suggested.
pub(super) fn word(
    reader: &mut Reader<'_>,
    key: &str,
    words: &[&str],
    typed: Typed<String>,
) -> Option<String> {
    let typed = typed?;
    if words.contains(&typed.get_ref().as_str()) {
        return Some(typed.into_inner());
    }
    let given = typed.get_ref().trim().to_lowercase().replace(['_', ' '], "-");
    let nearest = words.iter().map(|word| (distance(&given, &word.to_lowercase()), word));
    let nearest = nearest.min_by_key(|(distance, _)| *distance).filter(|(distance, _)| *distance <= 3);
    let rule = match words {
        [only] => format!("only `{only}` for now"),
        _ => {
            format!("one of {}", words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "))
        }
    };
    let suggestion =
        nearest.map(|(_, word)| (*word).to_owned()).or_else(|| words.first().map(|word| (*word).to_owned()));
    refuse(reader, key, &typed, Finding { rule, suggestion });
    None
}

pub(super) fn bounded(
    reader: &mut Reader<'_>,
    key: &str,
    least: u32,
    most: u32,
    typed: Typed<i64>,
) -> Option<u32> {
    let typed = typed?;
    let number = *typed.get_ref();
    let finding = FieldKind::Number(least, most).check(&number.to_string());
    let Some(finding) = finding else { return number.try_into().ok() };
    let own_key = key.rsplit('.').next().unwrap_or(key);
    let instead = if number < i64::from(least) { least } else { most };
    let shown = short(reader.text.get(typed.span()).unwrap_or_default());
    reader.problem(
        Problem::at(typed.span(), format!("`{key}` cannot be `{shown}`"))
            .rule(format!("takes {}", finding.rule))
            .suggest(format!("did you mean `{own_key} = {instead}`?")),
    );
    None
}

/// A path as typed. Its home is not looked up: hubup does not read the environment here.
pub(super) fn path(reader: &mut Reader<'_>, key: &str, typed: Typed<String>) -> Option<PathBuf> {
    let typed = typed?;
    let text = typed.get_ref();
    if !placeholder(reader, key, &typed)
        && (text.trim().is_empty() || text.contains('\0') || text.starts_with('~'))
    {
        let rule = "a path, whole or from the folder of this file on; `~` is not filled in".to_owned();
        refuse(reader, key, &typed, Finding { rule, suggestion: None });
    }
    Some(PathBuf::from(typed.into_inner()))
}
