//! The network between Rapidbyte and its server: a TCP proxy that passes everything on until a rule says otherwise. It can
//! break, hold, slow and change a connection at a statement, at an answer or at a byte, and says that it did.

use crate::link::Link;
use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    ToServer,
    ToClient,
}

/// What a rule waits for.
#[derive(Debug, Clone)]
pub(crate) enum When {
    /// The client sends this statement.
    Is(&'static str),
    /// The client sends a statement that holds both of these.
    Says(&'static str, &'static str),
    /// The server answers a statement with this tag.
    Answers(&'static str),
    /// So many bytes have gone this way since the rules were set.
    Bytes(Way, u64),
}

/// What is done then.
#[derive(Clone)]
pub(crate) enum What {
    /// Both ends get a TCP reset; what is under way is lost.
    Reset,
    /// The server's end is closed in order, and nothing more comes from there; the client may go on sending.
    HalfClose,
    /// Nothing goes through any more, and nobody is told.
    BlackHole,
    /// So many bytes pass one by one.
    Drip(u64),
    /// All that is read from now on waits so long.
    Latency(Duration),
    /// One bit of the next byte is another.
    Flip,
    /// The client is cut off; the server gets the message so much later.
    Zombie(Duration),
    /// The client is told that it has committed; the server gets the message so much later.
    EarlyAnswer(Duration),
    /// Another statement is sent in place of this one.
    Instead(String),
    /// The statement is sent with the one text in place of the other.
    Replaced(&'static str, &'static str),
    /// The statement is run elsewhere, and the server gets none that does anything.
    Aside(Arc<dyn Fn(&str) + Send + Sync>),
    /// This is done while the message waits, once; then another rule may say what becomes of the message.
    Meanwhile(Arc<dyn Fn() + Send + Sync>),
}

/// What is to happen when, from which time on and how often at most.
#[derive(Clone)]
pub(crate) struct Rule {
    pub(crate) when: When,
    pub(crate) what: What,
    pub(crate) skips: u32,
    pub(crate) times: u32,
}

impl Rule {
    pub(crate) fn once(when: When, what: What) -> Self {
        Self::at(0, when, what)
    }

    /// Once, after so many that pass.
    pub(crate) fn at(skips: u32, when: When, what: What) -> Self {
        Self { when, what, skips, times: 1 }
    }

    pub(crate) fn always(when: When, what: What) -> Self {
        Self { when, what, skips: 0, times: u32::MAX }
    }

    /// What it waits for has come: none where it lets this one pass.
    fn turn(&mut self) -> Option<&mut Self> {
        let skips = self.skips > 0;
        self.skips -= u32::from(skips);
        (!skips).then_some(self)
    }
}

/// What all connections of a proxy share.
pub(crate) struct Shared {
    server: SocketAddr,
    rules: Mutex<Vec<Rule>>,
    fired: Mutex<Vec<Instant>>,
    passed: [AtomicU64; 2],
    ended: AtomicBool,
    links: Mutex<Vec<Weak<Link>>>,
}

impl Shared {
    /// The rule that waits for what `is` tells, counted.
    pub(crate) fn due(&self, is: impl Fn(&When) -> bool) -> Option<What> {
        let mut rules = self.rules.lock().unwrap();
        let rule = rules.iter_mut().filter(|rule| rule.times > 0 && is(&rule.when)).find_map(Rule::turn)?;
        rule.times -= 1;
        self.fired.lock().unwrap().push(Instant::now());
        Some(rule.what.clone())
    }

    /// Counts bytes that are about to pass; how many of them pass before a rule is due, and what it says.
    pub(crate) fn pass(&self, way: Way, bytes: u64) -> Option<(u64, What)> {
        let before = self.passed[way as usize].fetch_add(bytes, SeqCst);
        let due = |at: u64| (before..before + bytes).contains(&at);
        let found = std::cell::Cell::new(0);
        let what = self.due(|when| match when {
            When::Bytes(of, at) if *of == way && due(*at) => {
                found.set(at - before);
                true
            }
            _ => false,
        })?;
        Some((found.get(), what))
    }
}

/// A listening proxy; dropping it ends its connections.
pub(crate) struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

impl Proxy {
    pub(crate) fn new(server_port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            server: (Ipv4Addr::LOCALHOST, server_port).into(),
            rules: Mutex::default(),
            fired: Mutex::default(),
            passed: Default::default(),
            ended: AtomicBool::new(false),
            links: Mutex::default(),
        });
        let of_thread = shared.clone();
        thread::spawn(move || accept(&listener, &of_thread));
        Self { port, shared }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Sets the rules, forgets what was counted before, and lets connections that it has swallowed go.
    pub(crate) fn arm(&self, rules: Vec<Rule>) {
        self.cut();
        self.shared.fired.lock().unwrap().clear();
        self.shared.passed.iter().for_each(|passed| passed.store(0, SeqCst));
        *self.shared.rules.lock().unwrap() = rules;
    }

    pub(crate) fn disarm(&self) {
        self.shared.rules.lock().unwrap().clear();
    }

    /// When a rule was last obeyed.
    pub(crate) fn fired(&self) -> Option<Instant> {
        self.shared.fired.lock().unwrap().last().copied()
    }

    pub(crate) fn passed(&self, way: Way) -> u64 {
        self.shared.passed[way as usize].load(SeqCst)
    }

    fn cut(&self) {
        for link in self.shared.links.lock().unwrap().drain(..).filter_map(|link| link.upgrade()) {
            link.reset();
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.ended.store(true, SeqCst);
        self.cut();
        // The listener's thread waits for a connection: here is one.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for client in listener.incoming() {
        if shared.ended.load(SeqCst) {
            return;
        }
        // Where nobody listens the client's connection ends as well.
        let (Ok(client), Ok(server)) = (client, TcpStream::connect(shared.server)) else { continue };
        let link = Link::start(client, server, shared.clone());
        let mut links = shared.links.lock().unwrap();
        links.retain(|link| link.strong_count() > 0);
        links.push(link);
    }
}
