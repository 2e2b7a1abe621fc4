//! Properties of comments on random plans whose names, words and statements are made to break Markdown.

use super::{escape::escaped, markdown};
use crate::{
    name::{is_hidden, visible},
    plan::Plan,
    resolve::resolve,
    testing::{PASSWORD, plan_of, spec},
    testing_strategies::{observation, sync_file},
};
use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Value, json};

/// The fields of a plan that hold what a catalogue, a server or a file may have said.
const FROM_OUTSIDE: [&str; 23] = [
    "sync",
    "sync_file_sha256",
    "stream",
    "namespace",
    "name",
    "column",
    "target",
    "native",
    "note",
    "notes",
    "choice",
    "because",
    "reason",
    "advice",
    "destroys",
    "sql",
    "purpose",
    "product",
    "endpoint",
    "user",
    "tls",
    "statements",
    "conflict_clause",
];

/// The HTML of a comment: anything else that begins with `<` would be somebody else's.
const TAGS: [&str; 11] = [
    "<details>",
    "</details>",
    "<summary>",
    "</summary>",
    "<code>",
    "</code>",
    "<strong>",
    "</strong>",
    "<br>",
    "<sub>",
    "</sub>",
];

/// How a line outside of fences begins.
const BEGINNINGS: [&str; 13] = [
    "## Rapidbyte plan of <code>",
    "**",
    "> [!",
    "> **",
    "> - ",
    "| ",
    "- **Destroys:** ",
    "- Widened: ",
    "- New: ",
    "- Note: ",
    "<summary><code>",
    "<summary>Before the first stream",
    "<sub>Plan <code>",
];

fn hostile() -> impl Strategy<Value = String> {
    let bits = vec![
        "|",
        "\\",
        "\\|",
        "`",
        "```",
        "~~~",
        "<script>",
        "</details>",
        "<details>",
        "</code>",
        "<!--",
        "@team",
        "a@b.c",
        "#1",
        "[x](y)",
        "![",
        "*",
        "_",
        "__a__",
        "\n",
        "\n\n",
        "\n```\n",
        "\n````\n",
        "\r",
        "\t",
        "\u{202e}",
        "\u{2028}",
        "&lt;",
        "&#124;",
        "> [!NOTE]",
        "# ",
        "- ",
        "1. ",
        "-- + ",
        "$a$",
        "http://x",
        "www.x",
        "é",
        "id",
        " ",
    ];
    prop_oneof![vec(select(bits), 0..6).prop_map(|bits| bits.concat()), any::<String>()]
}

/// Each text of those fields becomes a hostile one, the same text the same one everywhere.
fn poison(value: &mut Value, field: &str, texts: &[String]) {
    match value {
        Value::Object(fields) => fields.iter_mut().for_each(|(field, value)| poison(value, field, texts)),
        Value::Array(items) => items.iter_mut().for_each(|item| poison(item, field, texts)),
        Value::String(text) if FROM_OUTSIDE.contains(&field) => {
            let index = text.bytes().fold(0, |sum: usize, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
            text.clone_from(&texts[index % texts.len()]);
        }
        _ => {}
    }
}

/// The lines outside of fences. Whether the last fence was closed is checked here.
fn outside(comment: &str) -> Vec<&str> {
    let (mut fence, mut lines) = (None, Vec::new());
    for line in comment.lines() {
        let ticks = line.len() - line.trim_start_matches('`').len();
        match fence {
            None if ticks >= 3 => fence = Some(ticks),
            None => lines.push(line),
            // GFM, section 4.5: a fence ends where at least as many stand alone, indented by three spaces at most.
            Some(open) => {
                let bare = line.trim_matches(' ');
                if bare.len() >= open && bare.chars().all(|c| c == '`') {
                    fence = None;
                }
            }
        }
    }
    assert_eq!(fence, None, "a fence is open at the end:\n{comment}");
    lines
}

/// What is wrong with one line outside of fences.
fn mistake(line: &str) -> Option<&'static str> {
    let whole = ["", ">", "<details>", "</details>"].contains(&line);
    let begun = BEGINNINGS.iter().any(|begin| line.starts_with(begin));
    let foreign = |(at, _): (usize, &str)| !TAGS.iter().any(|tag| line[at..].starts_with(tag));
    let text = ["`+`", "`~`", "`-`", "`!`"].iter().fold(line.to_owned(), |text, sign| text.replace(sign, ""));
    let refers = |(at, _): (usize, &str)| !text[at + 1..].starts_with("&#8203;");
    // What stands before a number sign that is a reference: a character reference's own does not count.
    let numbers = text.trim_start_matches("## ").replace("&#", "&");
    [
        (!whole && !begun, "begins with something of its own"),
        (!whole && line.contains("details>"), "folds or unfolds"),
        (line.match_indices('<').any(foreign), "has a foreign tag"),
        (text.match_indices('@').any(refers), "has a mention"),
        (numbers.replace("#&8203;", "").contains('#'), "has a reference"),
        (text.contains('`'), "has a code span"),
        (text.contains("://") || text.contains("www."), "has a link"),
    ]
    .into_iter()
    .find_map(|(wrong, what)| wrong.then_some(what))
}

/// Rows of one table have as many cells as the row above.
fn uneven<'a>(lines: &[&'a str]) -> Option<&'a str> {
    let cells = |line: &str| line.starts_with('|').then(|| line.matches('|').count());
    lines.windows(2).find(|two| cells(two[0]).zip(cells(two[1])).is_some_and(|(a, b)| a != b)).map(|two| two[1])
}

/// Each opening tag is closed before the next one opens.
fn unbalanced(lines: &[&str]) -> bool {
    let tags: Vec<&str> = lines.iter().copied().filter(|line| line.contains("details>")).collect();
    tags.chunks(2).any(|two| two != ["<details>", "</details>"])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    /// P1: outside of fences every line, every tag, every code span is ours, and nothing of a text is a mention, a
    /// reference or a link; nowhere is a control character. P2: every fence and every fold is closed. P3: all rows of a table have as
    /// many cells as its head. P4: the password is not in it.
    #[test]
    fn comments(text in sync_file(), seen in observation(), texts in vec(hostile(), 1..8)) {
        let spec = spec(&text);
        let plan = plan_of(&spec, &resolve(&spec, None).unwrap(), &seen);
        prop_assert!(!markdown(&plan).contains(PASSWORD));
        let mut json = serde_json::to_value(&plan).unwrap();
        let made = json!([{ "phase": "bookkeeping", "effect": "create", "sql": "SCHEMA", "purpose": "records" }]);
        json["observation"]["bookkeeping"] = made;
        poison(&mut json, "", &texts);
        let comment = markdown(&Plan::parse(&json.to_string()).unwrap());
        prop_assert!(!comment.contains(|c: char| c != '\n' && is_hidden(c)), "{comment}");
        let lines = outside(&comment);
        for line in &lines {
            prop_assert_eq!(mistake(line), None, "{}\n{}", line, comment);
        }
        prop_assert_eq!(uneven(&lines), None, "{}", comment);
        prop_assert!(!unbalanced(&lines), "{}", comment);
    }

    /// P5: what was escaped shows as the text did, but for spaces without width.
    #[test]
    fn escapes(text in hostile()) {
        let mut shown = escaped(&text).replace("&#8203;", "");
        // The ampersand last: what it makes is no reference.
        for c in "<>\\`*_[]|~$:.&".chars() {
            shown = shown.replace(&format!("&#{};", u32::from(c)), &c.to_string());
        }
        prop_assert_eq!(shown, visible(&text));
    }
}
