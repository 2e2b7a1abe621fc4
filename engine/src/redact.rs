//! Takes secrets out of what guests say, and control characters with them. It knows the settings of one end; what a
//! guest encodes on purpose it cannot see.

use rapidbyte_plans::{name::visible, spec::EndSpec};

/// What stands where a secret stood.
const REDACTED: &str = "<redacted>";

/// Shorter values are words and digits that stand in any message: hiding them would show them.
const SECRET_BYTES_MIN: usize = 3;

/// Names of settings that are secret whatever a connector says of them.
const SECRET_WORDS: [&str; 5] = ["password", "secret", "token", "passphrase", "key"];

/// Hides the secrets of one end.
#[derive(Clone, Default)]
pub(crate) struct Redactor {
    /// The longest first: a secret can be part of another.
    secrets: Vec<String>,
}

impl Redactor {
    /// Secret are the settings that the connector calls secret or whose name says so, and the password of any URL.
    pub(crate) fn new(end: &EndSpec, called_secret: &[String]) -> Self {
        let mut secrets = Vec::new();
        for (name, value) in &end.settings {
            let value = value.expose();
            if called_secret.contains(name) || SECRET_WORDS.iter().any(|word| name.contains(word)) {
                secrets.push(value.to_owned());
            }
            if let Some(password) = password(value) {
                secrets.extend([percent_decoded(password), password.to_owned()]);
            }
        }
        secrets.retain(|secret| secret.len() >= SECRET_BYTES_MIN);
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        secrets.dedup();
        Self { secrets }
    }

    /// The text without secrets, on one line, control characters escaped, cut at `bytes_max`.
    pub(crate) fn clean(&self, text: &str, bytes_max: usize) -> String {
        // Secrets go first: a cut through a secret would leave its head.
        let mut text = text.to_owned();
        for secret in &self.secrets {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), REDACTED);
            }
        }
        let end = text.floor_char_boundary(bytes_max);
        let cut = if end < text.len() { "…" } else { "" };
        format!("{}{cut}", visible(&text[..end]))
    }
}

/// The password of "scheme://user:password@host".
fn password(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    // A password with an unescaped "@" is wrong and common: the last one ends it. One with "/" ends the authority early,
    // so what stands before the last "@" of the whole URL counts as well.
    let (user_info, _) = authority.rsplit_once('@').or_else(|| rest.rsplit_once('@'))?;
    user_info.split_once(':').map(|(_, password)| password)
}

/// `%41` becomes `A` (RFC 3986, 2.1); what is no such triple stays.
pub(crate) fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let digits =
            text.get(at + 1..at + 3).filter(|pair| *byte == b'%' && pair.bytes().all(|b| b.is_ascii_hexdigit()));
        let decoded = digits.and_then(|pair| u8::from_str_radix(pair, 16).ok());
        out.push(decoded.unwrap_or(*byte));
        at += if decoded.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rapidbyte_plans::spec::Secret;

    fn redactor(settings: &[(&str, &str)]) -> Redactor {
        let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), Secret::new(*value))).collect();
        Redactor::new(&EndSpec { connector: "x".to_owned(), settings }, &["api".to_owned()])
    }

    #[test]
    fn every_form_of_every_secret_goes() {
        let redactor = redactor(&[
            ("url", "postgres://me:p%40ss%2Fword@db.example.org:5432/shop"),
            ("password", "hunter2"),
            ("api", "hunter2-and-more"),
            ("host", "db.example.org"),
        ]);
        let said = "p@ss/word p%40ss%2Fword hunter2-and-more hunter2 db.example.org me";
        let heard = redactor.clean(said, 4096);
        assert_eq!(heard, "<redacted> <redacted> <redacted> <redacted> db.example.org me");
    }

    #[test]
    fn a_badly_escaped_password_goes_too() {
        for url in ["postgres://me:pa@ss@db/shop", "postgres://me:pa/ss@db/shop"] {
            let secret = url.strip_prefix("postgres://me:").unwrap().strip_suffix("@db/shop").unwrap();
            assert!(!redactor(&[("url", url)]).clean(&format!("<{secret}>"), 99).contains(secret), "{url}");
        }
    }

    #[test]
    fn a_cut_leaves_no_head_of_a_secret() {
        let redactor = redactor(&[("password", "hunter2")]);
        assert_eq!(redactor.clean("xx hunter2 yy", 6), "xx <re…");
        assert_eq!(redactor.clean("ää", 3), "ä…");
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(Redactor::default().clean("a\u{1b}[2Jb", 99), "a\\u{1b}[2Jb");
    }

    #[test]
    fn percent() {
        assert_eq!(percent_decoded("a%2fb%zz%4"), "a/b%zz%4");
        assert_eq!(percent_decoded("%é"), "%é");
    }
}
