//! Whose time it is: what a run waits for the destination is not told of the source, and the other way round, however slow
//! either is. The network is slowed by the proxies.

use crate::{
    apply,
    lab::{DESTINATION, Lab, SOURCE},
    proxy::{Proxy, Rule, What, When},
};
use libtest_mimic::Trial;
use serde_json::Value;
use std::{fs, time::Duration};
use tempfile::TempDir;

const ROWS: &str = "CREATE TABLE rows AS SELECT i AS id, md5(i::text) || md5(i::text) AS word FROM generate_series(1, 200000) AS i; \
                    ANALYZE rows; GRANT SELECT ON rows TO rapid";
/// Between two reads of the proxy, each of 64 KiB at most: some seconds for all rows.
const SLOW: Duration = Duration::from_millis(20);
/// A phase that stays is smaller than this share of the slow run.
const SMALL: f64 = 0.25;

pub(crate) fn trials() -> [Trial; 2] {
    [
        Trial::test("phases_a_slow_destination_is_no_fetch", || {
            slow(|lab| &lab.into, "source", "fetch_secs", "flush_secs")
        }),
        Trial::test("phases_a_slow_source_is_no_flush", || {
            slow(|lab| &lab.from, "destination", "flush_secs", "fetch_secs")
        }),
    ]
}

/// One end is slow: what the other side waits for its own server takes no longer than before.
fn slow(end: fn(&Lab) -> &Proxy, side: &str, stays: &str, grows: &str) -> Result<(), libtest_mimic::Failed> {
    let lab = Lab::new(&[]);
    lab.databases();
    lab.sql(SOURCE, ROWS);
    let fast = phases(&lab);
    end(&lab).arm(vec![Rule::always(When::Says("COPY", "(FORMAT binary)"), What::Latency(SLOW))]);
    let slow = phases(&lab);
    let all = duration(&slow);
    let other = if side == "source" { "destination" } else { "source" };
    for (receipt, name) in [(&fast, "fast"), (&slow, "slow")] {
        for side in ["source", "destination"] {
            let (sum, all) = (sum(receipt, side), duration(receipt));
            if (sum - all).abs() > 0.02 * all {
                return Err(format!("{name}: the phases of the {side} are {sum} s of {all} s").into());
            }
        }
    }
    let of = |receipt: &Value, side: &str, phase: &str| receipt["phases"][side][phase].as_f64().unwrap();
    if of(&slow, other, grows) < 2.0 * of(&fast, other, grows) {
        return Err(format!("it was not slowed: {fast} {slow}").into());
    }
    if of(&slow, side, stays) > (SMALL * all).max(of(&fast, side, stays)) {
        return Err(format!("{side} {stays} has grown: {fast} {slow}").into());
    }
    Ok(())
}

fn phases(lab: &Lab) -> Value {
    let folder = TempDir::new().unwrap();
    let text = format!(
        "version = 1\nname = \"phases\"\n\n[source]\nuse = \"postgres\"\nurl = \"{}\"\n\n[destination]\nuse = \"postgres\"\nurl = \"{}\"\n\n\
         [[stream]]\ntable = \"public.rows\"\nwrite = \"replace\"\n",
        lab.url(SOURCE),
        lab.url(DESTINATION)
    );
    fs::write(folder.path().join("sync.toml"), text).unwrap();
    let said = apply::start_with(&["--report", "receipt.json"], folder.path(), 0, None).finish();
    assert_eq!(said.code, Some(0), "{}", said.end());
    serde_json::from_slice(&fs::read(folder.path().join("receipt.json")).unwrap()).unwrap()
}

fn duration(receipt: &Value) -> f64 {
    receipt["duration_secs"].as_f64().unwrap()
}

fn sum(receipt: &Value, side: &str) -> f64 {
    receipt["phases"][side].as_object().unwrap().values().map(|secs| secs.as_f64().unwrap()).sum()
}
