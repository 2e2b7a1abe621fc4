//! Who hears of a run while it goes on: bars on a terminal, plain lines elsewhere, or JSON for programs. All of them are
//! fed the same events; none decides anything.

use crate::{
    arguments::LogLevel,
    number::{duration, per_second},
    ui::Ui,
};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};
use rapidbyte_engine::{Event, EventSink, Level};
use rapidbyte_plans::{
    figures::{bytes, count, plural},
    name::visible,
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Redrawing oftener cannot be read.
const REDRAWS_PER_SECOND: u8 = 10;

/// How often a stream that takes long says a plain line: a log stays short, a watcher stays calm.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Fits 80 columns: 24 of the name, 14 of the bar, the rest for figures.
const WITH_ESTIMATE: &str = "  {prefix:24!} {bar:14} {msg}";
const WITHOUT_ESTIMATE: &str = "  {prefix:24!} {spinner}{wide_msg}";

/// What is shown of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    Bars,
    Lines,
    /// Messages of the run only.
    Off,
}

impl Progress {
    /// What fits where stderr goes.
    pub(crate) fn for_ui(ui: Ui) -> Self {
        if ui.is_live() { Self::Bars } else { Self::Lines }
    }
}

/// Listens to one run. A clone is the same listener.
#[derive(Clone)]
pub(crate) struct Watch(Arc<Mutex<State>>);

struct State {
    ui: Ui,
    progress: Progress,
    bars: MultiProgress,
    streams: HashMap<String, Stream>,
}

/// A stream that is on its way.
struct Stream {
    /// The source may begin a stream while the destination is still busy with the one before; that time is not its own.
    begun: Instant,
    has_moved: bool,
    rows_estimate: Option<u64>,
    bar: Option<ProgressBar>,
    last_line: Instant,
}

impl Watch {
    pub(crate) fn new(ui: Ui, progress: Progress) -> Self {
        let bars = MultiProgress::with_draw_target(match progress {
            Progress::Bars => ProgressDrawTarget::stderr_with_hz(REDRAWS_PER_SECOND),
            Progress::Lines | Progress::Off => ProgressDrawTarget::hidden(),
        });
        Self(Arc::new(Mutex::new(State { ui, progress, bars, streams: HashMap::new() })))
    }

    /// What the engine calls with each event.
    pub(crate) fn listener(&self) -> EventSink {
        let watch = self.clone();
        Arc::new(move |event| watch.state().hear(&event))
    }

    /// A line that is not an event, without tearing the bars.
    pub(crate) fn say(&self, text: &str) {
        self.state().say(text);
    }

    /// Takes away what is drawn of streams that did not end.
    pub(crate) fn close(&self) {
        self.state().clear();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A listener that broke once has said so; figures on a screen are not worth ending a run.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn hear(&mut self, event: &Event) {
        if self.ui.speaks_events() {
            return self.ui.event(event);
        }
        match event {
            // What these say stands in the plan and in the receipt.
            Event::Started { .. } | Event::Committed { .. } => {}
            Event::StreamStarted { stream, rows_estimate, .. } => self.begin(stream, *rows_estimate),
            Event::Progress { stream, rows, bytes } => self.advance(stream, *rows, *bytes),
            Event::StreamFinished { stream, rows, bytes, .. } => self.finish(stream, *rows, *bytes),
            Event::Committing => self.progress_line("  committing …"),
            Event::AskingOutcome => self.say("  the answer to the commit was lost; asking the destination …"),
            Event::Retrying { attempt, attempts_max, backoff_ms, reason } => {
                self.clear();
                let pause = duration(Duration::from_millis(*backoff_ms));
                self.say(&format!("  {}; again in {pause} ({attempt} of {attempts_max})", visible(reason)));
            }
            Event::Log { side, level, message } => {
                if log_level(*level) <= self.ui.log_level() {
                    let who = side.map_or_else(|| "engine".to_owned(), |side| side.to_string());
                    self.say(&format!("  {who}: {}: {}", word(*level), visible(message)));
                }
            }
        }
    }

    fn begin(&mut self, name: &str, rows_estimate: Option<u64>) {
        let now = Instant::now();
        let bar = (self.progress == Progress::Bars).then(|| self.bars.add(new_bar(name, rows_estimate)));
        self.streams
            .insert(name.to_owned(), Stream { begun: now, has_moved: false, rows_estimate, bar, last_line: now });
    }

    fn advance(&mut self, name: &str, rows: u64, sent: u64) {
        let Some(stream) = self.streams.get_mut(name) else { return };
        stream.has_moved = true;
        let figures = stream.figures(rows, sent);
        if let Some(bar) = &stream.bar {
            bar.set_length(stream.rows_estimate.unwrap_or(0).max(rows));
            bar.set_position(rows);
            bar.set_message(figures);
        } else if stream.last_line.elapsed() >= LINE_EVERY {
            stream.last_line = Instant::now();
            self.progress_line(&format!("  {}: {figures}", visible(name)));
        }
    }

    fn finish(&mut self, name: &str, rows: u64, sent: u64) {
        let Some(stream) = self.streams.remove(name) else { return };
        if let Some(bar) = &stream.bar {
            bar.finish_and_clear();
            self.bars.remove(bar);
        }
        let took = stream.begun.elapsed();
        let figures = format!("{}, {}, {}", plural(rows, "row", "rows"), bytes(sent), duration(took));
        self.progress_line(&format!("  {}: {figures}", visible(name)));
        for waiting in self.streams.values_mut().filter(|stream| !stream.has_moved) {
            waiting.begun = Instant::now();
        }
    }

    fn clear(&mut self) {
        for bar in self.streams.drain().filter_map(|(_, stream)| stream.bar) {
            bar.finish_and_clear();
            self.bars.remove(&bar);
        }
    }

    fn progress_line(&self, text: &str) {
        if self.progress != Progress::Off {
            self.say(text);
        }
    }

    fn say(&self, text: &str) {
        self.bars.suspend(|| self.ui.say(text));
    }
}

impl Stream {
    /// "30,000 rows, 4 MiB, 120,000/s, 3 s left".
    fn figures(&self, rows: u64, sent: u64) -> String {
        let elapsed = self.begun.elapsed();
        let rate = per_second(rows, elapsed);
        let figures = format!("{} rows, {}, {}/s", count(rows), bytes(sent), count(rate));
        match self.rows_estimate.and_then(|estimate| estimate.checked_sub(rows)) {
            Some(left) if left > 0 && rate > 0 => format!("{figures}, {} left", whole_seconds(left.div_ceil(rate))),
            _ => figures,
        }
    }
}

/// A guess that changes ten times a second has no use for decimals.
fn whole_seconds(seconds: u64) -> String {
    if seconds < 60 { format!("{seconds} s") } else { duration(Duration::from_secs(seconds)) }
}

fn new_bar(name: &str, rows_estimate: Option<u64>) -> ProgressBar {
    let template = if rows_estimate.is_some() { WITH_ESTIMATE } else { WITHOUT_ESTIMATE };
    // A template that does not parse is caught by the test below; the default bar is no worse than none.
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(rows_estimate.unwrap_or(0))
        .with_style(style.progress_chars("━━─"))
        .with_prefix(visible(name))
        .with_finish(ProgressFinish::AndClear)
}

fn log_level(level: Level) -> LogLevel {
    match level {
        Level::Error => LogLevel::Error,
        Level::Warn => LogLevel::Warn,
        Level::Info => LogLevel::Info,
        Level::Debug => LogLevel::Debug,
        Level::Trace => LogLevel::Trace,
    }
}

fn word(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warn => "warning",
        Level::Info => "info",
        Level::Debug => "debug",
        Level::Trace => "trace",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_parse() {
        for template in [WITH_ESTIMATE, WITHOUT_ESTIMATE] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }

    #[test]
    fn time_left_is_said_only_where_the_estimate_allows() {
        let begun = Instant::now().checked_sub(Duration::from_secs(10)).unwrap();
        let stream = |rows_estimate| Stream { begun, has_moved: true, rows_estimate, bar: None, last_line: begun };
        assert!(stream(Some(2_000)).figures(1_000, 0).ends_with("left"));
        assert!(!stream(Some(500)).figures(1_000, 0).contains("left"));
        assert!(!stream(None).figures(1_000, 0).contains("left"));
    }
}
