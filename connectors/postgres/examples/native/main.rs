//! One sync run without the sandbox: a plan's statements, carried out by the codec, the frames and the client that the
//! guests have, linked natively. What `rapidbyte apply` costs more than this is the price of WebAssembly and of the host.
//!
//! It is for measuring alone: `native PLAN SOURCE_URL DESTINATION_URL` takes what `rapidbyte plan --out` has made of one
//! table in one part, read by COPY and copied into a new one, and prints one line of JSON. It inspects and records nothing:
//! that is a fixed part of the difference, which a table of few rows tells. Build it with `--profile guest`, by which the
//! guests are one unit of code as well.

#![allow(clippy::print_stdout)] // the result of a program

mod plan;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use arrow_schema::{Schema, SchemaRef};
use nix::sys::resource::{UsageWho, getrusage};
use rapidbyte_postgres::{
    client::{Address, Client, Config, Rows},
    copy::{CopyFrame, Decoder, Encoder},
    ident::QualifiedName,
    session, snapshot,
    types::{
        arrow,
        catalog::{self, Column, Columns, Types},
    },
};
use rapidbyte_sdk::{FrameReader, FrameWriter, schema_frame};
use std::{
    env,
    io::{self, BufRead, BufReader, Read, Write},
    net::TcpStream,
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

/// What one call of a guest asks of the host at most (connectors/sdk/src/stream.rs).
const READ_BYTES: usize = 256 * 1024;

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [plan, source, destination] = &arguments[..] else { bail!("native PLAN SOURCE_URL DESTINATION_URL") };
    let began = Instant::now();
    let rows = run(&plan::load(plan)?, source, destination)?;
    let wall_secs = began.elapsed().as_secs_f64();
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    let cpu: [Duration; 2] = [usage.user_time(), usage.system_time()].map(|time| {
        Duration::from_secs(time.tv_sec().unsigned_abs()) + Duration::from_micros(time.tv_usec().unsigned_abs())
    });
    let cpu_secs = (cpu[0] + cpu[1]).as_secs_f64();
    println!("{}", serde_json::json!({"rows": rows, "wall_secs": wall_secs, "cpu_secs": cpu_secs}));
    Ok(())
}

fn run(plan: &plan::Plan, source: &str, destination: &str) -> Result<u64> {
    let (mut from, schema) = begin_source(plan, source)?;
    let mut into = connect(destination, &[])?;
    into.query(session::BEGIN_RUN)?;
    run_all(&mut into, &plan.setup)?;
    let (frames, received) = sync_channel(plan.frames_max);
    let sent = thread::scope(|both| {
        let (from, known) = (&mut from, &schema);
        let reading = both.spawn(move || read_out(from, plan, known, &frames));
        write_in(&mut into, plan, &schema, received)?;
        reading.join().map_err(|_| anyhow!("the source panicked"))?
    })?;
    // Only now: a source that failed ends the frames as well, and what has arrived must not stay.
    let rows = into.copy_done()?;
    ensure!(rows == sent, "{sent} rows were read and {rows} arrived");
    run_all(&mut into, &plan.publish)?;
    into.query("COMMIT")?;
    into.terminate()?;
    Ok(rows)
}

fn run_all(client: &mut Client<Socket>, statements: &[String]) -> Result<()> {
    Ok(statements.iter().try_for_each(|sql| client.query(sql).map(drop))?)
}

/// The snapshot, and the schema that the guest would tell.
fn begin_source(plan: &plan::Plan, url: &str) -> Result<(Client<Socket>, SchemaRef)> {
    let mut from = connect(url, session::SOURCE_SETTINGS)?;
    from.query(snapshot::BEGIN)?;
    from.query(&snapshot::lock(std::slice::from_ref(&plan.source), snapshot::Wait::Yes))?;
    let columns = columns(&mut from, &plan.source, &plan.source_columns)?;
    let fields = columns.iter().map(|column| arrow::field(&column.name, &column.ty, !column.not_null));
    Ok((from, Arc::new(Schema::new(fields.collect::<Vec<_>>()))))
}

/// The source: rows to batches to frames.
fn read_out(
    from: &mut Client<Socket>,
    plan: &plan::Plan,
    schema: &SchemaRef,
    frames: &SyncSender<Vec<u8>>,
) -> Result<u64> {
    let (mut decoder, mut writer) = (Decoder::new(schema)?, FrameWriter::new(schema)?);
    let has_room = |decoder: &Decoder| decoder.rows() < plan.batch_rows && decoder.bytes() < plan.batch_bytes;
    from.copy_out(&plan.read)?;
    loop {
        let rows = from.next_rows(plan.row_bytes, |body| {
            decoder.push_copy_data(body)?;
            Ok::<_, anyhow::Error>(has_room(&decoder))
        })?;
        let is_done = matches!(rows, Rows::Done(_));
        if decoder.rows() > 0 && (is_done || !has_room(&decoder)) {
            frames.send(writer.frame(&decoder.finish()?)?).context("nobody takes the rows")?;
        }
        if let Rows::Done(rows) = rows {
            ensure!(decoder.is_ended(), "COPY ended in the middle of a row");
            return Ok(rows);
        }
    }
}

/// The destination: frames to batches to rows. The COPY is left open.
fn write_in(into: &mut Client<Socket>, plan: &plan::Plan, schema: &Schema, frames: Receiver<Vec<u8>>) -> Result<()> {
    let columns = columns(into, &plan.target, &plan.target_columns)?;
    let targets: Vec<_> = columns.into_iter().map(|column| column.ty).collect();
    let mut reader = FrameReader::new(&schema_frame(schema)?)?;
    let encoder = Encoder::new(reader.schema(), &targets)?;
    let mut message = CopyFrame::default();
    into.copy_in(&plan.load)?;
    message.begin();
    for frame in frames {
        let batch = reader.batch(frame)?;
        let mut rows = encoder.start(&batch)?;
        while message.fill(&mut rows)? {
            into.copy_frame(message.message())?;
            message.clear();
        }
    }
    message.end();
    Ok(into.copy_frame(message.message())?)
}

/// The columns of a table that are wanted, in that order.
fn columns(client: &mut Client<Socket>, table: &QualifiedName, wanted: &[String]) -> Result<Vec<Column>> {
    let columns = Columns::parse(&client.query(&catalog::columns_query(table)?)?.rows)?;
    let types = Types::parse(&client.query(&catalog::types_query(&columns.type_oids()))?.rows)?;
    let columns = columns.with_types(&types)?;
    let find = |name: &String| columns.iter().find(|column| column.name == *name).cloned();
    wanted.iter().map(|name| find(name).with_context(|| format!("there is no column {name}"))).collect()
}

fn connect(url: &str, more: &[(&'static str, &'static str)]) -> Result<Client<Socket>> {
    let config = Config::from_settings([("url", url)].into_iter())?;
    let Address::Tcp(host, port) = &config.address else { bail!("only TCP is measured") };
    let stream = TcpStream::connect((host.as_str(), *port)).context("cannot connect")?;
    stream.set_nodelay(true)?;
    let stream = Socket(BufReader::with_capacity(READ_BYTES, stream));
    let mut client =
        Client::connect(stream, &config, |_| Err(io::Error::other("only plain connections are measured")))?;
    client.query(&[session::SESSION_SETTINGS, more].map(session::script).concat())?;
    Ok(client)
}

/// A plain connection: one read takes what is there.
struct Socket(BufReader<TcpStream>);

impl Read for Socket {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.0.read(out)
    }
}

impl BufRead for Socket {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.0.fill_buf()
    }

    fn consume(&mut self, bytes: usize) {
        self.0.consume(bytes);
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.get_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
