//! Results as a bar chart in SVG, written by hand: a bar is a median, the line across its end the spread.

use super::{report::Group, runner::Measured, spread::Spread, verdict::Measure};
use std::fmt::Write;

const WIDTH: f64 = 760.0;
/// Where bars begin, behind the names.
const LEFT: f64 = 210.0;
/// For the figure behind the longest bar.
const RIGHT: f64 = 90.0;
const BAR: f64 = 18.0;
const LINE: f64 = 26.0;
const HEAD: f64 = 34.0;
const STYLE: &str = "text{font:13px sans-serif;fill:#222}.name{text-anchor:end}.head{font-weight:bold}.small{font-size:11px;\
                     fill:#666}rect{fill:#9db4c0}.own{fill:#e07a3f}line{stroke:#222;stroke-width:1.5}";

/// One panel for each trial, each with a scale of its own.
pub(super) fn svg(groups: &[Group], caption: &str) -> String {
    let mut body = String::new();
    let mut y = 10.0;
    for (name, measured) in groups {
        text(&mut body, "head", 10.0, y + 16.0, &format!("{name}: wall seconds"));
        y += HEAD;
        let longest = measured.iter().filter_map(wall).map(|wall| wall.most).fold(f64::MIN_POSITIVE, f64::max);
        let scale = (WIDTH - LEFT - RIGHT) / longest;
        for one in measured {
            bar(&mut body, one, y, scale);
            y += LINE;
        }
    }
    text(&mut body, "small", 10.0, y + 18.0, &format!("Medians, with least and most. {caption}"));
    let height = y + 30.0;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\">\n\
         <style>{STYLE}</style>\n<rect width=\"{WIDTH}\" height=\"{height}\" style=\"fill:#fff\"/>\n{body}</svg>\n"
    )
}

fn wall(one: &Measured) -> Option<Spread> {
    Spread::of(one.runs.iter().filter_map(|run| Measure::Wall.of(run)))
}

fn bar(body: &mut String, one: &Measured, y: f64, scale: f64) {
    let middle = y + BAR / 2.0;
    text(body, "name", LEFT - 8.0, middle + 4.5, &format!("{} ({})", one.name, one.rows));
    let Some(wall) = wall(one) else {
        text(body, "small", LEFT, middle + 4.5, &format!("missing: {}", one.missing.as_deref().unwrap_or("no run")));
        return;
    };
    let class = if one.version.starts_with("rapidbyte") { " class=\"own\"" } else { "" };
    let width = wall.median * scale;
    let (least, most) = (LEFT + wall.least * scale, LEFT + wall.most * scale);
    // Writing to a string cannot fail.
    let _ = writeln!(body, "<rect{class} x=\"{LEFT}\" y=\"{y}\" width=\"{width:.1}\" height=\"{BAR}\"/>");
    let _ = writeln!(body, "<line x1=\"{least:.1}\" x2=\"{most:.1}\" y1=\"{middle}\" y2=\"{middle}\"/>");
    text(body, "small", most + 6.0, middle + 4.5, &format!("{:.3}", wall.median));
}

fn text(body: &mut String, class: &str, x: f64, y: f64, words: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(body, "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>", escaped(words));
}

/// Text for XML (Extensible Markup Language 1.0, sections 2.2 and 2.4): markup is escaped, control characters cannot be.
fn escaped(words: &str) -> String {
    let mut text = String::with_capacity(words.len());
    for character in words.chars() {
        match character {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '"' => text.push_str("&quot;"),
            other if other.is_control() => text.push(' '),
            other => text.push(other),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{bench::runner::Run, measure::Cost};

    fn measured(name: &str, walls: &[f64]) -> Measured {
        let run = |wall_secs: &f64| Run {
            round: 1,
            cost: Cost { wall_secs: *wall_secs, cpu_secs: 0.0, peak_bytes: 0.0 },
            receipt: None,
        };
        Measured {
            name: name.to_owned(),
            rows: 7,
            version: "rapidbyte 0.1.0".to_owned(),
            runs: walls.iter().map(run).collect(),
            missing: walls.is_empty().then(|| "no <wheel>".to_owned()),
            is_ours: false,
        }
    }

    #[test]
    fn markup_is_escaped() {
        assert_eq!(escaped("a < b & \"c\" > d\u{1b}[0m\n"), "a &lt; b &amp; &quot;c&quot; &gt; d [0m ");
    }

    #[test]
    fn the_longest_bar_ends_where_its_figure_begins() {
        let groups =
            [("keyed".to_owned(), vec![measured("a & b", &[2.0]), measured("half", &[1.0]), measured("dlt", &[])])];
        let drawn = svg(&groups, "on <M>");
        assert!(drawn.contains("width=\"460.0\""), "{drawn}");
        assert!(drawn.contains("width=\"230.0\""), "{drawn}");
        assert!(drawn.contains(">a &amp; b (7)<"), "{drawn}");
        assert!(drawn.contains(">missing: no &lt;wheel&gt;<"), "{drawn}");
        assert!(drawn.contains("on &lt;M&gt;"), "{drawn}");
        assert_eq!(drawn.matches("<text").count(), drawn.matches("</text>").count());
    }
}
