//! Byte streams to granted endpoints: TCP or a Unix socket, TLS on top, coalesced reads, and what is sent when a stream is
//! dropped. It knows no protocol.

use super::{connect_error, endpoint_hash, gathering::Gathering, tls};
use crate::{
    ConnectorError,
    grants::{Address, Grant},
    limits::{ABORT, CONNECT, ON_ABORT_BYTES_MAX, PLAIN_BYTES_MAX, READ_BYTES_MAX},
};
use bytes::BufMut;
use socket2::{SockRef, TcpKeepalive};
use std::{
    future::poll_fn,
    io,
    net::SocketAddr,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    task::Poll,
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, UnixStream, lookup_host},
    task::JoinSet,
    time::timeout,
};

trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// A peer that is gone without a word is noticed after 30 s + 3 × 10 s.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEPALIVE_RETRIES: u32 = 3;
/// The same for what was sent and never acknowledged: keepalive is silent while data is on its way.
#[cfg(target_os = "linux")]
const UNACKNOWLEDGED: Duration = Duration::from_mins(1);

/// What connections left to be sent when they were dropped; whoever ends a run waits for it, a moment.
#[derive(Clone, Default)]
pub(crate) struct Aborts {
    tasks: Arc<Mutex<Sending>>,
}

/// Sends on where nobody waits: the runtime carries it.
#[derive(Default)]
struct Sending(JoinSet<()>);

impl Drop for Sending {
    fn drop(&mut self) {
        self.0.detach_all();
    }
}

impl Aborts {
    fn begin(&self, ended: Ended) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        // A guest that is dropped outside of any runtime has nobody left to send for it.
        if tokio::runtime::Handle::try_current().is_ok() {
            tasks.0.spawn(async move {
                // The peer may be what failed: nobody waits for it longer, and nobody is told.
                let _ = timeout(ABORT, ended.send()).await;
            });
        }
    }

    /// Waits until everything has been sent or given up; bounded by [`ABORT`].
    pub(crate) async fn settle(&self) {
        let mut tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        while tasks.0.join_next().await.is_some() {}
    }
}

/// A connection that a guest holds.
#[allow(unreachable_pub)] // the generated bindings name it in a `pub use`
pub struct Connection {
    grant: Grant,
    /// None only while TLS is being started, and after that failed.
    stream: Option<Box<dyn Duplex>>,
    encrypted: bool,
    /// What was said before TLS, so that an abort can ask for TLS in the same way.
    plain_sent: Vec<u8>,
    plain_received: usize,
    on_abort: Vec<u8>,
    aborts: Aborts,
    /// An error that came behind bytes which had to be handed over first.
    late_error: Option<io::Error>,
}

impl Connection {
    /// Connects to what was granted.
    pub(super) async fn open(grant: Grant, aborts: Aborts) -> Result<Self, ConnectorError> {
        let stream = connect(&grant.address).await?;
        Ok(Self {
            grant,
            stream: Some(stream),
            encrypted: false,
            plain_sent: Vec::new(),
            plain_received: 0,
            on_abort: Vec::new(),
            aborts,
            late_error: None,
        })
    }

    fn stream(&mut self) -> Result<&mut Box<dyn Duplex>, ConnectorError> {
        let address = &self.grant.address;
        self.stream.as_mut().ok_or_else(|| connect_error::broken(address, &io::ErrorKind::NotConnected.into()))
    }

    /// See the contract's `start-tls`.
    pub(super) async fn start_tls(&mut self) -> Result<Option<Vec<u8>>, ConnectorError> {
        if self.encrypted || self.grant.tls == crate::grants::TlsMode::Disable {
            return Err(connect_error::tls_not_granted(&self.grant.address));
        }
        self.stream()?;
        let plain = self.stream.take();
        let Some(plain) = plain else { return Ok(None) };
        let (stream, binding) = handshake(&self.grant, plain).await?;
        self.stream = Some(stream);
        self.encrypted = true;
        Ok(binding)
    }

    /// At least one byte, and what else is there already, at most `max`; empty: the end.
    pub(super) async fn read(&mut self, max: u32) -> Result<Vec<u8>, ConnectorError> {
        let max = usize::try_from(max).unwrap_or(usize::MAX).clamp(1, READ_BYTES_MAX);
        let late = self.late_error.take();
        let read = match late {
            Some(error) => Err(error),
            None => coalesce(self.stream()?, max).await,
        };
        let (bytes, late) = read.map_err(|error| connect_error::broken(&self.grant.address, &error))?;
        self.late_error = late;
        if !self.encrypted {
            self.plain_received = self.plain_received.saturating_add(bytes.len());
        }
        Ok(bytes)
    }

    /// All of the bytes.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), ConnectorError> {
        if !self.encrypted {
            self.count_plain(bytes)?;
        }
        let stream = self.stream()?;
        let written = match stream.write_all(bytes).await {
            Ok(()) => stream.flush().await,
            Err(error) => Err(error),
        };
        written.map_err(|error| connect_error::broken(&self.grant.address, &error))
    }

    /// Nothing but the request for TLS goes out unprotected where the grant demands TLS.
    fn count_plain(&mut self, bytes: &[u8]) -> Result<(), ConnectorError> {
        let room = PLAIN_BYTES_MAX.saturating_sub(self.plain_sent.len());
        if self.grant.tls.is_demanded() && bytes.len() > room {
            let message = "the grant demands TLS: nothing else is sent before it";
            return Err(connect_error::not_allowed(&self.grant.address, message));
        }
        self.plain_sent.extend_from_slice(&bytes[..bytes.len().min(room)]);
        Ok(())
    }

    /// See the contract's `on-abort`.
    pub(super) fn on_abort(&mut self, mut bytes: Vec<u8>) {
        bytes.truncate(ON_ABORT_BYTES_MAX);
        self.on_abort = bytes;
    }

    /// The orderly end: dropping it says nothing more.
    pub(super) fn close(&mut self) {
        self.on_abort.clear();
        self.stream = None;
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if self.on_abort.is_empty() {
            return;
        }
        self.aborts.begin(Ended {
            grant: self.grant.clone(),
            bytes: std::mem::take(&mut self.on_abort),
            request: self.encrypted.then(|| (std::mem::take(&mut self.plain_sent), self.plain_received)),
        });
    }
}

/// A connection that ended without `close`.
struct Ended {
    grant: Grant,
    bytes: Vec<u8>,
    /// How TLS was asked for, and how many bytes the answer had; none: the connection was plain.
    request: Option<(Vec<u8>, usize)>,
}

impl Ended {
    async fn send(self) -> Result<(), ConnectorError> {
        let failed = |error: io::Error| connect_error::broken(&self.grant.address, &error);
        let mut stream = connect(&self.grant.address).await?;
        if let Some((request, answer_bytes)) = &self.request {
            stream.write_all(request).await.map_err(failed)?;
            let mut answer = vec![0; *answer_bytes];
            stream.read_exact(&mut answer).await.map_err(failed)?;
            stream = handshake(&self.grant, stream).await?.0;
        }
        stream.write_all(&self.bytes).await.map_err(failed)?;
        stream.shutdown().await.map_err(failed)
    }
}

async fn handshake(
    grant: &Grant,
    plain: Box<dyn Duplex>,
) -> Result<(Box<dyn Duplex>, Option<Vec<u8>>), ConnectorError> {
    let (client, name) = tls::client(grant).await?;
    let stream =
        client.connect(name, plain).await.map_err(|error| connect_error::starting_tls(&grant.address, &error))?;
    let shown = stream.get_ref().1.peer_certificates();
    let binding = shown.and_then(<[_]>::first).and_then(|certificate| endpoint_hash::of(certificate));
    Ok((Box::new(stream), binding))
}

async fn connect(address: &Address) -> Result<Box<dyn Duplex>, ConnectorError> {
    match address {
        Address::Unix(path) => {
            let opened = timeout(CONNECT, UnixStream::connect(path)).await;
            let stream = opened.map_err(|_| connect_error::timed_out(address, CONNECT.as_secs()))?;
            Ok(Box::new(stream.map_err(|error| connect_error::connecting(address, &error))?))
        }
        Address::Tcp(host, port) => {
            let found = timeout(CONNECT, lookup_host((host.as_str(), *port))).await;
            let found = found.map_err(|_| connect_error::timed_out(address, CONNECT.as_secs()))?;
            let found = found.map_err(|_| connect_error::no_such_host(address))?;
            first_that_answers(address, found).await
        }
    }
}

/// A name can have several addresses, of which some lead nowhere: each is tried in its turn.
async fn first_that_answers(
    address: &Address,
    found: impl Iterator<Item = SocketAddr>,
) -> Result<Box<dyn Duplex>, ConnectorError> {
    let mut failure = connect_error::no_such_host(address);
    for peer in found {
        match timeout(CONNECT, TcpStream::connect(peer)).await {
            Ok(Ok(stream)) => {
                tune(&stream).map_err(|error| connect_error::connecting(address, &error))?;
                return Ok(Box::new(Gathering::new(stream)));
            }
            Ok(Err(error)) => failure = connect_error::connecting(address, &error),
            Err(_) => failure = connect_error::timed_out(address, CONNECT.as_secs()),
        }
    }
    Err(failure)
}

/// Small messages go out at once, and a dead peer is noticed.
fn tune(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE_IDLE).with_interval(KEEPALIVE_INTERVAL);
    socket.set_tcp_keepalive(&keepalive.with_retries(KEEPALIVE_RETRIES))?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED))?;
    Ok(())
}

/// Waits for the first bytes, then takes what is there without waiting: a server flushes some 8 KiB at a time, and a call
/// of a guest for each of them would cost more than the bytes. An error behind bytes is returned beside them.
async fn coalesce(stream: &mut Box<dyn Duplex>, max: usize) -> io::Result<(Vec<u8>, Option<io::Error>)> {
    let mut bytes = Vec::with_capacity(max);
    let late = poll_fn(|context| {
        while bytes.len() < max {
            let before = bytes.len();
            let mut room = (&mut bytes).limit(max - before);
            let polled = pin!(stream.read_buf(&mut room)).poll(context);
            match polled {
                Poll::Ready(Ok(0)) => return Poll::Ready(Ok(None)),
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) if before == 0 => return Poll::Ready(Err(error)),
                Poll::Ready(Err(error)) => return Poll::Ready(Ok(Some(error))),
                Poll::Pending if before == 0 => return Poll::Pending,
                Poll::Pending => return Poll::Ready(Ok(None)),
            }
        }
        Poll::Ready(Ok(None))
    })
    .await?;
    Ok((bytes, late))
}

#[cfg(test)]
#[path = "connection_tests.rs"]
mod tests;
