//! What of a comment is folded: for each stream that can run its reasons, what is to be known of it, and its statements; and
//! the statements that make the tables in which runs are recorded.

use super::{
    super::{
        BOOKKEEPING, amounts,
        stream::{Mark, choice_words, effect_sign, fits_words, shown, topic_word, widened, written},
    },
    escape::{code, escaped, sql, table},
};
use crate::{
    decision::Statement,
    figures,
    name::visible,
    observation::StreamObservation,
    plan::{Plan, StreamPlan},
    planner::Prepared,
};

/// One block for each stream that can run, and one for the records of runs. Of a refused stream all is said at the top.
pub(super) fn details(plan: &Plan) -> Vec<String> {
    let runs = plan.streams().iter().filter(|stream| stream.refusals.is_empty());
    runs.map(|stream| of_stream(plan, stream)).chain(bookkeeping(plan)).collect()
}

/// "public.orders → raw.orders".
pub(super) fn title(stream: &StreamPlan) -> String {
    format!("{} → {}", code(&stream.stream), code(&stream.write.target.to_string()))
}

pub(super) fn widened_count(plan: &Plan, stream: &StreamPlan) -> usize {
    seen(plan, stream).map_or(0, |seen| widened(seen).count())
}

fn seen<'a>(plan: &'a Plan, stream: &StreamPlan) -> Option<&'a StreamObservation> {
    plan.observation().streams.iter().find(|seen| seen.stream == stream.stream)
}

/// Markdown between the tags begins and ends with a blank line (GFM, section 4.6).
fn folded(summary: &str, blocks: &[String]) -> String {
    format!("<details>\n<summary>{summary}</summary>\n\n{}\n\n</details>", blocks.join("\n\n"))
}

fn of_stream(plan: &Plan, stream: &StreamPlan) -> String {
    let seen = seen(plan, stream);
    let mark = Mark::of(stream);
    let destructive = if mark == Mark::Remove { ", <strong>destructive</strong>" } else { "" };
    let sign = mark.sign().0;
    let summary = format!("<code>{sign}</code> {}: {}{destructive}", title(stream), amounts(stream.estimates));
    let mut blocks = vec![reasons(stream, seen)];
    blocks.extend(remarks(stream, seen));
    blocks.extend(stream.prepared.as_ref().map(statements));
    folded(&summary, &blocks)
}

fn reasons(stream: &StreamPlan, seen: Option<&StreamObservation>) -> String {
    let rows = stream.reasons.iter().map(|reason| {
        [topic_word(reason.topic).to_owned(), escaped(&choice_words(stream, reason)), escaped(&reason.because)]
    });
    let fits = seen.map(|seen| fits_words(stream, &seen.target.fits)).filter(|words| !words.is_empty());
    let columns = fits.map(|words| ["columns".to_owned(), words, String::new()]);
    table([("", "---"), ("choice", "---"), ("because", "---")], rows.chain(columns))
}

fn remarks(stream: &StreamPlan, seen: Option<&StreamObservation>) -> Option<String> {
    let destroys = stream.destroys.iter().map(|what| format!("- **Destroys:** {}", escaped(what)));
    let widened = seen.into_iter().flat_map(widened).map(|(fit, native)| {
        let note = fit.note.as_deref().map_or_else(String::new, |note| format!(": {}", escaped(note)));
        format!("- Widened: {} from {} to {}{note}", code(&fit.column), code(native), code(&fit.target))
    });
    let made = stream.write.types.iter().map(|made| format!("- New: {}", escaped(&made.purpose)));
    let notes = stream.notes.iter().map(|note| format!("- Note: {}", escaped(note)));
    let lines: Vec<String> = destroys.chain(widened).chain(made).chain(notes).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

fn statements(prepared: &Prepared) -> String {
    let position = prepared.read.position.iter().map(|sql| marked("<", "up to where it is", sql));
    let read = position.chain(prepared.read.statements.iter().map(|sql| marked("<", "rows leave", sql)));
    let checksum = prepared.read.checksum.iter().map(|sql| marked("=", "rows and checksum of what was read", sql));
    let write = written(&prepared.write).map(|statement| step(&statement));
    sql(&read.chain(checksum).chain(write).collect::<Vec<_>>().join("\n"))
}

fn bookkeeping(plan: &Plan) -> Option<String> {
    let made = &plan.observation().bookkeeping;
    let steps: Vec<String> = made.iter().map(step).collect();
    let count = figures::plural(steps.len() as u64, "statement", "statements");
    (!steps.is_empty()).then(|| folded(&format!("{BOOKKEEPING} {count}"), &[sql(&steps.join("\n"))]))
}

fn step(statement: &Statement) -> String {
    marked(effect_sign(statement.effect).0, &statement.purpose, &statement.sql)
}

/// A statement under its mark, which is SQL's comment. Only a mark begins a line with dashes: a statement's further lines,
/// in which a name may hold anything, are indented.
fn marked(sign: &str, purpose: &str, sql: &str) -> String {
    format!("-- {sign} {}\n{}", visible(purpose), shown(sql).trim_end().replace('\n', "\n  "))
}
