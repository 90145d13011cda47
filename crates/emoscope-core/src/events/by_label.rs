//! Values by label, as a JSON object in the model's order.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use serde::de::{MapAccess, Visitor};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// Probabilities by label, in the model's order.
pub type Probabilities = ByLabel<Probability>;

/// Counts of utterances by label.
pub type Counts = ByLabel<u64>;

/// A value per label, in the model's order; a JSON object.
#[derive(Debug, Clone, PartialEq)]
pub struct ByLabel<T>(pub Vec<(Arc<str>, T)>);

impl<T> Default for ByLabel<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> ByLabel<T> {
    /// The value of a label.
    pub fn get(&self, label: &str) -> Option<&T> {
        self.0
            .iter()
            .find(|(name, _)| **name == *label)
            .map(|(_, value)| value)
    }

    /// Labels and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }
}

impl<T: Serialize> Serialize for ByLabel<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for ByLabel<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
            type Value = ByLabel<T>;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object with a value per label")
            }
            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut entries = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, T>()? {
                    entries.push((name.into(), value));
                }
                Ok(ByLabel(entries))
            }
        }
        deserializer.deserialize_map(Entries(PhantomData))
    }
}

/// A number in `[0, 1]`, serialized with seven decimals.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Deserialize)]
#[serde(transparent)]
pub struct Probability(pub f64);

impl Serialize for Probability {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let digits = RawValue::from_string(format!("{:.7}", self.0)).map_err(S::Error::custom)?;
        digits.serialize(serializer)
    }
}
