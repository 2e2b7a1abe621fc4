//! A TCP stream that is read when much has come, as long as much comes. A server sends some 8 KiB at a time, and to be woken for each
//! of them costs both sides more than the bytes do. It knows no protocol: what comes in small is read at once.

use std::{
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep},
};

/// So much has come since anything was sent before the next is waited for: a large answer, of which more will follow.
const LARGE_BYTES: usize = 256 << 10;
/// Then so much is read at once: what a server on this machine sends in half a millisecond.
const ENOUGH_BYTES: usize = 128 << 10;
/// And it is not waited for longer: what is there then is read, and the next is read at once again.
const MOMENT: Duration = Duration::from_millis(1);

#[cfg(target_os = "linux")]
use nix::{libc, setsockopt_impl, sockopt_impl};

#[cfg(target_os = "linux")]
sockopt_impl!(
    /// Nobody is woken for less.
    LeastRead,
    SetOnly,
    libc::SOL_SOCKET,
    libc::SO_RCVLOWAT,
    usize
);

pub(super) struct Gathering {
    stream: TcpStream,
    /// Since anything was sent, or was waited for in vain.
    came_bytes: usize,
    /// Less does not wake us.
    least: usize,
    /// Until when it is waited for.
    moment: Option<Pin<Box<Sleep>>>,
    waits: bool,
    /// The system lets us.
    gathers: bool,
}

impl Gathering {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, came_bytes: 0, least: 1, moment: None, waits: false, gathers: cfg!(target_os = "linux") }
    }

    /// Whoever waits for less is woken at once where so much is there (manual page socket(7), "SO_RCVLOWAT").
    fn wake_from(&mut self, least: usize) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        if self.least != least {
            let set = nix::sys::socket::setsockopt(&self.stream, LeastRead, &least);
            if least > self.least && set.is_err() {
                // It saves work, and nothing depends on it.
                self.gathers = false;
                return Ok(());
            }
            set?;
            self.least = least;
        }
        Ok(())
    }

    fn reads_at_once(&mut self) -> io::Result<()> {
        (self.came_bytes, self.waits) = (0, false);
        self.wake_from(1)
    }

    /// Waits for more, a moment.
    fn poll_moment(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.waits {
            self.wake_from(ENOUGH_BYTES)?;
            let end = Instant::now() + MOMENT;
            self.moment.get_or_insert_with(|| Box::pin(sleep(MOMENT))).as_mut().reset(end);
            self.waits = true;
        }
        if let Some(moment) = &mut self.moment {
            ready!(moment.as_mut().poll(context));
        }
        Poll::Ready(self.reads_at_once())
    }
}

impl AsyncRead for Gathering {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, room: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            let before = room.filled().len();
            if let Poll::Ready(read) = Pin::new(&mut this.stream).poll_read(context, room) {
                this.came_bytes += room.filled().len() - before;
                this.waits = false;
                return Poll::Ready(read);
            }
            if !this.gathers || this.came_bytes < LARGE_BYTES {
                return Poll::Pending;
            }
            ready!(this.poll_moment(context))?;
        }
    }
}

impl AsyncWrite for Gathering {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.reads_at_once()?;
        Pin::new(&mut this.stream).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    /// Answers each byte with a large answer in pieces, and its end somewhat later; and at last with one that is cut off.
    async fn server(listener: TcpListener, answers: usize) {
        let (mut end, _) = listener.accept().await.unwrap();
        for _ in 0..answers {
            end.read_u8().await.unwrap();
            for piece in 0..LARGE_BYTES * 4 / PIECE_BYTES {
                end.write_all(&[u8::try_from(piece % 251).unwrap(); PIECE_BYTES]).await.unwrap();
            }
            sleep(MOMENT * 3).await;
            end.write_all(b"end").await.unwrap();
        }
    }

    const PIECE_BYTES: usize = 8 << 10;

    fn answer() -> Vec<u8> {
        let pieces =
            (0..LARGE_BYTES * 4 / PIECE_BYTES).flat_map(|piece| [u8::try_from(piece % 251).unwrap(); PIECE_BYTES]);
        pieces.chain(*b"end").collect()
    }

    /// What comes late and is small comes, also behind an answer that was large, and also where nothing comes after it.
    #[tokio::test]
    async fn large_answers_arrive_to_their_last_byte() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let server = tokio::spawn(server(listener, 3));
        let (mut stream, wanted) = (Gathering::new(stream), answer());
        for _ in 0..3 {
            stream.write_u8(0).await.unwrap();
            let mut came = vec![0; wanted.len()];
            stream.read_exact(&mut came).await.unwrap();
            assert!(came == wanted);
        }
        server.await.unwrap();
        assert_eq!(stream.read(&mut [0]).await.unwrap(), 0, "the server has gone");
    }

    /// Whoever asks again is answered at once, and what is less than enough is read after a moment, not before.
    #[tokio::test]
    async fn it_waits_for_more_behind_a_large_answer_alone() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut peer, _) = listener.accept().await.unwrap();
        let (mut stream, mut some) = (Gathering::new(stream), [0; PIECE_BYTES]);
        peer.write_all(b"small").await.unwrap();
        assert_eq!(stream.read(&mut some).await.unwrap(), 5);
        assert_eq!((stream.least, stream.waits), (1, false));
        peer.write_all(&vec![7; LARGE_BYTES]).await.unwrap();
        stream.read_exact(&mut vec![0; LARGE_BYTES]).await.unwrap();
        let late = async {
            sleep(MOMENT / 4).await;
            peer.write_all(b"late").await.unwrap();
        };
        let began = Instant::now();
        let (read, ()) = tokio::join!(stream.read(&mut some), late);
        assert_eq!(read.unwrap(), 4);
        assert!(!cfg!(target_os = "linux") || began.elapsed() >= MOMENT, "it was woken for four bytes");
        assert_eq!((stream.least, stream.came_bytes), (1, 4));
    }
}
