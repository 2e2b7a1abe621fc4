//! A plan's statements before the server's own parser: the client that the guests use finds what is wrong, and goes on.

use crate::{db::url_of_new, prepared::decision};
use anyhow::{Context as _, Result};
use rapidbyte_postgres::{
    client::{Client, Config},
    decision::{Disposition, PreparedWrite, Publication, Strategy},
    prepare,
};
use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::TcpStream,
};

pub(crate) struct Stream(BufReader<TcpStream>);

impl Read for Stream {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into)
    }
}

impl BufRead for Stream {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.0.fill_buf()
    }

    fn consume(&mut self, bytes: usize) {
        self.0.consume(bytes);
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.get_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.get_mut().flush()
    }
}

fn client() -> Result<Client<Stream>> {
    connect(&url_of_new()?)
}

/// A session as a guest has it.
pub(crate) fn connect(url: &str) -> Result<Client<Stream>> {
    let settings = [("url", url.to_owned()), ("sslmode", "disable".to_owned())];
    let config = Config::from_settings(settings.iter().map(|(name, value)| (*name, value.as_str())))?;
    let rapidbyte_postgres::client::Address::Tcp(host, port) = &config.address else { anyhow::bail!("no port") };
    let stream = Stream(BufReader::new(TcpStream::connect((host.as_str(), *port))?));
    Ok(Client::connect(stream, &config, |_| Ok(None))?)
}

fn codes(client: &mut Client<Stream>, statements: &[&str]) -> Result<Vec<String>> {
    let statements: Vec<String> = statements.iter().map(|sql| (*sql).to_owned()).collect();
    let said = client.parse(&statements)?;
    Ok(said.into_iter().map(|error| error.map_or_else(|| "fine".to_owned(), |error| error.code)).collect())
}

#[test]
fn each_statement_is_judged_by_itself_and_none_runs() -> Result<()> {
    let mut client = client()?;
    client.query("CREATE TABLE public.t (id int)")?;
    let statements = [
        "DROP TABLE public.t",
        "CREATE TABLE public.t (id",
        "INSERT INTO public.t (id) VALUES (NULL) ON CONFLICT (id) DO NOTHING",
        "INSERT INTO public.gone (id) VALUES (NULL)",
        "COPY public.t (id) FROM STDIN (FORMAT binary)",
        "ALTER TABLE public.t ADD PRIMARY KEYS (id)",
    ];
    assert_eq!(codes(&mut client, &statements)?, ["fine", "42601", "42P10", "42P01", "fine", "42601"]);
    assert_eq!(client.query("SELECT count(*) FROM public.t")?.rows, [[Some("0".to_owned())]]);
    Ok(())
}

#[test]
fn an_insert_is_parsed_with_a_row_and_its_clause() -> Result<()> {
    let mut client = client()?;
    client.query("CREATE SCHEMA \"out \"\"put\"; CREATE TABLE \"out \"\"put\".t (id int PRIMARY KEY, name text)")?;
    let decision = decision(Disposition::Upsert, Strategy::Upsert, Publication::Direct);
    let prepared = prepare::write(&decision)?;
    let mut whole = |clause: Option<String>| {
        let statements = prepare::whole(&decision, PreparedWrite { conflict_clause: clause, ..prepared.clone() });
        let load = statements.iter().find(|one| one.purpose == "rows enter").context("rows enter")?;
        codes(&mut client, &[&load.sql])
    };
    assert_eq!(whole(prepared.conflict_clause.clone())?, ["fine"]);
    assert_eq!(whole(Some("ON CONFLICT (name) DO NOTHING".to_owned()))?, ["42P10"]);
    assert_eq!(whole(Some("ON CONFLICT".to_owned()))?, ["42601"]);
    Ok(())
}
