//! A plan as a comment on a pull request, in GitHub's Markdown. Owns the order of its parts and that they fit one comment;
//! the words are those of the text wherever it has them.

mod escape;
mod head;
mod stream;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use crate::{figures, plan::Plan};

/// What GitHub takes as one comment; a longer one is refused as a whole.
const COMMENT_CHARS_MAX: usize = 65_536;
/// Room for [`notice`].
const NOTICE_CHARS_MAX: usize = 300;

/// A plan as GitHub Flavored Markdown (<https://github.github.com/gfm/>), for a comment on a pull request: what is destroyed
/// and what is refused at its top, a row for each stream, and folded below it every reason and statement. Details that no
/// longer fit one comment are left out, and it says how many.
pub fn markdown(plan: &Plan) -> String {
    let mut blocks = head::blocks(plan);
    let foot = head::foot(plan);
    let fixed: usize = blocks.iter().chain([&foot]).map(|block| length(block)).sum();
    let mut room = COMMENT_CHARS_MAX.saturating_sub(fixed + NOTICE_CHARS_MAX);
    let (kept, left_out): (Vec<String>, Vec<String>) = stream::details(plan).into_iter().partition(|block| {
        let after = room.checked_sub(length(block));
        room = after.unwrap_or(room);
        after.is_some()
    });
    blocks.extend((!left_out.is_empty()).then(|| notice(left_out.len())));
    blocks.extend(kept);
    blocks.push(foot);
    blocks.join("\n\n") + "\n"
}

/// Of a block with the blank line behind it.
fn length(block: &str) -> usize {
    block.chars().count() + 2
}

fn notice(left_out: usize) -> String {
    format!(
        "> [!IMPORTANT]\n> Not all is here: a comment holds {} characters, and {} left out. `rapidbyte plan` shows all of it.",
        figures::count(COMMENT_CHARS_MAX as u64),
        figures::plural(left_out as u64, "stream's details are", "streams' details are")
    )
}
