//! From an open byte stream to a connection that is logged in: TLS, authentication, cancellation key
//! (PostgreSQL manual, "Message Flow: Start-up", "SASL Authentication").

use super::{
    Client,
    config::{Config, SslMode},
    error::Fault,
    inbox::Inbox,
};
use bytes::BytesMut;
use fallible_iterator::FallibleIterator;
use postgres_protocol::{
    authentication::{
        md5_hash,
        sasl::{ChannelBinding, SCRAM_SHA_256, SCRAM_SHA_256_PLUS, ScramSha256},
    },
    message::{
        backend::{AuthenticationSaslBody, Message},
        frontend,
    },
};
use std::io::{BufRead, Write};

/// How far the stream is protected by now.
enum Protection {
    Plain,
    /// With the data of tls-server-end-point, where the certificate has any.
    Tls(Option<Vec<u8>>),
}

pub(super) fn login<S: BufRead + Write>(
    mut stream: S,
    config: &Config,
    upgrade: impl FnOnce(&mut S) -> std::io::Result<Option<Vec<u8>>>,
) -> Result<Client<S>, Fault> {
    let protection = protect(&mut stream, config.sslmode, upgrade)?;
    let mut inbox = Inbox::new(stream);
    let mut out = BytesMut::new();
    let parameters = [
        ("user", config.user.as_str()),
        ("database", &config.database),
        ("client_encoding", "UTF8"),
        ("application_name", "rapidbyte"),
    ];
    frontend::startup_message(parameters, &mut out)?;
    inbox.send(&out)?;
    authenticate(&mut inbox, config, protection)?;
    let cancel = finish(&mut inbox)?;
    Ok(Client { inbox, cancel })
}

fn protect<S: BufRead + Write>(
    stream: &mut S,
    mode: SslMode,
    upgrade: impl FnOnce(&mut S) -> std::io::Result<Option<Vec<u8>>>,
) -> Result<Protection, Fault> {
    if mode == SslMode::Disable {
        return Ok(Protection::Plain);
    }
    let mut out = BytesMut::new();
    frontend::ssl_request(&mut out);
    stream.write_all(&out)?;
    stream.flush()?;
    let answer = *stream.fill_buf()?.first().ok_or(Fault::Protocol("no answer to the request for TLS"))?;
    stream.consume(1);
    match answer {
        // Bytes behind the answer would have come before TLS: someone in the middle put them there (CVE-2021-23222).
        b'S' => Ok(Protection::Tls(upgrade(stream)?)),
        b'N' if mode == SslMode::Prefer => Ok(Protection::Plain),
        b'N' => Err(Fault::Tls("the server does not offer TLS, which sslmode demands")),
        _ => Err(Fault::Protocol("the answer to the request for TLS is neither yes nor no")),
    }
}

fn authenticate<S: BufRead + Write>(
    inbox: &mut Inbox<S>,
    config: &Config,
    protection: Protection,
) -> Result<(), Fault> {
    let password = || {
        let bytes = config.password.as_ref().map(String::as_bytes);
        bytes.ok_or(Fault::Login("the server asks for a password and none is given"))
    };
    let mut out = BytesMut::new();
    match inbox.reply()? {
        Message::AuthenticationOk => return Ok(()),
        Message::AuthenticationCleartextPassword => match protection {
            Protection::Tls(_) => frontend::password_message(password()?, &mut out)?,
            Protection::Plain => {
                return Err(Fault::Login("the server asks for the password in clear text, without TLS"));
            }
        },
        Message::AuthenticationMd5Password(body) => {
            let hash = md5_hash(config.user.as_bytes(), password()?, body.salt());
            frontend::password_message(hash.as_bytes(), &mut out)?;
        }
        Message::AuthenticationSasl(body) => return scram(inbox, &body, password()?, protection),
        _ => {
            return Err(Fault::Login(
                "the server asks for a method of authentication that is not supported; use SCRAM-SHA-256",
            ));
        }
    }
    inbox.send(&out)?;
    accepted(inbox)
}

fn scram<S: BufRead + Write>(
    inbox: &mut Inbox<S>,
    body: &AuthenticationSaslBody,
    password: &[u8],
    protection: Protection,
) -> Result<(), Fault> {
    let (mut plus, mut plain) = (false, false);
    let mut mechanisms = body.mechanisms();
    while let Some(mechanism) = mechanisms.next()? {
        plus |= mechanism == SCRAM_SHA_256_PLUS;
        plain |= mechanism == SCRAM_SHA_256;
    }
    let (mechanism, binding) = match protection {
        Protection::Tls(Some(end_point)) if plus => {
            (SCRAM_SHA_256_PLUS, ChannelBinding::tls_server_end_point(end_point))
        }
        Protection::Tls(Some(_)) if plain => (SCRAM_SHA_256, ChannelBinding::unrequested()),
        _ if plain => (SCRAM_SHA_256, ChannelBinding::unsupported()),
        _ => return Err(Fault::Login("the server offers no SASL mechanism that is supported; use SCRAM-SHA-256")),
    };
    let mut scram = ScramSha256::new(password, binding);
    let mut out = BytesMut::new();
    frontend::sasl_initial_response(mechanism, scram.message(), &mut out)?;
    inbox.send(&out)?;
    let Message::AuthenticationSaslContinue(challenge) = inbox.reply()? else { return Err(out_of_turn()) };
    scram.update(challenge.data()).map_err(|_| not_proven())?;
    out.clear();
    frontend::sasl_response(scram.message(), &mut out)?;
    inbox.send(&out)?;
    let Message::AuthenticationSaslFinal(proof) = inbox.reply()? else { return Err(out_of_turn()) };
    scram.finish(proof.data()).map_err(|_| not_proven())?;
    accepted(inbox)
}

fn accepted<S: BufRead + Write>(inbox: &mut Inbox<S>) -> Result<(), Fault> {
    match inbox.reply()? {
        Message::AuthenticationOk => Ok(()),
        _ => Err(out_of_turn()),
    }
}

/// Reads on to ReadyForQuery and returns the CancelRequest of this connection.
fn finish<S: BufRead + Write>(inbox: &mut Inbox<S>) -> Result<[u8; 16], Fault> {
    let mut cancel = BytesMut::new();
    loop {
        match inbox.reply()? {
            Message::BackendKeyData(key) => frontend::cancel_request(key.process_id(), key.secret_key(), &mut cancel),
            Message::ReadyForQuery(_) => break,
            _ => return Err(out_of_turn()),
        }
    }
    cancel.as_ref().try_into().map_err(|_| Fault::Protocol("the server gave no key for cancelling"))
}

fn out_of_turn() -> Fault {
    Fault::Protocol("a message comes out of turn while logging in")
}

fn not_proven() -> Fault {
    Fault::Login("the server could not prove that it knows the password")
}
