//! The one place that writes to the terminal and reads from it. stdout is the result and nothing else; stderr is the
//! conversation: what goes on, questions, errors. It decides nothing.

use crate::{
    arguments::{Arguments, Color, LogLevel},
    commands::Command,
    failure::{ExitCode, Failure, USAGE},
};
use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use rapidbyte_engine::Event;
use std::io::{BufRead, ErrorKind, IsTerminal, Write};

/// Narrower lines than this cannot hold a name and a number; wider ones are hard to read.
const WIDTH_MIN: u16 = 60;
const WIDTH_MAX: u16 = 120;
/// What a terminal has had since the VT100; plans are laid out for it.
const WIDTH_DEFAULT: u16 = 80;

pub(crate) const RED: Style = AnsiColor::Red.on_default().bold();
pub(crate) const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
pub(crate) const GREEN: Style = AnsiColor::Green.on_default().bold();
pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const DIM: Style = Style::new().dimmed();

/// What stderr carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Voice {
    Words,
    /// Questions and errors only.
    Quiet,
    /// One JSON object a line, the error too, for `--events ndjson`.
    Events,
}

/// How to speak with whoever called the program.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ui {
    color: ColorChoice,
    voice: Voice,
    log_level: LogLevel,
    width: u16,
}

impl Ui {
    pub(crate) fn new(arguments: &Arguments) -> Self {
        let color = match arguments.global.color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        };
        let voice = match &arguments.command {
            Command::Apply(apply) if apply.events.is_some() => Voice::Events,
            _ if arguments.global.quiet => Voice::Quiet,
            _ => Voice::Words,
        };
        let width = terminal_size::terminal_size_of(std::io::stdout())
            .map_or(WIDTH_DEFAULT, |(width, _)| width.0.clamp(WIDTH_MIN, WIDTH_MAX));
        Self { color, voice, log_level: arguments.global.log_level, width }
    }

    /// Columns that a line of the result may take.
    pub(crate) fn width(self) -> usize {
        self.width.into()
    }

    /// The least important message to show.
    pub(crate) fn log_level(self) -> LogLevel {
        self.log_level
    }

    /// stderr takes words, not events, and somebody may be watching.
    pub(crate) fn talks(self) -> bool {
        self.voice == Voice::Words
    }

    /// stderr is a terminal on which lines can be drawn again.
    pub(crate) fn is_live(self) -> bool {
        self.talks() && std::io::stderr().is_terminal()
    }

    /// A part of the result; a newline is added where it has none. A reader that has read enough (`| head`) is no failure.
    pub(crate) fn result(self, text: &str) -> Result<(), Failure> {
        let mut stdout = AutoStream::new(std::io::stdout().lock(), self.color);
        match writeln!(stdout, "{}", text.strip_suffix('\n').unwrap_or(text)).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                Err(Failure::new(USAGE, format!("cannot write the result to stdout: {error}")))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// A line of the conversation; a newline is added where it has none.
    pub(crate) fn say(self, text: &str) {
        if self.talks() {
            self.write_err(text);
        }
    }

    /// stderr takes events, one JSON object a line.
    pub(crate) fn speaks_events(self) -> bool {
        self.voice == Voice::Events
    }

    /// One event, where stderr takes them.
    pub(crate) fn event(self, event: &Event) {
        if self.speaks_events() {
            self.write_err(&event.json());
        }
    }

    /// Asks, and returns the line that was typed, without blanks around it; none where stdin is no terminal or ended.
    pub(crate) fn ask(self, question: &str) -> Option<String> {
        if !std::io::stdin().is_terminal() {
            return None;
        }
        {
            // Given back before the answer comes: whoever gives up the question must be able to say so.
            let mut stderr = AutoStream::new(std::io::stderr().lock(), self.color);
            // Where the question cannot be shown the answer is not waited for.
            write!(stderr, "{BOLD}{question}{BOLD:#} ").and_then(|()| stderr.flush()).ok()?;
        }
        let mut answer = String::new();
        let length = std::io::stdin().lock().read_line(&mut answer).ok()?;
        (length > 0).then(|| answer.trim().to_owned())
    }

    /// Says why the command failed, in words or as the last event, and gives its exit code.
    pub(crate) fn fail(self, failure: &Failure) -> std::process::ExitCode {
        match self.voice {
            Voice::Words | Voice::Quiet => self.write_err(&failure.in_words()),
            Voice::Events => self.write_err(&failure.as_event()),
        }
        let code: ExitCode = failure.code();
        code.into()
    }

    fn write_err(self, text: &str) {
        let mut stderr = AutoStream::new(std::io::stderr().lock(), self.color);
        // Nobody is left to tell when stderr is gone.
        let _ = writeln!(stderr, "{}", text.strip_suffix('\n').unwrap_or(text));
    }
}
