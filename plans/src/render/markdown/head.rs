//! What of a comment is always seen: the verdict, what is destroyed, what is refused, both ends, a row for each stream; and
//! its last line.

use super::{
    super::{
        ends::{NO_COLUMNS, columnless, tls_words},
        stream::{Mark, publication_words, route_words},
        summary,
    },
    escape::{code, escaped, table},
    stream::{title, widened_count},
};
use crate::{
    figures,
    observation::End,
    plan::{Plan, StreamPlan},
    report::Refusal,
};

pub(super) fn blocks(plan: &Plan) -> Vec<String> {
    let mut blocks =
        vec![format!("## Rapidbyte plan of {}", code(plan.sync())), format!("**{}**", summary::tally(plan))];
    blocks.extend(destruction(plan));
    blocks.extend(refusals(plan));
    blocks.extend(
        (!plan.is_refused() && !plan.has_changes()).then(|| format!("**No changes:** {}", summary::NO_CHANGES)),
    );
    blocks.push(ends(plan));
    blocks.push(streams(plan));
    blocks.extend(columnless(plan).map(|tables| format!("**Left out:** {}: {NO_COLUMNS}", escaped(&tables))));
    blocks
}

/// Which plan this is, for whoever compares.
pub(super) fn foot(plan: &Plan) -> String {
    let file = format!("sha256:{}", plan.sync_file_sha256());
    format!("<sub>Plan {}<br>Sync file {}</sub>", code(&plan.digest()), code(&file))
}

fn alert(kind: &str, line: &str, items: impl Iterator<Item = String>) -> Option<String> {
    let items: Vec<String> = items.map(|item| format!("\n> - {item}")).collect();
    (!items.is_empty()).then(|| format!("> [!{kind}]\n> {line}\n>{}", items.concat()))
}

fn destruction(plan: &Plan) -> Option<String> {
    let destroying = plan.streams().iter().filter(|stream| Mark::of(stream) == Mark::Remove);
    let items = destroying.filter_map(|stream| {
        let what = stream.destroys.as_deref()?;
        Some(format!("{}: {}", code(&stream.stream), escaped(what)))
    });
    alert("CAUTION", &format!("**Destructive:** {}", summary::destruction(plan)), items)
}

fn refusals(plan: &Plan) -> Option<String> {
    let whole = plan.refusals().iter().map(|refusal| item("the whole plan", refusal));
    let streams = plan.streams().iter().flat_map(|stream| {
        let name = code(&stream.stream);
        stream.refusals.iter().map(move |refusal| item(&name, refusal))
    });
    alert("WARNING", &format!("**Refused:** {}", summary::REFUSED), whole.chain(streams))
}

fn item(what: &str, refusal: &Refusal) -> String {
    let column = refusal.column.as_ref().map_or_else(String::new, |column| format!(", column {}", code(column)));
    format!("{what}{column}: {}<br>→ {}", escaped(&refusal.reason), escaped(&refusal.advice))
}

fn ends(plan: &Plan) -> String {
    let row = |label: &str, end: &End| {
        let read_only = if end.read_only { ", read only" } else { "" };
        let product = format!("{}{read_only}", escaped(&end.product));
        [label.to_owned(), product, code(&end.endpoint), code(&end.user), escaped(&tls_words(end))]
    };
    let seen = plan.observation();
    let rows = [row("source", &seen.source), row("destination", &seen.destination)];
    let columns = [("", "---"), ("server", "---"), ("endpoint", "---"), ("user", "---"), ("connection", "---")];
    table(columns, rows.into_iter())
}

fn streams(plan: &Plan) -> String {
    let columns = [
        ("", "---"),
        ("stream → target", "---"),
        ("write", "---"),
        ("publish", "---"),
        ("rows", "--:"),
        ("size", "--:"),
        ("remarks", "---"),
    ];
    table(columns, plan.streams().iter().map(|stream| row(plan, stream)))
}

fn row(plan: &Plan, stream: &StreamPlan) -> [String; 7] {
    let mark = Mark::of(stream);
    // What was chosen for a stream that cannot run would only stand before what is in the way.
    let chosen = |words: &str| if mark == Mark::Refuse { "–".to_owned() } else { words.to_owned() };
    let about = |number: Option<String>| number.map_or_else(|| "unknown".to_owned(), |number| format!("~{number}"));
    [
        mark_words(mark),
        title(stream),
        chosen(route_words(stream)),
        chosen(publication_words(stream.write.publication)),
        about(stream.estimates.rows.map(figures::count)),
        about(stream.estimates.bytes.map(figures::bytes)),
        remarks(plan, stream),
    ]
}

fn mark_words(mark: Mark) -> String {
    let words = match mark {
        Mark::Create => "create",
        Mark::Change => "change",
        Mark::Remove => "**destroy rows**",
        Mark::Refuse => "**refused**",
    };
    format!("`{}` {words}", mark.sign().0)
}

/// How much there is to read of the stream elsewhere.
fn remarks(plan: &Plan, stream: &StreamPlan) -> String {
    let counts = if stream.refusals.is_empty() {
        vec![
            (widened_count(plan, stream), "column widened", "columns widened"),
            (stream.write.types.len(), "new object", "new objects"),
            (stream.notes.len(), "note", "notes"),
        ]
    } else {
        vec![(stream.refusals.len(), "refusal", "refusals")]
    };
    let counts = counts.into_iter().filter(|(number, ..)| *number > 0);
    counts.map(|(number, one, many)| figures::plural(number as u64, one, many)).collect::<Vec<_>>().join(", ")
}
