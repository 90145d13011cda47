//! Channel selection and the mix to one channel.

use std::fmt;
use std::str::FromStr;

/// The channel that is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ChannelChoice {
    /// The mean of all channels.
    #[default]
    Mix,
    /// One channel, counted from 1; `left` is 1 and `right` is 2.
    One(u16),
}

impl FromStr for ChannelChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "mix" => Ok(Self::Mix),
            "left" => Ok(Self::One(1)),
            "right" => Ok(Self::One(2)),
            number => match number.parse() {
                Ok(n) if n > 0 => Ok(Self::One(n)),
                _ => Err("expected mix, left, right or a channel number from 1".into()),
            },
        }
    }
}

impl fmt::Display for ChannelChoice {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mix => out.write_str("mix"),
            Self::One(n) => write!(out, "{n}"),
        }
    }
}

/// The channels of an input that are analyzed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelSelection {
    /// One signal: the mean of all channels, or one of them.
    Single(ChannelChoice),
    /// Every channel separately.
    Each,
}

impl ChannelSelection {
    /// The signals to analyze in an input with that many channels, in order.
    pub fn choices(self, channels: u16) -> Vec<ChannelChoice> {
        match self {
            Self::Single(choice) => vec![choice],
            Self::Each => (1..=channels.max(1)).map(ChannelChoice::One).collect(),
        }
    }

    /// The selection as one signal, for playback or drawing.
    pub fn whole(self) -> ChannelChoice {
        match self {
            Self::Single(choice) => choice,
            Self::Each => ChannelChoice::Mix,
        }
    }
}

impl From<ChannelChoice> for ChannelSelection {
    fn from(choice: ChannelChoice) -> Self {
        Self::Single(choice)
    }
}

impl FromStr for ChannelSelection {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "each" {
            return Ok(Self::Each);
        }
        let choice: Result<ChannelChoice, _> = text.parse();
        choice
            .map(Self::Single)
            .map_err(|_| "expected mix, left, right, each or a channel number from 1".into())
    }
}

impl fmt::Display for ChannelSelection {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Single(choice) => choice.fmt(out),
            Self::Each => out.write_str("each"),
        }
    }
}

/// Appends the chosen channel of interleaved frames, or the mean of all, to `out`.
/// Replaces values that are not finite by zero; returns their number.
///
/// A choice beyond `channels` uses the last channel; callers reject it earlier.
pub fn downmix(
    interleaved: &[f32],
    channels: u16,
    choice: ChannelChoice,
    out: &mut Vec<f32>,
) -> u64 {
    let width = usize::from(channels.max(1));
    let mut invalid = 0_u32;
    // Branch-free, so that it is vectorized.
    let mut finite = |x: f32| {
        let is = x.is_finite();
        invalid += u32::from(!is);
        if is { x } else { 0.0 }
    };
    match choice {
        _ if width == 1 => out.extend(interleaved.iter().map(|&x| finite(x))),
        ChannelChoice::One(n) => {
            let index = usize::from(n.clamp(1, channels)) - 1;
            out.extend(
                interleaved
                    .chunks_exact(width)
                    .map(|frame| finite(frame[index])),
            );
        }
        ChannelChoice::Mix if width == 2 => {
            let pairs = interleaved.as_chunks::<2>().0;
            out.extend(pairs.iter().map(|&[l, r]| (finite(l) + finite(r)) * 0.5));
        }
        ChannelChoice::Mix => {
            let scale = 1.0 / width as f32;
            out.extend(
                interleaved
                    .chunks_exact(width)
                    .map(|frame| frame.iter().map(|&x| finite(x)).sum::<f32>() * scale),
            );
        }
    }
    u64::from(invalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_mean_or_the_chosen_channel_and_counts_non_finite_values() {
        let frames = [1.0, 0.0, f32::NAN, 0.5, 0.25, f32::INFINITY];
        let mut out = Vec::new();
        assert_eq!(downmix(&frames, 2, ChannelChoice::Mix, &mut out), 2);
        assert_eq!(out, [0.5, 0.25, 0.125]);
        out.clear();
        assert_eq!(downmix(&frames, 2, ChannelChoice::One(2), &mut out), 1);
        assert_eq!(out, [0.0, 0.5, 0.0]);
    }

    #[test]
    fn one_channel_and_many_give_the_same_as_two() {
        let mut out = Vec::new();
        assert_eq!(
            downmix(&[0.5, f32::NAN], 1, ChannelChoice::Mix, &mut out),
            1
        );
        let frames = [1.0, 0.0, 0.0, 0.0, -0.5, 0.5, 1.0, f32::NAN];
        assert_eq!(downmix(&frames, 4, ChannelChoice::Mix, &mut out), 1);
        assert_eq!(downmix(&frames, 4, ChannelChoice::One(3), &mut out), 0);
        assert_eq!(out, [0.5, 0.0, 0.25, 0.25, 0.0, 1.0]);
    }

    #[test]
    fn a_choice_reads_back_as_it_is_shown() {
        for choice in [
            ChannelChoice::Mix,
            ChannelChoice::One(1),
            ChannelChoice::One(12),
        ] {
            assert_eq!(choice.to_string().parse(), Ok(choice));
        }
    }

    #[test]
    fn each_selects_every_channel() {
        assert_eq!("each".parse(), Ok(ChannelSelection::Each));
        assert_eq!(ChannelSelection::Each.to_string(), "each");
        let three = [1, 2, 3].map(ChannelChoice::One);
        assert_eq!(ChannelSelection::Each.choices(3), three);
        assert_eq!(
            "left".parse(),
            Ok(ChannelSelection::Single(ChannelChoice::One(1)))
        );
        assert!("every".parse::<ChannelSelection>().is_err());
    }

    #[test]
    fn reads_the_names_that_the_help_shows() {
        assert_eq!("right".parse(), Ok(ChannelChoice::One(2)));
        assert_eq!("3".parse(), Ok(ChannelChoice::One(3)));
        assert!("0".parse::<ChannelChoice>().is_err());
        assert!("middle".parse::<ChannelChoice>().is_err());
    }
}
