//! The desk as bytes, version 1.
//!
//! Eight bytes say what they are, four their version, and the rest is the [postcard](https://postcard.jamesmunns.com)
//! encoding of the [`Desk`] without what follows from the rest of it. A desk that is restored goes on as the one that was
//! stored would have. Another version is refused; whoever changes one of the types raises [`VERSION`].

use crate::desk::fold::Desk;

/// The version of snapshots that this binary writes, and the only one it reads.
pub const VERSION: u32 = 1;
const MAGIC: [u8; 8] = *b"VIGIEDSK";
const HEAD_BYTES: usize = 12;

/// Why a snapshot cannot be gone on from. The log is still there: the desk can be folded anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeskRestoreError {
    /// Written by another version of Vigie.
    #[error("the snapshot of the desk has version {found}, this binary reads {VERSION}")]
    OtherVersion {
        /// Its version.
        found: u32,
    },
    /// It is none, or damaged.
    #[error("the bytes are no snapshot of a desk, or are damaged")]
    Unreadable,
}

/// The desk as bytes, to go on from with [`restore`] behind the newest record.
#[must_use]
pub fn snapshot(desk: &Desk) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend(VERSION.to_le_bytes());
    postcard::to_extend(desk, bytes).expect("a desk has an encoding, and memory takes it")
}

/// The desk that a snapshot holds.
///
/// # Errors
/// When it is of another version, or none.
pub fn restore(snapshot: &[u8]) -> Result<Desk, DeskRestoreError> {
    let (head, body) = snapshot.split_at_checked(HEAD_BYTES).ok_or(DeskRestoreError::Unreadable)?;
    let version = head.strip_prefix(&MAGIC).and_then(|version| version.try_into().ok().map(u32::from_le_bytes));
    match version {
        Some(VERSION) => {}
        Some(found) => return Err(DeskRestoreError::OtherVersion { found }),
        None => return Err(DeskRestoreError::Unreadable),
    }
    match postcard::take_from_bytes(body) {
        Ok((desk, [])) => Ok(desk),
        _ => Err(DeskRestoreError::Unreadable),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::samples::{Sample, desk_command};
    use vigie_model::command::{DeskDeed, DeskMode, ServiceScope, ShiftSide};
    use vigie_model::id::hashed_id;
    use vigie_model::severity::Severity;

    /// A desk at which everything has happened.
    fn busy() -> Desk {
        let mut desk = Desk::default();
        for n in 0..14_i64 {
            let sample = Sample::new(&n.to_string(), "Crowded", "square", Severity::Low);
            desk.opened(&sample.alert(), n, n.unsigned_abs(), n);
            desk.told(&sample.alert(), n);
            desk.cleared(sample.alert().rule, sample.alert().key, n);
        }
        let scope = ServiceScope { rule: Some("Loud".into()), ..ServiceScope::default() };
        let mode = DeskDeed::Mode {
            mode: DeskMode::Event,
            name: Some("Moomba".into()),
            coordinator: None,
            until_ms: Some(1_000),
            spaces: vec!["square".into()],
        };
        let deeds = [
            DeskDeed::OutOfService { scope, until_ms: Some(900) },
            mode,
            DeskDeed::FileNew { title: "t".into(), alerts: Vec::new() },
            DeskDeed::SignShift { side: ShiftSide::Arriving },
            DeskDeed::SoundCheck { heard: true },
        ];
        for (now_ms, deed) in (20..).zip(deeds) {
            desk.command(&desk_command("Ada", deed.clone(), now_ms), &deed, |_| None);
        }
        desk.acknowledged(30, 5);
        desk
    }

    #[test]
    fn a_restored_desk_goes_on_as_the_stored_one_would() {
        let (mut stored, mut restored) = (busy(), restore(&snapshot(&busy())).unwrap());
        for desk in [&mut stored, &mut restored] {
            desk.take_changed();
            desk.take_touched();
            desk.tick(5_000_000, 5_000_000);
        }
        assert_eq!(stored, restored);
        assert!(stored.view(0).mode.is_none() && stored.view(0).chattering.is_empty());
    }

    #[test]
    fn other_versions_and_damage_are_told_apart() {
        let bytes = snapshot(&Desk::default());
        assert_eq!(restore(&bytes), Ok(Desk::default()));
        let newer = [&bytes[..8], &2_u32.to_le_bytes(), &bytes[12..]].concat();
        assert_eq!(restore(&newer), Err(DeskRestoreError::OtherVersion { found: 2 }));
        for damaged in [&bytes[..5], &bytes[1..], &bytes[..bytes.len() - 1], &[&bytes[..], &[0]].concat()] {
            assert_eq!(restore(damaged), Err(DeskRestoreError::Unreadable));
        }
    }

    /// When this changes, desks that were stored cannot be read any more: raise the version.
    #[test]
    fn version_1_never_changes() {
        let hex: String = snapshot(&busy()).iter().map(|byte| format!("{byte:02x}")).collect();
        expect_test::expect!["590 bytes, 3b8872de6d713db543dc73aa7aa1cd5e"].assert_eq(&format!(
            "{} bytes, {}",
            hex.len() / 2,
            hashed_id(&[&hex])
        ));
    }
}
