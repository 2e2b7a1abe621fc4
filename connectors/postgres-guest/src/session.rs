//! One logged-in session with its settings in place, and a statement at a time on it.

use crate::{
    error::{database_error, internal, name_error},
    settings::{address, pg_config},
};
use rapidbyte_postgres::{
    client::{Client, Config, Fault, ResultSet},
    ident::QualifiedName,
    relation::{self, Question},
    session,
};
use rapidbyte_sdk::{
    HostStream, host,
    types::{Category, Error, Server},
};
use std::collections::BTreeSet;

/// What every session needs besides what `session` sets, since it waits: for the other side, and for other sessions.
const PATIENCE: &[(&str, &str)] = &[
    // Between its streams a side waits for the other one, which may take its time.
    ("idle_in_transaction_session_timeout", "0"),
    // A catalogue's answer can wait for a lock as well; whoever waits longer than this is told why.
    ("lock_timeout", "30s"),
    // A server whose client vanished without a word would keep the run's locks for hours, against its repetition: it asks
    // as soon as the host does.
    ("tcp_keepalives_idle", "30"),
    ("tcp_keepalives_interval", "10"),
    ("tcp_keepalives_count", "3"),
    // Nobody reads while rows are sent: a trigger that says something about every row would fill the way back, and the
    // server would wait for us for ever as we wait for it.
    ("client_min_messages", "error"),
    // Types are known by their names as they usually are.
    ("quote_all_identifiers", "off"),
];

/// A session with a PostgreSQL server.
pub struct Session {
    client: Client<HostStream>,
    config: Config,
    /// What the server has prepared.
    asked: BTreeSet<Question>,
}

impl Session {
    /// Connects, logs in and sets what a session must have; `more` are settings of one role only.
    ///
    /// # Errors
    /// Wrong settings, no connection, a login that is refused, a server that is too old.
    pub fn open(settings: &[(String, String)], more: &[(&'static str, &'static str)]) -> Result<Self, Error> {
        let config = pg_config(settings)?;
        let began = host::monotonic_now();
        let stream = HostStream::connect(&address(&config))?;
        let client = Client::connect(stream, &config, HostStream::start_tls).map_err(database_error)?;
        client.stream().on_abort(&client.cancel_request());
        let mut session = Self { client, config, asked: BTreeSet::new() };
        session.settle(more)?;
        host::metric("connect_secs", seconds_since(began));
        Ok(session)
    }

    /// Sets all settings and looks at the version, in one round trip.
    fn settle(&mut self, more: &[(&'static str, &'static str)]) -> Result<(), Error> {
        let settings = [session::SESSION_SETTINGS, PATIENCE, more].map(session::script).concat();
        let version = self.text(&(settings + session::VERSION_QUERY))?;
        match version.parse::<u32>() {
            Ok(number) if number >= session::SERVER_VERSION_MIN => Ok(()),
            _ => {
                let message = "this PostgreSQL server is older than 14";
                Err(Error::new(Category::Unsupported, message)
                    .advise("upgrade it: 14 is the oldest release that is maintained"))
            }
        }
    }

    /// The client below, for rows.
    pub fn client(&mut self) -> &mut Client<HostStream> {
        &mut self.client
    }

    /// Runs statements and returns the last one's result.
    ///
    /// # Errors
    /// What the server refuses.
    pub fn query(&mut self, sql: &str) -> Result<ResultSet, Error> {
        self.client.query(sql).map_err(database_error)
    }

    /// Asks a question of a relation.
    ///
    /// # Errors
    /// What the server refuses.
    pub fn ask(&mut self, question: Question, of: &QualifiedName) -> Result<ResultSet, Error> {
        if !self.asked.contains(&question) {
            self.query(&question.prepare().map_err(internal)?)?;
            self.asked.insert(question);
        }
        let found = self.query(&question.ask(of).map_err(|error| name_error(&error))?)?;
        self.query(relation::AS_BEFORE)?;
        Ok(found)
    }

    /// Asks for what needs locks without waiting for them as long as [`PATIENCE`] says.
    ///
    /// # Errors
    /// What the server refuses.
    pub fn hurried<T>(&mut self, ask: impl FnOnce(&mut Client<HostStream>) -> Result<T, Fault>) -> Result<T, Error> {
        self.query(&session::script(&[("lock_timeout", "1s")]))?;
        let answer = ask(&mut self.client).map_err(database_error)?;
        self.query(&session::script(PATIENCE))?;
        Ok(answer)
    }

    /// The one value that a statement returns.
    ///
    /// # Errors
    /// What the server refuses, or another shape of the result.
    pub fn text(&mut self, sql: &str) -> Result<String, Error> {
        let rows = self.query(sql)?.rows;
        let value = rows.into_iter().next().and_then(|row| row.into_iter().next()).flatten();
        value.ok_or_else(|| internal("the catalogue gave no answer"))
    }

    /// What the contract tells of a server.
    ///
    /// # Errors
    /// What the server refuses.
    pub fn server(&mut self) -> Result<Server, Error> {
        let mut row = self.query(session::SERVER_QUERY)?.rows.pop().unwrap_or_default().into_iter().flatten();
        let mut next = || row.next().ok_or_else(|| internal("the catalogue gave no answer"));
        Ok(Server {
            product: format!("PostgreSQL {}", next()?),
            user: next()?,
            read_only: next()? == "true",
            endpoint: self.config.endpoint(),
        })
    }

    /// The orderly end.
    ///
    /// # Errors
    /// A connection that is broken.
    pub fn close(self) -> Result<(), Error> {
        self.client.terminate().map_err(database_error)?.close();
        Ok(())
    }
}

fn seconds_since(began_ns: u64) -> f64 {
    std::time::Duration::from_nanos(host::monotonic_now() - began_ns).as_secs_f64()
}
