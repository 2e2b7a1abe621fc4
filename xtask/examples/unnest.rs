//! The yardstick of the INSERT strategy: a native client that reads `bench_events` by a binary COPY and inserts it by
//! `INSERT … SELECT FROM unnest(…)`, ten thousand rows a statement, in one transaction. It is an example because only
//! examples and tests may link a database client here. Usage: `unnest SOURCE_URL TARGET_URL`

use anyhow::{Context, Result};
use bytes::BytesMut;
use futures_util::{TryStreamExt, pin_mut};
use std::env;
use tokio::sync::mpsc;
use tokio_postgres::{
    Client, NoTls,
    binary_copy::{BinaryCopyOutRow, BinaryCopyOutStream},
    types::{FromSql, IsNull, ToSql, Type, accepts, to_sql_checked},
};

/// As many as `limits.batch_rows` has by default.
const BATCH_ROWS: usize = 10_000;

/// Of batches that are read and not yet written: the reader is never behind, and memory stays small.
const BATCHES_AHEAD: usize = 2;

const READ: &str = "COPY bench_events TO STDOUT (FORMAT binary)";
const INSERT: &str = "INSERT INTO bench_events SELECT * FROM unnest($1::bigint[], $2::integer[], $3::text[], \
                      $4::double precision[], $5::boolean[], $6::text[], $7::timestamptz[])";
const TYPES: [Type; 7] = [Type::INT8, Type::INT4, Type::TEXT, Type::FLOAT8, Type::BOOL, Type::TEXT, Type::TIMESTAMPTZ];

/// A timestamptz as it travels: microseconds since 2000, so that nothing is spent on calendars.
#[derive(Debug)]
struct Micros(i64);

impl<'a> FromSql<'a> for Micros {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        i64::from_sql(&Type::INT8, raw).map(Self)
    }

    accepts!(TIMESTAMPTZ);
}

impl ToSql for Micros {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        self.0.to_sql(&Type::INT8, out)
    }

    accepts!(TIMESTAMPTZ);
    to_sql_checked!();
}

/// Rows, column by column, as `unnest` wants them.
#[derive(Debug, Default)]
struct Batch {
    id: Vec<i64>,
    tenant: Vec<i32>,
    kind: Vec<String>,
    amount: Vec<Option<f64>>,
    paid: Vec<bool>,
    token: Vec<String>,
    created_at: Vec<Micros>,
}

impl Batch {
    fn push(&mut self, row: &BinaryCopyOutRow) -> Result<()> {
        self.id.push(row.try_get(0)?);
        self.tenant.push(row.try_get(1)?);
        self.kind.push(row.try_get(2)?);
        self.amount.push(row.try_get(3)?);
        self.paid.push(row.try_get(4)?);
        self.token.push(row.try_get(5)?);
        self.created_at.push(row.try_get(6)?);
        Ok(())
    }

    fn columns(&self) -> [&(dyn ToSql + Sync); 7] {
        [&self.id, &self.tenant, &self.kind, &self.amount, &self.paid, &self.token, &self.created_at]
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let urls: Vec<String> = env::args().skip(1).collect();
    let [source, target] = urls.as_slice() else { anyhow::bail!("usage: unnest SOURCE_URL TARGET_URL") };
    let (source, target) = tokio::try_join!(connect(source), connect(target))?;
    let (sender, receiver) = mpsc::channel(BATCHES_AHEAD);
    let reader = tokio::spawn(read(source, sender));
    write(target, receiver).await?;
    reader.await?
}

async fn connect(url: &str) -> Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.context("cannot connect")?;
    tokio::spawn(connection);
    Ok(client)
}

async fn read(source: Client, sender: mpsc::Sender<Batch>) -> Result<()> {
    let rows = BinaryCopyOutStream::new(source.copy_out(READ).await?, &TYPES);
    pin_mut!(rows);
    let mut batch = Batch::default();
    while let Some(row) = rows.try_next().await? {
        batch.push(&row)?;
        if batch.id.len() == BATCH_ROWS {
            sender.send(std::mem::take(&mut batch)).await?;
        }
    }
    sender.send(batch).await.context("the writer has ended")
}

async fn write(mut target: Client, mut receiver: mpsc::Receiver<Batch>) -> Result<()> {
    let transaction = target.transaction().await?;
    let insert = transaction.prepare(INSERT).await?;
    while let Some(batch) = receiver.recv().await {
        transaction.execute(&insert, &batch.columns()).await?;
    }
    Ok(transaction.commit().await?)
}
