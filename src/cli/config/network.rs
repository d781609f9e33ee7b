//! What a setup file says of hosts: the cloud, the routes to stand-ins, and how far waits may be hurried with them.

use toml::Spanned;

use crate::domain::{Cloud, Finding};

use super::checks::{placeholder, refuse, word};
use super::file::{CloudFile, Typed};
use super::hosts;
use super::problem::Problem;
use super::suggest::{quoted, quoted_key, short};
use super::table::Reader;

/// The routes of a file, in its order.
pub(super) fn routes(
    reader: &mut Reader<'_>,
    typed: Vec<(Spanned<String>, Spanned<String>)>,
) -> Vec<(String, hosts::Target)> {
    let mut routes = Vec::new();
    for (pattern, target) in typed {
        let says = |what: &str, typed: &str| format!("{what} of a route cannot be `{}`", short(typed));
        let mut note = |span, says, finding: Finding, quote: fn(&str) -> String| {
            let problem = Problem::at(span, says).rule(format!("takes {}", finding.rule));
            reader.problem(match finding.suggestion {
                Some(instead) => problem.suggest(format!("did you mean `{}`?", quote(&instead))),
                None => problem,
            });
        };
        let found = hosts::pattern(pattern.get_ref()).map_err(|finding| {
            note(pattern.span(), says("the host", pattern.get_ref()), finding, quoted_key);
        });
        let leads = hosts::target(target.get_ref()).map_err(|finding| {
            note(target.span(), says("the target", target.get_ref()), finding, quoted);
        });
        if let (Ok(found), Ok(leads)) = (found, leads) {
            routes.push((found, leads));
        }
    }
    routes
}

/// The cloud of a file: the public one, or one of which every host is given.
pub(super) fn cloud(reader: &mut Reader<'_>, typed: CloudFile) -> Cloud {
    let place = typed.name.as_ref().map(Spanned::span);
    let name = word(reader, "cloud.name", &["public", "custom"], typed.name);
    let custom = name.as_deref() == Some("custom");
    let mut cloud = Cloud::public();
    let fields = [
        &mut cloud.resource_manager,
        &mut cloud.graph,
        &mut cloud.login,
        &mut cloud.dps_domain,
        &mut cloud.hub_domain,
    ];
    let mut missing = Vec::new();
    for ((key, typed), field) in typed.hosts.into_iter().zip(fields) {
        let Some(typed) = typed else {
            missing.push((key, field.clone()));
            continue;
        };
        let full = format!("cloud.{key}");
        if !custom {
            // A word that was itself refused is problem enough.
            if name.is_some() || place.is_none() {
                reader.problem(
                    Problem::at(typed.span(), format!("`{full}` cannot be given for the public cloud"))
                        .rule("is of use with `name = \"custom\"` only".to_owned())
                        .suggest("write `name = \"custom\"` in `[cloud]`, or remove this key".to_owned()),
                );
            }
        } else if !placeholder(reader, &full, &typed) {
            match hosts::host(typed.get_ref()) {
                Ok(host) => *field = host,
                Err(finding) => refuse(reader, &full, &typed, finding),
            }
        }
    }
    if let Some((first, public)) = missing.first()
        && let Some(place) = place
        && custom
    {
        let keys: Vec<_> = missing.iter().map(|(key, _)| format!("`{key}`")).collect();
        reader.problem(
            Problem::at(place, format!("a custom cloud lacks {}", keys.join(", ")))
                .rule("takes every host of the cloud".to_owned())
                .suggest(format!(
                    "add each to `[cloud]`: the public cloud has `{first} = {}`",
                    quoted(public)
                )),
        );
    }
    if custom {
        "custom".clone_into(&mut cloud.name);
    }
    cloud
}

/// How many times faster waits pass; more than 1 only where every host of `cloud` is routed to this machine (design,
/// section 4).
pub(super) fn time_scale(
    reader: &mut Reader<'_>,
    typed: Typed<f64>,
    cloud: &Cloud,
    routes: &[(String, hosts::Target)],
) -> f64 {
    let Some(typed) = typed else { return 1.0 };
    let scale = *typed.get_ref();
    if !(scale.is_finite() && (1.0..=1_000_000.0).contains(&scale)) {
        reader.problem(
            Problem::at(typed.span(), format!("`engine.time_scale` cannot be `{scale}`"))
                .rule("takes a number from 1 to 1000000".to_owned())
                .suggest("did you mean `time_scale = 1`?".to_owned()),
        );
        return 1.0;
    }
    let far: Vec<_> = cloud
        .host_patterns()
        .into_iter()
        .filter(|wanted| {
            !routes.iter().any(|(pattern, leads)| leads.loopback && hosts::covers(pattern, wanted))
        })
        .chain(routes.iter().filter(|(_, leads)| !leads.loopback).map(|(pattern, _)| pattern.clone()))
        .collect();
    if scale > 1.0
        && let Some(first) = far.first()
    {
        reader.problem(
            Problem::at(typed.span(), format!("`engine.time_scale` cannot be `{scale}` here"))
                .rule(format!("hurries stand-ins only, and `{first}` is not routed to this machine"))
                .suggest(format!(
                    "add `{} = \"http://127.0.0.1:PORT\"` to `[network.routes]`, or remove `time_scale`",
                    quoted_key(first)
                )),
        );
    }
    scale
}
