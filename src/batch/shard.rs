//! Divides a batch among several machines.

use std::str::FromStr;

use crate::text::name_hash;

/// Shard K of N. A hash of its name assigns each recording, so that an archive can grow
/// without moving recordings between shards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Number of the shard, from 1.
    pub number: u64,
    /// Number of shards.
    pub of: u64,
}

impl Shard {
    /// Whether the recording with that name belongs to this shard.
    pub fn contains(self, name: &str) -> bool {
        name_hash(name) % self.of == self.number - 1
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text.split_once('/').and_then(|(number, of)| {
            let (number, of) = (number.parse().ok()?, of.parse().ok()?);
            (1..=of).contains(&number).then_some(Self { number, of })
        });
        numbers.ok_or_else(|| "expected K/N with K from 1 to N, as in 2/8".into())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_recording_belongs_to_one_share() {
        let shards: Vec<Shard> = (1..=5).map(|k| format!("{k}/5").parse().unwrap()).collect();
        let mut counts = [0; 5];
        for name in (0..500).map(|i| format!("archive/{i}.wav")) {
            let mine: Vec<usize> = (0..5).filter(|k| shards[*k].contains(&name)).collect();
            assert_eq!(mine.len(), 1, "{name}");
            counts[mine[0]] += 1;
        }
        assert!(
            counts.iter().all(|count| (60..140).contains(count)),
            "{counts:?}"
        );
        for wrong in ["0/2", "3/2", "1", "1/0", "a/b", "1/2/3"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }
}
