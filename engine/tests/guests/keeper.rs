//! A server that keeps what destinations record of parts, beyond their sessions.

use crate::world::{Case, Heard, apply};
use rapidbyte_engine::{EngineError, Receipt};
use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

/// What becomes of the record of part 1 when it comes for the first time.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Fate {
    /// The connection breaks without an answer, and it is recorded.
    Recorded,
    /// It breaks, and it is not.
    Lost,
    /// It is recorded as the others are.
    Usual,
}

/// Keeps what is recorded of parts, for whoever asks. It speaks as connectors/testing/src/parts.rs says.
struct Keeper {
    fate: Fate,
    /// Another load is the end of this one.
    forgets: bool,
    broke: bool,
    load: String,
    kept: String,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Keeper {
    fn serve(mut self, listener: &TcpListener) {
        for stream in listener.incoming() {
            let mut stream: TcpStream = stream.unwrap();
            let mut line = String::new();
            BufReader::new(&stream).read_line(&mut line).unwrap();
            self.heard.lock().unwrap().push(line.trim_end().to_owned());
            if let Some(answer) = self.answer(&line) {
                stream.write_all(answer.as_bytes()).unwrap();
            }
        }
    }

    /// None: the connection breaks.
    fn answer(&mut self, line: &str) -> Option<String> {
        if let Some(load) = line.strip_prefix("load ") {
            if self.forgets && load != self.load {
                self.kept.clear();
            }
            load.clone_into(&mut self.load);
            return Some(format!("ok\n{}", self.kept));
        }
        let breaks = self.fate != Fate::Usual && line.contains(" 1 3 ") && !self.broke;
        self.broke |= breaks;
        if !breaks || self.fate == Fate::Recorded {
            self.kept.push_str(line);
        }
        (!breaks).then(|| "ok\n".to_owned())
    }
}

/// The case with such a server, and what was said to it: records, and the names of loads numbered.
pub(crate) async fn apply_kept(
    case: &Case,
    fate: Fate,
    forgets: bool,
) -> (Result<Receipt, EngineError>, Heard, Vec<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("host = \"127.0.0.1\"\nport = {}", listener.local_addr().unwrap().port());
    let said = Arc::<Mutex<Vec<String>>>::default();
    let keeper = Keeper { fate, forgets, broke: false, load: String::new(), kept: String::new(), heard: said.clone() };
    std::thread::spawn(move || keeper.serve(&listener));
    let case = Case {
        destination: format!("{}\n{endpoint}", case.destination),
        limits: format!("{}\nretries = 1", case.limits),
        ..case.clone()
    };
    let (outcome, heard) = apply(&case).await;
    let said = said.lock().unwrap().clone();
    (outcome, heard, numbered(said))
}

fn numbered(said: Vec<String>) -> Vec<String> {
    let mut names = Vec::new();
    let number = |line: String| {
        let Some(name) = line.strip_prefix("load ") else { return line };
        let at = names.iter().position(|known| known == name).unwrap_or(names.len());
        if at == names.len() {
            names.push(name.to_owned());
        }
        format!("load {at}")
    };
    said.into_iter().map(number).collect()
}
