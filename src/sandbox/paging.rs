//! Long lists in pages: where one ends, and the token by which the next begins.
//!
//! A token is signed with the world's own key for one list, so that one that was changed, or that is another list's, is
//! refused. It names the last entry as well as its place: what is made or deleted between two pages neither doubles
//! another entry nor hides one. How a service hands tokens out is its own business: ARM in `nextLink`, Graph in
//! `@odata.nextLink`, the data plane in a header.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::operations::hex;
use super::world::World;

/// Properties that name an entry, in any of the services' lists.
const NAMES: [&str; 3] = ["id", "enrollmentGroupId", "registrationId"];

/// A page of a list.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) entries: Vec<Value>,
    /// Asks for the page after this one; `None` on the last.
    pub(crate) token: Option<String>,
}

/// The token is not one that this list gave out.
#[derive(Debug)]
pub(crate) struct Foreign;

/// Cuts the page out of a list that a token asks for, the first without one. No more than `most` entries; 0 sets no limit.
///
/// # Errors
/// [`Foreign`] for a token that was changed, or that another list gave out.
pub(crate) fn cut(
    world: &World,
    list: &str,
    mut entries: Vec<Value>,
    token: Option<&str>,
    most: usize,
) -> Result<Page, Foreign> {
    let start = match token {
        None => 0,
        Some(token) => {
            let (place, last) = read(world, list, token).ok_or(Foreign)?;
            let known = entries.iter().position(|entry| !last.is_empty() && name_of(entry) == last);
            // With the last entry gone, what came after it has moved up by one.
            let moved = place.saturating_sub(usize::from(!last.is_empty()));
            known.map_or(moved, |index| index + 1).min(entries.len())
        }
    };
    let mut page = entries.split_off(start);
    if most == 0 || page.len() <= most {
        return Ok(Page { entries: page, token: None });
    }
    page.truncate(most);
    let last = page.last().map(name_of).unwrap_or_default();
    let token = Some(write(world, list, start + most, last));
    Ok(Page { entries: page, token })
}

fn name_of(entry: &Value) -> &str {
    NAMES.iter().find_map(|name| entry.get(name)?.as_str()).unwrap_or_default()
}

fn write(world: &World, list: &str, place: usize, last: &str) -> String {
    let told = URL_SAFE_NO_PAD.encode(format!("{place}|{last}"));
    format!("{told}.{}", mark(world, list, &told))
}

fn read(world: &World, list: &str, token: &str) -> Option<(usize, String)> {
    let (told, given) = token.split_once('.')?;
    if mark(world, list, told) != given {
        return None;
    }
    let told = String::from_utf8(URL_SAFE_NO_PAD.decode(told).ok()?).ok()?;
    let (place, last) = told.split_once('|')?;
    Some((place.parse().ok()?, last.to_owned()))
}

/// Guards nothing but the reading of a token, so half a digest is enough.
fn mark(world: &World, list: &str, told: &str) -> String {
    let digest = Sha256::digest(format!("{}|{}|{told}", world.token_key, list.to_ascii_lowercase()));
    hex(digest.get(..16).unwrap_or_default())
}
