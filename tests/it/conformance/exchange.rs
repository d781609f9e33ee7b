//! One exchange, as the record of a sandbox has it (`hubup sandbox serve --record`).

use serde_json::Value;

/// A request and its reply.
#[derive(Debug, Clone)]
pub struct Exchange {
    pub method: String,
    pub url: String,
    pub host: String,
    /// Decoded segments of the path.
    pub path: Vec<String>,
    /// Decoded names and values.
    pub query: Vec<(String, String)>,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Value,
    pub status: u16,
    pub reply_headers: Vec<(String, String)>,
    pub reply_body: Value,
}

impl Exchange {
    /// The exchange of a record's line.
    pub fn of(line: &str) -> Self {
        let value: Value = serde_json::from_str(line).expect("a line of a record");
        let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        let headers = |name: &str| {
            let headers = value[name].as_object().into_iter().flatten();
            headers
                .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
                .collect()
        };
        let url = text("url");
        let read = reqwest::Url::parse(&url).expect("a whole address");
        let decoded = |part: &str| {
            let pair = format!("x={}", part.replace('+', "%2B"));
            reqwest::Url::parse(&format!("http://x/?{pair}"))
                .unwrap()
                .query_pairs()
                .next()
                .map_or_else(String::new, |(_, value)| value.into_owned())
        };
        Self {
            method: text("method"),
            host: read.host_str().unwrap_or_default().to_owned(),
            path: read.path_segments().into_iter().flatten().map(decoded).collect(),
            query: read.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect(),
            url,
            headers: headers("headers"),
            body: value["body"].clone(),
            status: u16::try_from(value["status"].as_u64().unwrap_or(0)).unwrap_or(0),
            reply_headers: headers("reply_headers"),
            reply_body: value["reply_body"].clone(),
        }
    }

    pub fn version(&self) -> &str {
        let version = self.query.iter().find(|(name, _)| name.eq_ignore_ascii_case("api-version"));
        version.map_or("", |(_, value)| value)
    }

    pub fn reply_header(&self, name: &str) -> Option<&str> {
        self.reply_headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// How a call is named in a report: what of its path is a name or an id is a star.
    pub fn label(&self) -> String {
        let target = Target::of(&self.path);
        let path = match &target {
            Some(target) => target.label(),
            None => self.path.iter().map(|part| plain(part)).collect::<Vec<_>>().join("/"),
        };
        let host = match self.host.as_str() {
            "management.azure.com" => String::new(),
            host => match host.split_once('.') {
                Some((_, rest)) if rest.starts_with("azure-devices") && !host.starts_with("global.") => {
                    format!("*.{rest}/")
                }
                _ => format!("{host}/"),
            },
        };
        format!("{} {host}{path} {}", self.method, self.version()).trim_end().to_owned()
    }
}

/// A word of a path as it is, a name or an id as a star.
fn plain(part: &str) -> &str {
    let word = part.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'.')
        || part == "v1.0"
        || part == "v2.0";
    if word { part } else { "*" }
}

/// What a path of the resource manager is about.
#[derive(Debug, PartialEq, Eq)]
pub struct Target {
    /// In lower case: `microsoft.devices/iothubs/certificates`.
    pub kind: String,
    /// A resource itself, not a list or an action.
    pub single: bool,
    /// The last word where it is no resource, as it may be an action.
    pub last: String,
    /// The kind without that word.
    pub owner: String,
}

impl Target {
    /// `None` where the path names no provider.
    pub fn of(path: &[String]) -> Option<Self> {
        let place = path.iter().rposition(|part| part.eq_ignore_ascii_case("providers"))?;
        let rest = path.get(place + 1..)?;
        let (provider, rest) = rest.split_first()?;
        let words: Vec<String> = rest.iter().step_by(2).map(|word| word.to_ascii_lowercase()).collect();
        let single = !rest.is_empty() && rest.len() % 2 == 0;
        let kind = |words: &[String]| {
            std::iter::once(provider.to_ascii_lowercase())
                .chain(words.iter().cloned())
                .collect::<Vec<_>>()
                .join("/")
        };
        let owner = kind(words.split_last().map_or(&[], |(_, rest)| rest));
        Some(Self { kind: kind(&words), single, last: words.last().cloned().unwrap_or_default(), owner })
    }

    fn label(&self) -> String {
        format!("{}{}", self.kind, if self.single { "/*" } else { "" })
    }
}
