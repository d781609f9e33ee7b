//! The naming rules of everything a setup names (contract preview-2025, 2.1), and how to mend a bad name.

/// Something wrong with an answer, and what would be right.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// The rule, as a fragment: "3 to 64 lower-case letters, digits and hyphens".
    pub rule: String,
    /// A value that fits, when one can be made from what was given.
    pub suggestion: Option<String>,
}

/// What a name is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NameKind {
    Setup,
    ResourceGroup,
    Identity,
    Namespace,
    Policy,
    /// A certificate authority of a namespace.
    CertificateAuthority,
    /// An api-version of a resource type.
    ApiVersion,
    Hub,
    Dps,
    EnrollmentGroup,
    Role,
    /// A GUID: subscription, tenant, object id.
    Guid,
    /// A canonical region name.
    Location,
    TagName,
}

struct Rule {
    text: &'static str,
    shortest: usize,
    longest: usize,
    first: fn(char) -> bool,
    inner: fn(char) -> bool,
    last: fn(char) -> bool,
    lower: bool,
}

fn alphanumeric(c: char) -> bool {
    c.is_ascii_alphanumeric()
}

fn lower_or_digit(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit()
}

impl NameKind {
    fn rule(self) -> Rule {
        let base = Rule {
            text: "",
            shortest: 3,
            longest: 64,
            first: alphanumeric,
            inner: |c| alphanumeric(c) || c == '-',
            last: alphanumeric,
            lower: false,
        };
        match self {
            Self::Setup => Rule {
                text: "1 to 64 letters, digits, dots, underscores and hyphens, a letter or digit first",
                shortest: 1,
                inner: |c| alphanumeric(c) || "._-".contains(c),
                last: |c| alphanumeric(c) || "_-".contains(c),
                ..base
            },
            Self::ResourceGroup => Rule {
                text: "1 to 90 letters, digits, underscores, parentheses, hyphens and dots, no dot at the end",
                shortest: 1,
                longest: 90,
                first: |c| c.is_alphanumeric() || "._()-".contains(c),
                inner: |c| c.is_alphanumeric() || "._()-".contains(c),
                last: |c| c.is_alphanumeric() || "_()-".contains(c),
                ..base
            },
            Self::Identity => Rule {
                text: "3 to 120 letters, digits, hyphens and underscores, a letter or digit first",
                longest: 120,
                inner: |c| alphanumeric(c) || "-_".contains(c),
                last: |c| alphanumeric(c) || "-_".contains(c),
                ..base
            },
            Self::Namespace => Rule {
                text: "3 to 64 lower-case letters, digits and hyphens, no hyphen first or last",
                first: lower_or_digit,
                inner: |c| lower_or_digit(c) || c == '-',
                last: lower_or_digit,
                lower: true,
                ..base
            },
            Self::Policy => Rule {
                text: "3 to 50 letters, digits and hyphens, a letter or digit first",
                longest: 50,
                last: |c| alphanumeric(c) || c == '-',
                ..base
            },
            // Contract links-2026, section 3.
            Self::CertificateAuthority => Rule {
                text: "3 to 63 letters, digits and hyphens, a letter or digit first",
                longest: 63,
                last: |c| alphanumeric(c) || c == '-',
                ..base
            },
            Self::ApiVersion => Rule {
                text: "a date such as 2026-11-01, with `-preview` behind it where the version is one",
                shortest: 10,
                longest: 24,
                first: |c| c.is_ascii_digit(),
                inner: |c| lower_or_digit(c) || c == '-',
                last: lower_or_digit,
                lower: true,
            },
            Self::Hub => Rule {
                text: "3 to 50 letters, digits and hyphens, no hyphen first or last",
                longest: 50,
                ..base
            },
            Self::Dps => {
                Rule { text: "3 to 64 letters, digits and hyphens, no hyphen first or last", ..base }
            }
            Self::EnrollmentGroup => Rule {
                text: "1 to 128 letters, digits and `: . _ -`, a letter or digit first and last",
                shortest: 1,
                longest: 128,
                inner: |c| alphanumeric(c) || ":._-".contains(c),
                ..base
            },
            Self::Role => Rule {
                text: "1 to 128 characters, none of them a control character, no space first or last",
                shortest: 1,
                longest: 128,
                first: |c| !c.is_control() && !c.is_whitespace(),
                inner: |c| !c.is_control(),
                last: |c| !c.is_control() && !c.is_whitespace(),
                ..base
            },
            Self::Guid => Rule {
                text: "a GUID such as 11111111-1111-4111-8111-111111111111",
                shortest: 36,
                longest: 36,
                ..base
            },
            Self::Location => Rule {
                text: "a region's canonical name such as `eastus2`",
                shortest: 2,
                first: lower_or_digit,
                inner: lower_or_digit,
                last: lower_or_digit,
                lower: true,
                ..base
            },
            Self::TagName => Rule {
                text: "1 to 512 characters, none of `< > % & \\ ? /` and no control characters",
                shortest: 1,
                longest: 512,
                first: tag_character,
                inner: tag_character,
                last: tag_character,
                ..base
            },
        }
    }

    /// Checks `name`; `None` when it fits.
    pub fn check(self, name: &str) -> Option<Finding> {
        if self == Self::Guid {
            let fits = name.len() == 36 && uuid::Uuid::try_parse(name).is_ok();
            return (!fits).then(|| Finding { rule: self.rule().text.to_owned(), suggestion: None });
        }
        let rule = self.rule();
        if fits(name, &rule) {
            return None;
        }
        let suggestion = mend(name, &rule).filter(|mended| fits(mended, &rule));
        Some(Finding { rule: rule.text.to_owned(), suggestion })
    }
}

fn tag_character(c: char) -> bool {
    !c.is_control() && !"<>%&\\?/".contains(c)
}

fn fits(name: &str, rule: &Rule) -> bool {
    let length = name.chars().count();
    (rule.shortest..=rule.longest).contains(&length)
        && name.chars().next().is_some_and(rule.first)
        && name.chars().all(rule.inner)
        && name.chars().next_back().is_some_and(rule.last)
}

/// Makes the nearest name that fits: lower-cased where the rule asks for it, forbidden characters as hyphens where
/// those are allowed and left out where not, trimmed at both ends, cut to length.
fn mend(name: &str, rule: &Rule) -> Option<String> {
    let mut mended = String::new();
    for c in name.trim().chars() {
        let c = if rule.lower { c.to_ascii_lowercase() } else { c };
        if (rule.inner)(c) {
            mended.push(c);
        } else if (rule.inner)('-') && !mended.ends_with('-') {
            mended.push('-');
        }
    }
    let mut kept: Vec<char> = mended.chars().skip_while(|c| !(rule.first)(*c)).take(rule.longest).collect();
    while kept.last().is_some_and(|c| !(rule.last)(*c) || *c == '-') {
        kept.pop();
    }
    (!kept.is_empty()).then(|| kept.into_iter().collect())
}
