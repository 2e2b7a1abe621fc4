//! What a comment says and that it fits one. Whole comments are snapshots of the golden cases.

use super::{
    COMMENT_CHARS_MAX,
    escape::{code, escaped, sql},
    markdown,
};
use crate::{plan::Plan, testing::case};

fn comment(name: &str) -> String {
    markdown(&case(name).plan())
}

#[test]
fn what_is_destroyed_stands_at_the_top_and_in_its_row() {
    let comment = comment("replace-swap");
    let alert = "> [!CAUTION]\n> **Destructive:** rows of 1 table are replaced.\n>\n> - <code>public.orders</code>: ";
    assert!(comment.find(alert) < comment.find("| source |") && comment.contains(alert), "{comment}");
    assert!(comment.contains("\n| `-` **destroy rows** | <code>public.orders</code> → "), "{comment}");
    assert!(comment.contains("- **Destroys:** the rows of raw.orders are replaced"), "{comment}");
    assert!(!self::comment("replace-swap-filled-by-us").contains("CAUTION"));
}

#[test]
fn what_is_refused_stands_at_the_top_with_its_advice() {
    let comment = comment("refused-many");
    assert!(comment.contains("> [!WARNING]\n> **Refused:** nothing of it can be applied"), "{comment}");
    let line = "\n> - <code>public.orders</code>, column <code>custmer</code>: &#96;key&#96; names it, and the stream has \
                no such column<br>→ did you mean customer?";
    assert!(comment.contains(line), "{comment}");
    assert!(comment.contains("| – | – |") && comment.contains("| 8 refusals |"), "{comment}");
    assert!(!comment.contains("<details>"), "{comment}");
    assert!(self::comment("refused-read-only").contains("\n> - the whole plan: "));
}

#[test]
fn each_stream_has_its_row_and_its_details() {
    let comment = comment("several-streams");
    for (mark, stream, rows) in [("`+` create", "items", "~10"), ("`~` change", "orders", "~1,234,000")] {
        let names = format!("<code>public.{stream}</code> → <code>raw.{stream}</code>");
        assert!(comment.contains(&format!("\n| {mark} | {names} | ")), "{comment}");
        assert!(comment.contains(&format!("</code> {names}: {rows} rows, ")), "{comment}");
    }
    assert_eq!(comment.matches("<details>").count(), 2, "{comment}");
}

#[test]
fn texts_show_as_they_are() {
    assert_eq!(escaped("order_lines at 4 MiB / 102 B"), "order_lines at 4 MiB / 102 B");
    assert_eq!(
        escaped("_a_ *b* a|b `c` [x](y) a\\|b"),
        "&#95;a&#95; &#42;b&#42; a&#124;b &#96;c&#96; &#91;x&#93;(y) a&#92;&#124;b"
    );
    assert_eq!(escaped("</details><script>&lt;"), "&#60;/details&#62;&#60;script&#62;&#38;lt;");
    assert_eq!(escaped("@octocat, o/r#1"), "@&#8203;octocat, o/r#&#8203;1");
    assert_eq!(escaped("http://a www.b"), "http&#58;//a www&#46;b");
    assert_eq!(code("a\nb\u{202e}"), "<code>a&#92;u{a}b&#92;u{202e}</code>");
}

#[test]
fn a_fence_is_longer_than_what_it_holds() {
    assert_eq!(sql("SELECT 1"), "```sql\nSELECT 1\n```");
    assert_eq!(sql("a\n````\nb"), "`````sql\na\n````\nb\n`````");
}

/// A name with line breaks makes neither a mark nor a statement of its own.
#[test]
fn only_marks_begin_a_line_with_dashes() {
    let hostile = case("append-table").plan().to_json();
    let hostile = hostile.replace("READ public.orders", "READ x\\n-- + nothing to see\\n```");
    let hostile = hostile.replace("load raw.orders", "rows\\n-- + enter");
    let comment = markdown(&Plan::parse(&hostile).unwrap());
    let statements = "````sql\n-- < rows leave\nREAD x\n  -- + nothing to see\n  ```\n-- > rows\\u{a}-- + enter\n";
    assert!(comment.contains(statements), "{comment}");
}

#[test]
fn details_that_do_not_fit_are_left_out_and_counted() {
    let json = case("several-streams").plan().to_json();
    let long = |name: &str, json: &str| json.replace(&format!("READ {name}"), &"x".repeat(COMMENT_CHARS_MAX));
    let comment = markdown(&Plan::parse(&long("public.orders", &json)).unwrap());
    assert!(comment.contains("> [!IMPORTANT]\n> Not all is here: a comment holds 65,536 characters, and 1 stream's"));
    assert_eq!((comment.matches("<details>").count(), comment.contains("xxx")), (1, false));
    // As much as there is room for: the limit holds at every length near it.
    for length in (55_000..66_000).step_by(997) {
        let json = json.replace("READ public.orders", &"é".repeat(length));
        assert!(markdown(&Plan::parse(&json).unwrap()).chars().count() <= COMMENT_CHARS_MAX, "{length}");
    }
}
