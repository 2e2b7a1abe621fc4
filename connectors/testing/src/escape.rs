//! Reaches for what a guest must not have, by the standard library as any crate would.

use std::{env, fs, net, time};

/// Tries; what comes of it is thrown away, for the attempt alone must end the guest.
pub(crate) fn attempt(what: &str) {
    match what {
        "read-file" => drop(fs::read("/etc/passwd")),
        "read-relative" => drop(fs::read("../../etc/passwd")),
        "read-proc" => drop(fs::read("/proc/self/environ")),
        "read-folder" => drop(fs::read_dir("/")),
        "write-file" => drop(fs::write("/tmp/rapidbyte-was-here", "x")),
        "env" => drop(env::var("PATH")),
        "env-all" => drop(env::vars().collect::<Vec<_>>()),
        "args" => drop(env::args().collect::<Vec<_>>()),
        "wall-clock" => drop(time::SystemTime::now()),
        "monotonic-clock" => drop(time::Instant::now()),
        "sleep" => std::thread::sleep(time::Duration::from_hours(1)),
        "tcp" => drop(net::TcpStream::connect("127.0.0.1:1")),
        "listen" => drop(net::TcpListener::bind("127.0.0.1:0")),
        "udp" => drop(net::UdpSocket::bind("127.0.0.1:0")),
        "resolve" => drop(net::ToSocketAddrs::to_socket_addrs("localhost:1")),
        "stdin" => drop(std::io::stdin().read_line(&mut String::new())),
        "stdout" => drop(std::io::Write::write(&mut std::io::stdout(), b"x\n")),
        "exit" => std::process::exit(0),
        _ => {}
    }
}
