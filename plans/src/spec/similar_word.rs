//! "Did you mean": the nearest of the words that would have been right.

/// The nearest of `known` to `word`, where it is near enough to be meant.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    // A third of the letters may be wrong: beyond that, suggestions are noise.
    let far = word.chars().count().max(3) / 3;
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= far)
        .min()
        .map(|(_, candidate)| candidate)
}

/// "did you mean …?", or else all that is known.
pub(crate) fn did_you_mean(word: &str, known: &[&str]) -> Option<String> {
    match nearest(word, known.iter().copied()) {
        Some(near) => Some(format!("did you mean `{near}`?")),
        None if known.is_empty() => None,
        None => Some(format!("known here: {}", known.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_and_far() {
        assert_eq!(nearest("wirte", ["write", "where"]), Some("write"));
        assert_eq!(nearest("WRITE", ["write"]), Some("write"));
        assert_eq!(nearest("banana", ["write", "where"]), None);
        assert_eq!(nearest("ky", ["key"]), Some("key"));
    }
}
