//! Faults of the network, by the proxies at both doors.

use crate::{
    cell::Limits,
    proxy::{Rule, Way, What, When},
    scene::{Expect, Scene, Shot},
};
use std::time::Duration;

/// The source failed, the destination failed.
pub(crate) const ENDS: &[i32] = &[4, 5];

/// A byte of a run, at either door, either way: the door's rules.
fn at_any_byte(scene: &mut Scene, what: What) {
    let source = scene.rng.below(2) == 0;
    let passed = if source { scene.source_bytes } else { scene.destination_bytes };
    let way = if scene.rng.below(4) == 0 { [Way::ToClient, Way::ToServer] } else { [Way::ToServer, Way::ToClient] };
    // Mostly the way that rows take.
    let way = way[usize::from(source)];
    let rule = vec![Rule::once(When::Bytes(way, scene.rng.below(passed[way as usize])), what)];
    if source { scene.arm(rule, Vec::new()) } else { scene.arm(Vec::new(), rule) }
}

fn run(scene: &mut Scene, expect: Expect) -> Shot {
    let said = scene.apply();
    let fired = scene.proxies_fired();
    Shot::new(said, fired, expect)
}

/// F3: the server has committed, or is about to, and nobody hears of it.
pub(crate) fn answer_lost(scene: &mut Scene, turn: u64) -> Shot {
    // In parts: that of the tables, of one of the parts, or of the run.
    let nth = if scene.cell.parts { u32::try_from(turn / 4 % 5).unwrap() } else { 0 };
    let rule = match turn % 4 {
        0 => Rule::at(nth, When::Answers("COMMIT"), What::Reset),
        1 => Rule::at(nth, When::Is("COMMIT"), What::Zombie(scene.rng.moment(Duration::from_secs(4)))),
        2 => Rule::at(nth, When::Answers("COMMIT"), What::HalfClose),
        _ => Rule::at(nth, When::Is("COMMIT"), What::Reset),
    };
    scene.arm(Vec::new(), vec![rule]);
    let mut shot = run(scene, Expect::Survives);
    // What became of a part is seen by whoever goes on.
    let asked = shot.said.has("asking_outcome") || scene.cell.parts && shot.said.has("retrying");
    shot.wrong.extend((!asked).then(|| "the destination was not asked for the outcome".to_owned()));
    shot
}

/// F5: a TCP reset.
pub(crate) fn reset(scene: &mut Scene, _: u64) -> Shot {
    at_any_byte(scene, What::Reset);
    run(scene, Expect::Survives)
}

/// F6: nothing passes any more among the rows, and nobody is told. The run's own limit ends it.
pub(crate) fn black_hole(scene: &mut Scene, turn: u64) -> Shot {
    scene.sync(&Limits { timeout: "4s", ..Limits::default() });
    let rule = |bytes: u64, way| vec![Rule::once(When::Bytes(way, bytes), What::BlackHole)];
    let share = |bytes: u64, rng: &mut crate::seed::Rng| bytes * (30 + rng.below(50)) / 100;
    if turn.is_multiple_of(2) {
        let bytes = share(scene.source_bytes[Way::ToClient as usize], &mut scene.rng);
        scene.arm(rule(bytes, Way::ToClient), Vec::new());
    } else {
        let bytes = share(scene.destination_bytes[Way::ToServer as usize], &mut scene.rng);
        scene.arm(Vec::new(), rule(bytes, Way::ToServer));
    }
    let shot = run(scene, Expect::Fails(&[4, 5, 7]));
    scene.sync(&Limits::default());
    shot
}

/// F7: bytes one by one, or every answer late.
pub(crate) fn slow(scene: &mut Scene, turn: u64) -> Shot {
    let what = match turn % 4 {
        0 | 2 => What::Drip(3_000),
        1 => What::Latency(Duration::from_millis(20)),
        _ => What::Latency(Duration::from_millis(200)),
    };
    at_any_byte(scene, what);
    run(scene, Expect::Survives)
}

/// F8, unprotected: one bit of what frames a message. What a flipped bit makes of a cell no frame can tell.
pub(crate) fn flipped_in_a_frame(scene: &mut Scene, _: u64) -> Shot {
    let rule = match scene.rng.below(3) {
        0 => When::Says("LOCK TABLE", ""),
        1 => When::Says("COPY ", ""),
        _ => When::Is("COMMIT"),
    };
    let rule = vec![Rule::once(rule, What::Flip)];
    scene.arm(rule.clone(), rule);
    run(scene, Expect::DoneOr(ENDS))
}

/// F8, under TLS: one bit of anything.
pub(crate) fn flipped_under_tls(scene: &mut Scene, _: u64) -> Shot {
    at_any_byte(scene, What::Flip);
    run(scene, Expect::DoneOr(ENDS))
}
