//! One throw-away server for all tests of this binary, and a session on one database of it. What SQL is sent is the
//! tests' business.

use anyhow::{Context as _, Result, anyhow};
use futures_util::{SinkExt as _, StreamExt as _};
use rapidbyte_postgres::{session, types::catalog::TextRow};
use rapidbyte_throwaway::{Options, Server, ThrowawayError};
use std::sync::{
    OnceLock,
    atomic::{AtomicU32, Ordering},
};
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

/// The server lives as long as the process; its guardian ends it then.
fn server() -> Result<&'static Server> {
    static SERVER: OnceLock<Result<Server, ThrowawayError>> = OnceLock::new();
    SERVER.get_or_init(|| Server::start(&Options::default())).as_ref().map_err(|error| anyhow!("{error}"))
}

/// The URL of a new, empty database.
pub(crate) fn url_of_new() -> Result<String> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
    server()?.create_database(&name)?;
    Ok(server()?.url(&name))
}

pub(crate) fn url_of(db: &Db) -> Result<String> {
    Ok(server()?.url(&db.one("SELECT current_database()")?))
}

/// Another session on the database of one.
pub(crate) fn another(db: &Db) -> Result<Db> {
    Db::connect(&url_of(db)?)
}

/// A session, set as a guest sets its own.
pub(crate) struct Db {
    runtime: Runtime,
    client: Client,
}

impl Db {
    /// A new, empty database.
    pub(crate) fn new() -> Result<Self> {
        Self::connect(&url_of_new()?)
    }

    /// A new, empty database in which a character is a byte.
    pub(crate) fn latin1() -> Result<Self> {
        let url = url_of_new()?;
        let (other, name) = url.rsplit_once('/').context("no database in the URL")?;
        let name = format!("{}_latin1", name.split('?').next().unwrap_or(name));
        Self::connect(&url)?.exec(&format!(
            "CREATE DATABASE {name} TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'"
        ))?;
        Self::connect(&format!("{other}/{name}"))
    }

    fn connect(url: &str) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let (client, connection) = runtime.block_on(tokio_postgres::connect(url, NoTls))?;
        runtime.spawn(connection);
        let db = Self { runtime, client };
        db.exec(&session::script(session::SESSION_SETTINGS))?;
        Ok(db)
    }

    /// A database with the types and tables of every_type.sql.
    pub(crate) fn with_every_type() -> Result<Self> {
        let db = Self::new()?;
        db.exec("SET search_path = public, pg_catalog")?;
        db.exec(include_str!("../every_type_prerequisites.sql"))?;
        db.exec(include_str!("../every_type.sql"))?;
        db.exec("SET search_path = ''")?;
        Ok(db)
    }

    pub(crate) fn exec(&self, sql: &str) -> Result<()> {
        let sent = self.runtime.block_on(self.client.batch_execute(sql));
        sent.with_context(|| format!("in {}", sql.chars().take(2_000).collect::<String>()))
    }

    pub(crate) fn rows(&self, sql: &str) -> Result<Vec<TextRow>> {
        let messages = self.runtime.block_on(self.client.simple_query(sql)).with_context(|| format!("in {sql}"))?;
        let row = |message| match message {
            SimpleQueryMessage::Row(row) => Some((0..row.len()).map(|at| row.get(at).map(str::to_owned)).collect()),
            _ => None,
        };
        Ok(messages.into_iter().filter_map(row).collect())
    }

    /// The first column of the first row.
    pub(crate) fn one(&self, sql: &str) -> Result<String> {
        let rows = self.rows(sql)?;
        rows.into_iter().flatten().next().flatten().context("no value")
    }

    /// The names of a result's columns.
    pub(crate) fn column_names(&self, sql: &str) -> Result<Vec<String>> {
        let messages = self.runtime.block_on(self.client.simple_query(sql)).with_context(|| format!("in {sql}"))?;
        let names = messages.iter().find_map(|message| match message {
            SimpleQueryMessage::RowDescription(columns) => Some(columns.iter().map(|c| c.name().to_owned()).collect()),
            _ => None,
        });
        names.context("no columns")
    }

    /// The contents of the CopyData messages.
    pub(crate) fn copy_out(&self, sql: &str) -> Result<Vec<Vec<u8>>> {
        self.runtime.block_on(async {
            let stream = self.client.copy_out(sql).await.with_context(|| format!("in {sql}"))?;
            let mut stream = std::pin::pin!(stream);
            let mut messages = Vec::new();
            while let Some(message) = stream.next().await {
                messages.push(message?.to_vec());
            }
            Ok(messages)
        })
    }

    pub(crate) fn copy_in(&self, sql: &str, bytes: Vec<u8>) -> Result<u64> {
        self.runtime.block_on(async {
            let sink = self.client.copy_in::<_, bytes::Bytes>(sql).await.with_context(|| format!("in {sql}"))?;
            let mut sink = std::pin::pin!(sink);
            sink.send(bytes.into()).await?;
            Ok(sink.finish().await?)
        })
    }
}
