//! The time range of the history.

/// How much of a session or a recording is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TimeScale {
    /// Ten seconds of a recording.
    TenSeconds,
    /// One minute.
    #[default]
    OneMinute,
    /// Five minutes.
    FiveMinutes,
    /// Half an hour.
    ThirtyMinutes,
    /// One hour.
    SixtyMinutes,
    /// The whole recording.
    Whole,
}

/// The scales of a live input.
const LIVE: [TimeScale; 4] = [
    TimeScale::OneMinute,
    TimeScale::FiveMinutes,
    TimeScale::ThirtyMinutes,
    TimeScale::SixtyMinutes,
];

impl TimeScale {
    /// Its length in seconds; `None` for the whole recording.
    pub fn seconds(self) -> Option<u32> {
        match self {
            Self::TenSeconds => Some(10),
            Self::OneMinute => Some(60),
            Self::FiveMinutes => Some(300),
            Self::ThirtyMinutes => Some(1800),
            Self::SixtyMinutes => Some(3600),
            Self::Whole => None,
        }
    }

    /// Its display name.
    pub fn name(self) -> String {
        match self.seconds() {
            None => "whole".to_owned(),
            Some(seconds @ ..60) => format!("{seconds} s"),
            Some(seconds) => format!("{} min", seconds / 60),
        }
    }

    /// The scales of a recording with that length in seconds, shortest first; without a
    /// length, those of a live input.
    fn all(length_s: Option<f64>) -> Vec<Self> {
        let Some(length_s) = length_s else {
            return LIVE.to_vec();
        };
        let shorter = |scale: &Self| f64::from(scale.seconds().unwrap_or(0)) < length_s;
        let parts = [Self::TenSeconds].into_iter().chain(LIVE);
        parts.filter(shorter).chain([Self::Whole]).collect()
    }

    /// The initial scale of a recording with that length in seconds. Longer than five
    /// minutes, it is shown in parts, because the seek bar shows the whole.
    pub fn first(length_s: f64) -> Self {
        if length_s > 300.0 {
            Self::FiveMinutes
        } else {
            Self::Whole
        }
    }

    /// The scale that is `steps` longer, or the last one.
    #[must_use]
    pub fn longer(self, steps: isize, length_s: Option<f64>) -> Self {
        let all = Self::all(length_s);
        let place = all.iter().position(|scale| *scale == self);
        // A scale that is longer than the recording counts as the last one.
        let place = place.unwrap_or(all.len() - 1);
        all[place.saturating_add_signed(steps).min(all.len() - 1)]
    }

    /// The next longer scale; after the longest the shortest.
    #[must_use]
    pub fn next(self, length_s: Option<f64>) -> Self {
        let longer = self.longer(1, length_s);
        if longer == self {
            Self::all(length_s)[0]
        } else {
            longer
        }
    }
}

#[cfg(test)]
mod tests {
    use super::TimeScale::{
        FiveMinutes, OneMinute, SixtyMinutes, TenSeconds, ThirtyMinutes, Whole,
    };

    #[test]
    fn a_recording_has_the_scales_that_it_fills() {
        assert_eq!(Whole.next(Some(8.0)), Whole);
        assert_eq!(Whole.longer(-1, Some(55.0)), TenSeconds);
        assert_eq!(TenSeconds.next(Some(55.0)), Whole);
        assert_eq!(Whole.next(Some(55.0)), TenSeconds);
        assert_eq!(FiveMinutes.longer(1, Some(2400.0)), ThirtyMinutes);
        assert_eq!(ThirtyMinutes.longer(1, Some(2400.0)), Whole);
        assert_eq!(Whole.longer(-1, Some(2400.0)), ThirtyMinutes);
        assert_eq!(OneMinute.longer(-1, Some(2400.0)), TenSeconds);
        assert_eq!(TenSeconds.longer(-1, Some(2400.0)), TenSeconds);
        assert_eq!(Whole.next(Some(2400.0)), TenSeconds);
    }

    #[test]
    fn a_live_input_has_four() {
        assert_eq!(OneMinute.next(None), FiveMinutes);
        assert_eq!(SixtyMinutes.next(None), OneMinute);
        assert_eq!(SixtyMinutes.longer(1, None), SixtyMinutes);
    }
}
