//! One connection through the proxy: two threads, one for each way, and the rules obeyed in between.

use crate::{
    proxy::{Shared, Way, What, When},
    wire::{self, Opening},
};
use socket2::SockRef;
use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream},
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

/// Messages are not parsed: TLS, a cancel request.
const OPAQUE: u8 = 0;
/// The client's first message is to come.
const STARTUP: u8 = 1;
/// The server's one byte about TLS is to come.
const ASKED: u8 = 2;
/// Messages with a type.
const TYPED: u8 = 3;

/// Both sockets of a connection. They close when both threads have ended.
pub(crate) struct Link {
    client: TcpStream,
    server: TcpStream,
    shared: Arc<Shared>,
    state: AtomicU8,
    over: AtomicBool,
    /// Nothing passes any more.
    swallows: AtomicBool,
    /// What the server says is for nobody.
    orphaned: AtomicBool,
    latency_micros: AtomicU64,
}

/// Whether a thread goes on.
#[derive(PartialEq, Eq)]
enum Flow {
    On,
    Over,
}

impl Link {
    pub(crate) fn start(client: TcpStream, server: TcpStream, shared: Arc<Shared>) -> Weak<Self> {
        for socket in [&client, &server] {
            socket.set_nodelay(true).unwrap();
        }
        let link = Arc::new(Self {
            client,
            server,
            shared,
            state: AtomicU8::new(STARTUP),
            over: AtomicBool::new(false),
            swallows: AtomicBool::new(false),
            orphaned: AtomicBool::new(false),
            latency_micros: AtomicU64::new(0),
        });
        for way in [Way::ToServer, Way::ToClient] {
            let link = link.clone();
            thread::spawn(move || link.run(way));
        }
        Arc::downgrade(&link)
    }

    /// Both ends get a reset as soon as both threads have let go.
    pub(crate) fn reset(&self) {
        self.over.store(true, SeqCst);
        for socket in [&self.client, &self.server] {
            // It fails where the peer is gone: that is an end as well.
            let _ = SockRef::from(socket).set_linger(Some(Duration::ZERO));
            let _ = socket.shutdown(Shutdown::Read);
        }
    }

    fn ends(&self, way: Way) -> (&TcpStream, &TcpStream) {
        match way {
            Way::ToServer => (&self.client, &self.server),
            Way::ToClient => (&self.server, &self.client),
        }
    }

    fn run(&self, way: Way) {
        let (mut from, to) = self.ends(way);
        let (mut chunk, mut kept) = (vec![0; 64 * 1024], Vec::new());
        loop {
            let read = from.read(&mut chunk).unwrap_or(0);
            if self.over.load(SeqCst) {
                return;
            }
            if read == 0 {
                let _ = to.shutdown(Shutdown::Write);
                return;
            }
            thread::sleep(Duration::from_micros(self.latency_micros.load(SeqCst)));
            kept.extend_from_slice(&chunk[..read]);
            if self.messages(way, &mut kept) == Flow::Over {
                return;
            }
        }
    }

    /// Passes on what is complete.
    fn messages(&self, way: Way, kept: &mut Vec<u8>) -> Flow {
        while !kept.is_empty() {
            let length = match (self.state.load(SeqCst), way) {
                (STARTUP, Way::ToServer) => wire::opening(kept).map(|(length, opening)| {
                    let next = [(Opening::Tls, ASKED), (Opening::Cancel, OPAQUE), (Opening::Startup, TYPED)];
                    self.state.store(next.iter().find(|(kind, _)| *kind == opening).unwrap().1, SeqCst);
                    length
                }),
                (ASKED, Way::ToClient) => {
                    self.state.store(if kept[0] == b'S' { OPAQUE } else { STARTUP }, SeqCst);
                    Some(1)
                }
                (TYPED, _) => wire::typed(kept),
                _ => Some(kept.len()),
            };
            let Some(length) = length else { return Flow::On };
            let message: Vec<u8> = kept.drain(..length).collect();
            if self.message(way, &message) == Flow::Over {
                return Flow::Over;
            }
        }
        Flow::On
    }

    fn message(&self, way: Way, message: &[u8]) -> Flow {
        let typed = self.state.load(SeqCst) == TYPED;
        let sql = if typed && way == Way::ToServer { wire::statement(message) } else { None };
        let tag = if typed && way == Way::ToClient { wire::tag(message) } else { None };
        let due = self.shared.due(|when| match when {
            When::Is(wanted) => sql.as_deref() == Some(*wanted),
            When::Says(one, other) => sql.as_ref().is_some_and(|sql| sql.contains(one) && sql.contains(other)),
            When::Answers(wanted) => tag.as_deref() == Some(*wanted),
            When::Bytes(..) => false,
        });
        match due {
            Some(what) => self.obey(way, what, message),
            None => self.bytes(way, message),
        }
    }

    /// What a rule says of a message; `rest` is what would have been passed.
    fn obey(&self, way: Way, what: What, rest: &[u8]) -> Flow {
        match what {
            What::Reset => {
                self.reset();
                return Flow::Over;
            }
            What::HalfClose => {
                let _ = self.client.shutdown(Shutdown::Write);
                self.orphaned.store(true, SeqCst);
            }
            What::BlackHole => self.swallows.store(true, SeqCst),
            What::Drip(bytes) => return self.drip(way, bytes, rest),
            What::Latency(latency) => {
                self.latency_micros.store(u64::try_from(latency.as_micros()).unwrap(), SeqCst);
            }
            What::Flip => {
                let mut changed = rest.to_vec();
                changed.iter_mut().take(1).for_each(|byte| *byte ^= 4);
                return self.write(way, &changed);
            }
            What::Zombie(later) => {
                self.orphaned.store(true, SeqCst);
                let _ = self.client.shutdown(Shutdown::Both);
                return self.later(later, rest);
            }
            What::EarlyAnswer(later) => {
                self.orphaned.store(true, SeqCst);
                let _ = (&self.client).write_all(&wire::committed());
                return self.later(later, rest);
            }
            What::Aside(run) => {
                run(&wire::statement(rest).unwrap_or_default());
                return self.bytes(way, &wire::query("SELECT 1"));
            }
            What::Replaced(one, other) => {
                let sql = wire::statement(rest).unwrap_or_default().replace(one, other);
                return self.bytes(way, &wire::query(&sql));
            }
            What::Instead(sql) => return self.bytes(way, &wire::query(&sql)),
            What::Meanwhile(act) => {
                act();
                // It took its turn: the next rule that waits for this message has its own.
                return self.message(way, rest);
            }
        }
        self.bytes(way, rest)
    }

    /// The server gets the message when nobody listens any more, and time to obey it.
    fn later(&self, later: Duration, message: &[u8]) -> Flow {
        thread::sleep(later);
        let _ = (&self.server).write_all(message);
        thread::sleep(Duration::from_millis(300));
        self.reset();
        Flow::Over
    }

    fn drip(&self, way: Way, mut left: u64, rest: &[u8]) -> Flow {
        for (at, byte) in rest.iter().enumerate() {
            if left == 0 {
                return self.write(way, &rest[at..]);
            }
            left -= 1;
            if self.write(way, std::slice::from_ref(byte)) == Flow::Over {
                return Flow::Over;
            }
            thread::sleep(Duration::from_micros(200));
        }
        Flow::On
    }

    /// Passes bytes on, up to a rule that counts them.
    fn bytes(&self, way: Way, bytes: &[u8]) -> Flow {
        let Some((before, what)) = self.shared.pass(way, bytes.len() as u64) else { return self.write(way, bytes) };
        let (first, rest) = bytes.split_at(usize::try_from(before).unwrap());
        if self.write(way, first) == Flow::Over {
            return Flow::Over;
        }
        match what {
            What::Reset | What::Flip | What::Drip(_) => self.obey(way, what, rest),
            what => match self.obey(way, what, &[]) {
                Flow::On => self.write(way, rest),
                Flow::Over => Flow::Over,
            },
        }
    }

    fn write(&self, way: Way, bytes: &[u8]) -> Flow {
        let to_nobody = way == Way::ToClient && self.orphaned.load(SeqCst);
        if self.swallows.load(SeqCst) || to_nobody {
            return Flow::On;
        }
        let mut to = self.ends(way).1;
        if to.write_all(bytes).is_ok() {
            return Flow::On;
        }
        self.reset();
        Flow::Over
    }
}
