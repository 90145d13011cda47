//! Opens an output stream of any sample format.

use std::sync::atomic::Ordering;

use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{
    BufferSize, Device, ErrorKind, FromSample, HostId, Sample, SampleFormat, SizedSample, Stream,
    StreamConfig, SupportedStreamConfig, SupportedStreamConfigRange,
};

use super::queue::{QueueReader, queue};
use super::{Failed, Opened, OutputError};
use crate::audio::device::silent;
use crate::audio::signals::ANSWER_TIMEOUT;
use crate::audio::source::Spec;
use crate::audio::system_stream::{block_frames, build_for};

/// Requested blocks per second. Long blocks survive a busy machine without dropouts,
/// and their latency is known and compensated.
const BLOCKS_PER_S: u32 = 25;
/// Fewest and most frames of a block.
const BLOCK_FRAMES: (u32, u32) = (128, 8192);

/// The default output of each audio system, sound servers first.
pub(super) fn defaults() -> impl Iterator<Item = Device> {
    let mut hosts = cpal::available_hosts();
    let is_alsa = |host: &HostId| host.to_string() == "alsa";
    hosts.sort_by_key(is_alsa);
    let default = |host| cpal::host_from_id(host).ok()?.default_output_device();
    hosts.into_iter().filter_map(default)
}

/// Opens an output and starts it, with a queue of that many seconds.
pub(super) fn open(device: &Device, wanted: Spec, seconds: usize) -> Result<Opened, OutputError> {
    let name = device.description().map_or_else(
        |_| "of this machine".to_owned(),
        |about| about.name().to_owned(),
    );
    let refused = |reason: String| OutputError::Refused {
        name: name.clone(),
        reason,
    };
    let failed = |error: cpal::Error| refused(error.to_string());
    let configs: Vec<_> = device.supported_output_configs().map_err(failed)?.collect();
    let default = device.default_output_config().ok();
    let config = choose(&configs, default, wanted)
        .ok_or_else(|| refused("it takes no format of samples".into()))?;
    let spec = Spec::checked(config.sample_rate(), config.channels().into())
        .map_err(|error| refused(error.to_string()))?;
    let build = |buffer_size| {
        let wanted = StreamConfig {
            buffer_size,
            ..config.config()
        };
        let (queue, player) = queue(seconds, spec);
        let stopped = queue.failed();
        let stream = build(device, wanted, config.sample_format(), player, stopped);
        stream.map(|stream| (stream, queue))
    };
    let opened = build(BufferSize::Fixed(block_frames(
        &config,
        BLOCKS_PER_S,
        BLOCK_FRAMES,
    )))
    // Where no size can be requested, the device chooses.
    .or_else(|_| build(BufferSize::Default));
    let (stream, queue) = opened.map_err(failed)?;
    stream.play().map_err(failed)?;
    Ok((stream, queue, spec, name))
}

/// The configuration closest to the wanted one: first its channels, then its rate, then
/// the device's own format.
fn choose(
    configs: &[SupportedStreamConfigRange],
    default: Option<SupportedStreamConfig>,
    wanted: Spec,
) -> Option<SupportedStreamConfig> {
    let own = |part: fn(&SupportedStreamConfig) -> u32| default.as_ref().map(part);
    let own_channels = own(|config| config.channels().into());
    let own_rate = own(SupportedStreamConfig::sample_rate);
    let takes = |config: &SupportedStreamConfigRange, rate: u32| {
        (config.min_sample_rate()..=config.max_sample_rate()).contains(&rate)
    };
    let fit = |config: &&SupportedStreamConfigRange| {
        (
            config.channels() == wanted.channels,
            Some(u32::from(config.channels())) == own_channels,
            takes(config, wanted.sample_rate),
            own_rate.is_some_and(|rate| takes(config, rate)),
            rank(config.sample_format()),
        )
    };
    let best = configs
        .iter()
        .filter(|config| !config.sample_format().is_dsd())
        .max_by_key(fit);
    let Some(best) = best else {
        return default.filter(|config| !config.sample_format().is_dsd());
    };
    let rates = [Some(wanted.sample_rate), own_rate];
    let rate = rates.into_iter().flatten().find(|rate| takes(best, *rate));
    let nearest = wanted
        .sample_rate
        .clamp(best.min_sample_rate(), best.max_sample_rate());
    best.try_with_sample_rate(rate.unwrap_or(nearest))
}

/// Sample formats ordered by how precisely they store floats.
fn rank(format: SampleFormat) -> u8 {
    match format {
        SampleFormat::F32 => 4,
        SampleFormat::I32 | SampleFormat::F64 => 3,
        SampleFormat::I24 => 2,
        SampleFormat::I16 => 1,
        _ => 0,
    }
}

fn build(
    device: &Device,
    config: StreamConfig,
    format: SampleFormat,
    player: QueueReader,
    stopped: Failed,
) -> Result<Stream, cpal::Error> {
    build_for!(format, build_as(device, config, player, stopped))
}

fn build_as<T: SizedSample + Sample + FromSample<f32>>(
    device: &Device,
    config: StreamConfig,
    mut player: QueueReader,
    stopped: Failed,
) -> Result<Stream, cpal::Error> {
    device.build_output_stream::<T, _, _>(
        config,
        move |block, about| {
            let times = about.timestamp();
            player.fill(block, times.playback.duration_since(times.callback));
        },
        silent(move |error| {
            // A late block plays as silence; the stream continues.
            if error.kind() != ErrorKind::Xrun {
                stopped.store(true, Ordering::Release);
            }
        }),
        Some(ANSWER_TIMEOUT),
    )
}

#[cfg(test)]
mod tests {
    use cpal::SupportedBufferSize;

    use super::*;

    fn range(channels: u16, rates: (u32, u32), format: SampleFormat) -> SupportedStreamConfigRange {
        SupportedStreamConfigRange::new(
            channels,
            rates.0,
            rates.1,
            SupportedBufferSize::Unknown,
            format,
        )
    }

    fn chosen(configs: &[SupportedStreamConfigRange], rate: u32, channels: u16) -> (u32, u16) {
        let default =
            SupportedStreamConfig::new(2, 48_000, SupportedBufferSize::Unknown, SampleFormat::I16);
        let wanted = Spec {
            sample_rate: rate,
            channels,
        };
        let config = choose(configs, Some(default), wanted);
        config.map_or((0, 0), |config| (config.sample_rate(), config.channels()))
    }

    #[test]
    fn the_rate_and_the_channels_of_the_recording_go_first() {
        let server = [
            range(1, (1, 384_000), SampleFormat::F32),
            range(2, (1, 384_000), SampleFormat::I16),
        ];
        assert_eq!(chosen(&server, 16_000, 1), (16_000, 1));
        let card = [
            range(2, (44_100, 48_000), SampleFormat::I16),
            range(6, (48_000, 48_000), SampleFormat::I16),
        ];
        assert_eq!(chosen(&card, 44_100, 2), (44_100, 2));
        assert_eq!(chosen(&card, 16_000, 1), (48_000, 2));
        assert_eq!(chosen(&[], 16_000, 1), (48_000, 2));
    }
}
