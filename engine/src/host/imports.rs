//! The contract's interface `host`, as a guest calls it. Each number and text of a guest is bounded here.

use super::{
    bindings::{
        host::{Host, HostConnection, Level as WitLevel},
        types::{Address as WitAddress, Error},
    },
    call::Stop,
    connect_error,
    connection::Connection,
    guest::Guest,
};
use crate::{
    ConnectorError, Level, fault,
    grants::{self, Address},
    limits::{CONNECTIONS_MAX, METRICS_MAX, TEXT_BYTES_MAX},
};
use std::time::Instant;
use wasmtime::{Result, component::Resource};

type Answer<T> = std::result::Result<T, Error>;

impl super::bindings::types::Host for Guest {}

impl Host for Guest {
    fn log(&mut self, level: WitLevel, message: String) -> Result<()> {
        let level = match level {
            WitLevel::Error => Level::Error,
            WitLevel::Warn => Level::Warn,
            WitLevel::Info => Level::Info,
            WitLevel::Debug => Level::Debug,
            WitLevel::Trace => Level::Trace,
        };
        self.say(level, &message);
        Ok(())
    }

    fn metric(&mut self, name: String, value: f64) -> Result<()> {
        let known = self.metrics.contains_key(&name);
        if known || (self.metrics.len() < METRICS_MAX && name.len() <= TEXT_BYTES_MAX) {
            *self.metrics.entry(name).or_default() += value;
        }
        Ok(())
    }

    fn monotonic_now(&mut self) -> Result<u64> {
        Ok(u64::try_from(self.born.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }

    fn cancelled(&mut self) -> Result<bool> {
        Ok(self.cancel.is_cancelled())
    }
}

impl Guest {
    fn connection(&mut self, connection: &Resource<Connection>) -> Result<&mut Connection> {
        self.table
            .get_mut(connection)
            .map_err(|_| Stop::Contract("it used a connection that it does not hold".to_owned()).into())
    }

    /// The end of a host function that waited since `since`.
    fn waited<T>(&mut self, since: Instant, answer: std::result::Result<T, ConnectorError>) -> Answer<T> {
        self.watch.waited_since(since);
        answer.map_err(ConnectorError::into_wit)
    }

    async fn open(&mut self, address: &Address) -> std::result::Result<Connection, ConnectorError> {
        let Some(grant) = grants::find(&self.grants, address) else {
            self.refused.get_or_insert_with(|| self.redactor.clean(&address.to_string(), TEXT_BYTES_MAX));
            return Err(connect_error::not_granted(address));
        };
        if self.table.iter_mut().count() >= CONNECTIONS_MAX {
            let message = "this connector holds as many connections as it may";
            return Err(connect_error::not_allowed(address, message));
        }
        Connection::open(grant.clone(), self.aborts.clone()).await
    }
}

impl HostConnection for Guest {
    async fn connect(&mut self, address: WitAddress) -> Result<Answer<Resource<Connection>>> {
        let since = Instant::now();
        let opened = self.open(&super::convert::address(address)).await;
        Ok(match self.waited(since, opened) {
            Ok(connection) => Ok(self.table.push(connection)?),
            Err(error) => Err(error),
        })
    }

    async fn start_tls(&mut self, connection: Resource<Connection>) -> Result<Answer<Option<Vec<u8>>>> {
        let since = Instant::now();
        let binding = self.connection(&connection)?.start_tls().await;
        Ok(self.waited(since, binding))
    }

    async fn read(&mut self, connection: Resource<Connection>, max: u32) -> Result<Answer<Vec<u8>>> {
        let since = Instant::now();
        let bytes = self.connection(&connection)?.read(max).await;
        fault::point(&[self.side.name(), self.watch.call(), "received"]);
        Ok(self.waited(since, bytes))
    }

    async fn write(&mut self, connection: Resource<Connection>, bytes: Vec<u8>) -> Result<Answer<()>> {
        let since = Instant::now();
        let written = self.connection(&connection)?.write(&bytes).await;
        fault::point(&[self.side.name(), self.watch.call(), "sent"]);
        Ok(self.waited(since, written))
    }

    fn on_abort(&mut self, connection: Resource<Connection>, bytes: Vec<u8>) -> Result<()> {
        self.connection(&connection)?.on_abort(bytes);
        Ok(())
    }

    fn close(&mut self, connection: Resource<Connection>) -> Result<()> {
        self.connection(&connection)?.close();
        Ok(())
    }

    fn drop(&mut self, connection: Resource<Connection>) -> Result<()> {
        self.table.delete(connection)?;
        Ok(())
    }
}
