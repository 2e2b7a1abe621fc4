//! What a page of a plan says, and how it is coloured. Whole pages are snapshots of the golden cases.

use super::*;
use crate::testing::{case, together};

fn page(name: &str) -> String {
    text(&case(name).plan(), 80, Style::Plain)
}

#[test]
fn the_last_line_sums_up() {
    let all = together(&["upsert-many-merge", "append-table", "replace-swap-filled-by-us", "append-absent"]);
    let sum = "Plan: 4 streams, 1 to create, 1 to replace, 1 to append to, 1 to upsert;\n~4,936,000 rows, ~480 MiB\n";
    assert!(text(&all, 80, Style::Plain).ends_with(sum));
    assert!(page("no-estimates").ends_with("Plan: 1 stream, 1 to upsert; an unknown number of rows\n"));
    assert!(page("refused-many").ends_with("Refused: nothing of it can be applied until that is settled.\n"));
    assert!(page("replace-swap").ends_with("Destructive: rows of 1 table are replaced.\n"));
}

#[test]
fn streams_are_marked_by_what_happens() {
    for (name, mark) in
        [("append-absent", '+'), ("append-table", '~'), ("replace-swap", '-'), ("replace-swap-filled-by-us", '~')]
    {
        assert!(page(name).contains(&format!("\n{mark} public.orders → raw.orders\n")), "{name}");
    }
}

#[test]
fn ends_are_named() {
    let page = page("append-table");
    assert!(page.contains("shop.example.org:5432/shop, as reader"));
    assert!(page.contains("PostgreSQL 15.18, TLS verify-full"));
}

#[test]
fn colours_add_nothing_but_codes() {
    let plan = case("several-streams").plan();
    let mut coloured = text(&plan, 80, Style::Ansi);
    assert!(coloured.contains("\u{1b}[32m+\u{1b}[0m"));
    for code in ["0", "1", "2", "31", "32", "33", "36"] {
        coloured = coloured.replace(&format!("\u{1b}[{code}m"), "");
    }
    assert_eq!(coloured, text(&plan, 80, Style::Plain));
}
