//! `${NAME}`, `${NAME:-default}` and `$$` in a string value. Owns the syntax; the environment is the caller's closure.

/// What a text became.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Expanded {
    pub(crate) value: String,
    /// The variables named in it, in order, set or not.
    pub(crate) variables: Vec<String>,
}

/// What is wrong with a text; the name is what the user wrote, never a value.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadVariable {
    #[error("environment variable {0} is not set")]
    Unset(String),
    #[error("`${{` has no closing `}}`")]
    Open,
    #[error("`${{{0}}}` is not the name of an environment variable")]
    Name(String),
}

impl BadVariable {
    pub(crate) fn advice(&self) -> String {
        match self {
            Self::Unset(name) => format!("set it, or give a default: ${{{name}:-value}}"),
            Self::Open => "close it, or write $$ for a dollar sign".to_owned(),
            Self::Name(_) => "a name is letters, digits and `_`, and does not begin with a digit".to_owned(),
        }
    }

    /// The text at which to point, as it stands in the file.
    pub(crate) fn needle(&self) -> String {
        match self {
            Self::Unset(name) | Self::Name(name) => format!("${{{name}"),
            Self::Open => "${".to_owned(),
        }
    }
}

/// Expands every variable of `text`, or says all that is wrong with it. A default is taken as it stands; `$` before
/// anything but `{` and `$` is itself.
pub(crate) fn expand(text: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<Expanded, Vec<BadVariable>> {
    let (mut value, mut variables, mut bad) = (String::with_capacity(text.len()), Vec::new(), Vec::new());
    let mut rest = text;
    while let Some(dollar) = rest.find('$') {
        value.push_str(&rest[..dollar]);
        rest = &rest[dollar + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            value.push('$');
            rest = after;
        } else if let Some(after) = rest.strip_prefix('{') {
            let Some(end) = after.find('}') else {
                bad.push(BadVariable::Open);
                return Err(bad);
            };
            match one(&after[..end], env) {
                Ok((name, found)) => {
                    value.push_str(&found);
                    variables.push(name.to_owned());
                }
                Err(what) => bad.push(what),
            }
            rest = &after[end + 1..];
        } else {
            value.push('$');
        }
    }
    value.push_str(rest);
    if bad.is_empty() { Ok(Expanded { value, variables }) } else { Err(bad) }
}

/// The variable's name, and what stands in its place.
fn one<'t>(inside: &'t str, env: &dyn Fn(&str) -> Option<String>) -> Result<(&'t str, String), BadVariable> {
    let (name, default) = inside.split_once(":-").map_or((inside, None), |(name, default)| (name, Some(default)));
    let letters = |c: char| c == '_' || c.is_ascii_alphanumeric();
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || !name.chars().all(letters) {
        return Err(BadVariable::Name(crate::name::visible(name)));
    }
    // As in a shell, `:-` also replaces a variable that is set to nothing.
    let set = env(name).filter(|value| default.is_none() || !value.is_empty());
    match (set, default) {
        (Some(found), _) => Ok((name, found)),
        (None, Some(default)) => Ok((name, default.to_owned())),
        (None, None) => Err(BadVariable::Unset(name.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(text: &str) -> Result<String, Vec<BadVariable>> {
        let env = |name: &str| match name {
            "A" => Some("1${B}".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        expand(text, &env).map(|expanded| expanded.value)
    }

    #[test]
    fn what_is_expanded_is_not_expanded_again() {
        assert_eq!(expanded("x${A}y"), Ok("x1${B}y".to_owned()));
    }

    #[test]
    fn dollars() {
        assert_eq!(expanded("$$ $1 $"), Ok("$ $1 $".to_owned()));
        assert_eq!(expanded("$${A}"), Ok("${A}".to_owned()));
    }

    #[test]
    fn defaults_replace_unset_and_empty() {
        assert_eq!(expanded("${B:-b}${EMPTY:-e}${EMPTY}${B:-}"), Ok("be".to_owned()));
    }

    #[test]
    fn all_that_is_wrong_at_once() {
        let bad = vec![BadVariable::Unset("B".to_owned()), BadVariable::Name("1".to_owned()), BadVariable::Open];
        assert_eq!(expanded("${B} ${1} ${"), Err(bad));
    }
}
