//! A slow network before a server: what passes waits until it would have come through. One link for all connections, each way by
//! itself, as of a line that is full duplex.

use anyhow::{Context, Result};
use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

/// What is sent at once: small beside what a link carries in a tenth of a second.
const CHUNK: usize = 16 << 10;

/// A sleep is longer than was asked for: what was lost by that is made good, so far.
const CREDIT: Duration = Duration::from_millis(2);

/// A port before a server's. It is there until the process ends.
pub(super) struct Network {
    pub(super) port: u16,
}

/// When the link is free again.
struct Link {
    free: Mutex<Instant>,
    bits_per_sec: f64,
}

impl Network {
    /// A port whose connections lead to the server's, through a link of so many megabits a second.
    pub(super) fn before(server_port: u16, megabits: u32) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).context("no port for a slow network")?;
        let port = listener.local_addr()?.port();
        let link = || Arc::new(Link { free: Mutex::new(Instant::now()), bits_per_sec: f64::from(megabits) * 1e6 });
        let (up, down) = (link(), link());
        thread::spawn(move || {
            for client in listener.incoming() {
                if let Err(error) = client.and_then(|client| connect(client, server_port, &up, &down)) {
                    eprintln!("the slow network lost a connection: {error}");
                }
            }
        });
        Ok(Self { port })
    }
}

fn connect(client: TcpStream, server_port: u16, up: &Arc<Link>, down: &Arc<Link>) -> io::Result<()> {
    let server = TcpStream::connect(("127.0.0.1", server_port))?;
    for end in [&client, &server] {
        end.set_nodelay(true)?;
    }
    let ways = [(client.try_clone()?, server.try_clone()?, up.clone()), (server, client, down.clone())];
    for (from, to, link) in ways {
        thread::spawn(move || {
            // Whichever end goes away, the other one is told; what it had not read yet is nobody's loss.
            let _ = match carry(&from, &to, &link) {
                Ok(()) => to.shutdown(Shutdown::Write),
                Err(_) => from.shutdown(Shutdown::Both).and(to.shutdown(Shutdown::Both)),
            };
        });
    }
    Ok(())
}

fn carry(mut from: &TcpStream, mut to: &TcpStream, link: &Link) -> io::Result<()> {
    let mut chunk = [0; CHUNK];
    loop {
        let bytes = from.read(&mut chunk)?;
        if bytes == 0 {
            return Ok(());
        }
        thread::sleep(link.takes(bytes, Instant::now()));
        to.write_all(&chunk[..bytes])?;
    }
}

impl Link {
    /// How long it is from now until so many bytes are through, behind all that came before them.
    #[allow(clippy::cast_precision_loss)] // a chunk is small
    fn takes(&self, bytes: usize, now: Instant) -> Duration {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        *free = (*free).max(now.checked_sub(CREDIT).unwrap_or(now))
            + Duration::from_secs_f64(8.0 * bytes as f64 / self.bits_per_sec);
        free.saturating_duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_waits_for_what_came_before() {
        let now = Instant::now();
        let link = Link { free: Mutex::new(now), bits_per_sec: 8e6 };
        let millis = |bytes, after| link.takes(bytes, now + Duration::from_millis(after)).as_millis();
        assert_eq!([millis(10_000, 0), millis(10_000, 0), millis(5_000, 15)], [10, 20, 10]);
        assert_eq!(millis(5_000, 1_000), 3, "what was not used is gone, but for a moment");
    }

    #[test]
    fn it_carries_both_ways_and_the_end() {
        let server = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let network = Network::before(server.local_addr().unwrap().port(), 1_000).unwrap();
        let echo = thread::spawn(move || {
            let (mut end, _) = server.accept().unwrap();
            let mut said = Vec::new();
            end.read_to_end(&mut said).unwrap();
            end.write_all(&said).unwrap();
        });
        let mut client = TcpStream::connect(("127.0.0.1", network.port)).unwrap();
        let words = vec![7; 3 * CHUNK + 1];
        client.write_all(&words).unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        let mut heard = Vec::new();
        client.read_to_end(&mut heard).unwrap();
        echo.join().unwrap();
        assert_eq!(heard, words);
    }
}
