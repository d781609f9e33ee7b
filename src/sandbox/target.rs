//! What an ARM path names: subscription, group, provider, resource, action.
//!
//! Ids are compared without case and kept as they were first written. Parsing only; nothing here looks at the world.

use super::reply::Refusal;
use super::request::Request;
use super::schema::shorten;

/// A parsed ARM path.
#[derive(Debug, Clone, Default)]
pub(crate) struct Target {
    /// As written; `None` for tenant-wide paths.
    pub(crate) subscription: Option<String>,
    /// As written.
    pub(crate) group: Option<String>,
    /// Resource provider namespace as written.
    pub(crate) provider: Option<String>,
    /// Type segments as written, outermost first.
    pub(crate) types: Vec<String>,
    /// Name segments as written; one shorter than `types` for a collection.
    pub(crate) names: Vec<String>,
    /// The last segment of a POST, when it is an action.
    pub(crate) action: Option<String>,
    /// For an extension provider: what it extends, as a scope.
    pub(crate) scope: String,
}

impl Target {
    /// Splits a path. Authorization is an extension: its last `/providers/` separates the scope from itself.
    pub(crate) fn parse(request: &Request) -> Result<Self, Refusal> {
        let mut segments = request.segments();
        // Generic clients write `providers/NAMESPACE//TYPE/NAME` where there is no parent (az resource); ARM takes it.
        let no_parent = (2..segments.len()).find(|place| {
            segments.get(*place).is_some_and(String::is_empty)
                && segments.get(place - 2).is_some_and(|word| word.eq_ignore_ascii_case("providers"))
        });
        if let Some(place) = no_parent {
            segments.remove(place);
        }
        if segments.iter().any(|segment| segment.is_empty() || segment.len() > 260) {
            return Err(Refusal::arm(
                400,
                "InvalidRequestUri",
                format!("The path '{}' has an empty or overlong segment.", shorten(&request.path)),
            ));
        }
        let mut target = Self::default();
        let mut rest = segments.as_slice();
        if let [word, id, tail @ ..] = rest
            && word.eq_ignore_ascii_case("subscriptions")
        {
            target.subscription = Some(id.clone());
            rest = tail;
        }
        if target.subscription.is_some()
            && let [word, name, tail @ ..] = rest
            && word.eq_ignore_ascii_case("resourcegroups")
            && tail.first().is_none_or(|next| next.eq_ignore_ascii_case("providers"))
        {
            target.group = Some(name.clone());
            rest = tail;
        }
        let last = rest.windows(2).rposition(|pair| {
            matches!(pair, [word, namespace] if word.eq_ignore_ascii_case("providers") && namespace.eq_ignore_ascii_case("Microsoft.Authorization"))
        });
        if let Some(index) = last {
            let taken = segments.len() - rest.len() + index;
            target.scope = format!("/{}", segments.get(..taken).unwrap_or_default().join("/"));
            if taken == 0 {
                "/".clone_into(&mut target.scope);
            }
            rest = rest.get(index..).unwrap_or_default();
        }
        match rest {
            [word, namespace, tail @ ..] if word.eq_ignore_ascii_case("providers") => {
                target.provider = Some(namespace.clone());
                rest = tail;
            }
            _ => {}
        }
        let mut parts = rest.iter();
        while let Some(kind) = parts.next() {
            target.types.push(kind.clone());
            if let Some(name) = parts.next() {
                target.names.push(name.clone());
            }
        }
        if request.method == "POST" && target.types.len() > target.names.len() {
            target.action = target.types.pop();
        }
        Ok(target)
    }

    /// Whether the path ends in a type: a list.
    pub(crate) fn is_collection(&self) -> bool {
        self.action.is_none() && self.types.len() > self.names.len()
    }

    /// The innermost name.
    pub(crate) fn name(&self) -> &str {
        self.names.last().map_or("", String::as_str)
    }

    pub(crate) fn subscription(&self) -> &str {
        self.subscription.as_deref().unwrap_or_default()
    }

    pub(crate) fn group(&self) -> &str {
        self.group.as_deref().unwrap_or_default()
    }

    /// The scope of the group or subscription that the path lies in.
    pub(crate) fn container(&self) -> String {
        match (&self.subscription, &self.group) {
            (Some(subscription), Some(group)) => group_id(subscription, group),
            (Some(subscription), None) => format!("/subscriptions/{subscription}"),
            _ => "/".to_owned(),
        }
    }

    /// The resource's id with canonical provider and type words and names as written.
    pub(crate) fn id(&self, provider: &str, kind: &str) -> String {
        let mut id = format!("{}/providers/{provider}", self.container());
        for (word, name) in kind.split('/').zip(&self.names) {
            id.push('/');
            id.push_str(word);
            id.push('/');
            id.push_str(name);
        }
        id
    }
}

pub(crate) fn group_id(subscription: &str, group: &str) -> String {
    format!("/subscriptions/{subscription}/resourceGroups/{group}")
}

/// Everything of an id before its last type and name; the container for an outermost resource.
pub(crate) fn parent(id: &str) -> &str {
    let cut = |text: &str| text.rfind('/').unwrap_or(0);
    let without_name = id.get(..cut(id)).unwrap_or_default();
    let without_type = without_name.get(..cut(without_name)).unwrap_or_default();
    match without_type.to_ascii_lowercase().rfind("/providers/") {
        Some(index) if without_type.get(index + 11..).is_some_and(|rest| !rest.contains('/')) => {
            without_type.get(..index).unwrap_or_default()
        }
        _ => without_type,
    }
}

/// Whether `scope` is `other` or lies above it.
pub(crate) fn covers(scope: &str, other: &str) -> bool {
    let scope = scope.trim_end_matches('/').to_ascii_lowercase();
    let other = other.trim_end_matches('/').to_ascii_lowercase();
    other == scope || other.strip_prefix(&scope).is_some_and(|rest| rest.starts_with('/'))
}

/// `East US 2` and `eastus2` are one region.
pub(crate) fn region(name: &str) -> String {
    name.chars().filter(|character| !character.is_whitespace()).collect::<String>().to_ascii_lowercase()
}
