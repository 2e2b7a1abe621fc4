//! Step: what is said of a table and its columns travels with them. Owns whose comments are written: those of tables that are
//! made, and of tables of ours where the source says something else by now. What the source no longer says stays.

use super::facts::Facts;
use crate::{
    decision::Comment,
    name::visible,
    observation::Privilege,
    report::{Report, Topic},
};

pub(crate) fn choose(facts: Facts<'_>) -> (Vec<Comment>, Report) {
    let mut report = Report::default();
    let follows = facts.ours() && facts.may(Privilege::Own);
    if !facts.absent() && !follows {
        return (Vec::new(), report);
    }
    let table = (None, &facts.source.comment, &facts.target.comment);
    let columns = facts.source.columns.iter().map(|column| {
        let there = facts.target_column(&column.name).map_or(&None, |target| &target.comment);
        (Some(&column.name), &column.comment, there)
    });
    let moved = std::iter::once(table).chain(columns).filter(|(_, says, there)| says.is_some() && says != there);
    let comments: Vec<Comment> =
        moved.filter_map(|(column, says, _)| Some(Comment { column: column.cloned(), text: says.clone()? })).collect();
    for comment in comments.iter().filter(|_| !facts.absent()) {
        let what = comment.column.as_ref().map_or_else(|| "the table".to_owned(), |column| visible(column));
        report.because(Topic::Change, format!("comment on {what}"), "the source says something else of it");
    }
    (comments, report)
}
