//! The audio inputs of this machine.

mod cards;

use std::cmp::Reverse;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use cpal::traits::{DeviceTrait, HostTrait};
use cpal::{Device, HostId, SampleFormat, SupportedStreamConfig, SupportedStreamConfigRange};
use serde::Serialize;

pub use super::device_error::DeviceError;
pub use cards::{DistinctInput, distinct};

/// ALSA plugins that are not inputs. Querying them prints text on the screen (libjack's
/// cannot be silenced) and yields nothing.
const NOT_INPUTS: [&str; 10] = [
    "null",
    "jack",
    "oss",
    "lavrate",
    "samplerate",
    "speexrate",
    "speex",
    "upmix",
    "vdownmix",
    "usbstream",
];
/// ALSA's names for a sound server. Where that server answers itself, these are
/// duplicates with worse names.
const ROUTED: [&str; 3] = ["alsa:default", "alsa:pulse", "alsa:pipewire"];
/// How long one host may take to list its inputs; a hung server would block forever.
const LISTING_TIMEOUT: Duration = Duration::from_secs(3);
/// Most names that an error lists.
const MAX_LISTED_NAMES: usize = 8;

/// An input, with what can be learned without opening it.
#[derive(Debug, Clone, Serialize)]
pub struct InputDevice {
    /// Number in the list, from 1.
    pub index: usize,
    /// Stable id, `host:id`.
    pub id: String,
    /// System that offers it: `pulseaudio`, `alsa`, ...
    pub host: String,
    /// Display name.
    pub name: String,
    /// Whether it is used when no input is named.
    pub default: bool,
    /// Whether it is a monitor of an output: what the machine plays.
    pub monitor: bool,
    /// Sample formats.
    pub formats: Vec<String>,
    /// Lowest sample rate in hertz.
    pub min_rate: u32,
    /// Highest sample rate in hertz.
    pub max_rate: u32,
    /// Largest number of channels.
    pub channels: u16,
    /// The configuration it is opened with.
    pub default_config: Option<DefaultConfig>,
    /// Why it cannot be used at the moment, as a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    #[serde(skip)]
    pub(super) device: Device,
}

/// The preferred configuration of an input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DefaultConfig {
    /// Sample rate in hertz.
    pub sample_rate: u32,
    /// Channels.
    pub channels: u16,
    /// Sample format.
    pub format: String,
}

/// Suppresses ALSA's error output as long as this thread lives.
pub(super) fn silence() {
    #[cfg(target_os = "linux")]
    // If this fails, ALSA prints text on the screen, and nothing worse.
    drop(alsa::Output::local_error_handler());
}

/// The error callback of a stream that calls `note`. ALSA would write to the terminal
/// while the callback's thread recovers from an error.
pub(super) fn silent(mut note: impl FnMut(cpal::Error)) -> impl FnMut(cpal::Error) {
    let mut first = true;
    move |error| {
        if std::mem::take(&mut first) {
            silence();
        }
        note(error);
    }
}

/// All inputs: servers first, then ALSA; microphones before monitors.
pub fn list() -> Vec<InputDevice> {
    let survey = survey();
    let default = default_of(&survey).map(|input| input.id).ok();
    let mut inputs = survey.inputs;
    for input in &mut inputs {
        input.default = Some(&input.id) == default.as_ref();
    }
    inputs
}

/// Finds an input by its number from 1, exact id, exact name, or a part of the name or
/// id that fits only one; `None` selects the default microphone.
///
/// # Errors
///
/// [`DeviceError::NoneFound`] where there is no microphone; otherwise a sentence with
/// the most similar names.
pub fn find(wanted: Option<&str>) -> Result<InputDevice, DeviceError> {
    let survey = survey();
    if survey.inputs.is_empty() && survey.hangs {
        return Err(DeviceError::ServerHangs);
    }
    match wanted {
        Some(wanted) => choose(&survey.inputs, wanted),
        None => default_of(&survey),
    }
}

/// Finds an input by its exact stable id; similar ids belong to other inputs.
///
/// # Errors
///
/// [`DeviceError::Gone`] where it does not exist.
pub fn find_id(id: &str) -> Result<InputDevice, DeviceError> {
    let mut inputs = survey().inputs.into_iter();
    inputs
        .find(|input| input.id == id)
        .ok_or_else(|| DeviceError::Gone(id.to_owned()))
}

#[derive(Default)]
struct Survey {
    inputs: Vec<InputDevice>,
    /// Whether a sound server answered.
    served: bool,
    /// Whether a sound server did not answer in time.
    hangs: bool,
}

fn survey() -> Survey {
    let mut survey = Survey::default();
    let start = Instant::now();
    let asked: Vec<_> = cpal::available_hosts()
        .into_iter()
        .map(|host| {
            let (send, receive) = mpsc::channel();
            thread::spawn(move || {
                silence();
                let _ = send.send(inputs_of(host));
            });
            (host, receive)
        })
        .collect();
    for (host, answer) in asked {
        let left = LISTING_TIMEOUT.saturating_sub(start.elapsed());
        match answer.recv_timeout(left) {
            Ok(Some(inputs)) => {
                survey.served |= host.to_string() != "alsa";
                survey.inputs.extend(inputs);
            }
            Ok(None) => {}
            Err(_) => survey.hangs = true,
        }
    }
    for (index, input) in survey.inputs.iter_mut().enumerate() {
        input.index = index + 1;
    }
    survey
}

fn choose(inputs: &[InputDevice], wanted: &str) -> Result<InputDevice, DeviceError> {
    let given = wanted.trim();
    let lower = given.to_lowercase();
    let number: Option<usize> = given.parse().ok();
    let exact = inputs
        .iter()
        .find(|input| Some(input.index) == number)
        .or_else(|| inputs.iter().find(|input| input.id == given))
        .or_else(|| inputs.iter().find(|input| input.name == given));
    if let Some(input) = exact {
        return Ok(input.clone());
    }
    let fits = |input: &&InputDevice| {
        input.name.to_lowercase().contains(&lower) || input.id.to_lowercase().contains(&lower)
    };
    let fitting: Vec<_> = inputs
        .iter()
        .filter(fits)
        .filter(|_| !lower.is_empty())
        .collect();
    match fitting[..] {
        [one] => Ok(one.clone()),
        [] => Err(DeviceError::Unknown {
            near: likest(inputs, &lower),
            wanted: wanted.to_owned(),
        }),
        _ => Err(DeviceError::Ambiguous {
            wanted: wanted.to_owned(),
            fitting: fitting
                .iter()
                .take(MAX_LISTED_NAMES)
                .map(|input| label(input))
                .collect(),
        }),
    }
}

/// The default of the first host that has a microphone.
fn default_of(survey: &Survey) -> Result<InputDevice, DeviceError> {
    let mut inputs = survey.inputs.clone();
    inputs.retain(|input| !survey.served || !ROUTED.contains(&input.id.as_str()));
    // A server without a microphone makes a monitor its default. If there is a
    // microphone, a monitor is the default only because a user chose it.
    let Some(microphone) = inputs.iter().position(|input| !input.monitor) else {
        let monitors = inputs.into_iter().map(|input| input.name).collect();
        return Err(DeviceError::NoneFound { monitors });
    };
    let host = inputs[microphone].host.clone();
    let default = inputs
        .iter()
        .position(|input| input.default && input.host == host);
    Ok(inputs.swap_remove(default.unwrap_or(microphone)))
}

fn likest(inputs: &[InputDevice], wanted: &str) -> Vec<String> {
    let likeness = |input: &InputDevice| {
        let name = strsim::jaro_winkler(&input.name.to_lowercase(), wanted);
        name.max(strsim::jaro_winkler(&input.id.to_lowercase(), wanted))
    };
    let mut all: Vec<_> = inputs
        .iter()
        .map(|input| (likeness(input), input))
        .collect();
    all.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    all.iter()
        .take(MAX_LISTED_NAMES)
        .map(|(_, input)| label(input))
        .collect()
}

fn label(input: &InputDevice) -> String {
    format!("{} \"{}\" ({})", input.index, input.name, input.id)
}

/// The inputs of a host; `None` where the host does not work.
fn inputs_of(host: HostId) -> Option<Vec<InputDevice>> {
    let system = cpal::host_from_id(host).ok()?;
    let devices = system.devices().ok()?;
    let default = system
        .default_input_device()
        .and_then(|device| device.id().ok());
    let mut inputs: Vec<_> = devices
        .filter(|device| device.id().is_ok_and(|id| is_input(id.id())))
        .filter(DeviceTrait::supports_input)
        .filter_map(|device| describe(host, device))
        .collect();
    for input in &mut inputs {
        input.default = default
            .as_ref()
            .is_some_and(|id| id.to_string() == input.id);
    }
    inputs.sort_by_key(|input| (input.monitor, Reverse(input.default)));
    Some(inputs)
}

/// Checks an id without its arguments: `speex:SLAVE=hw` is a `speex`.
fn is_input(id: &str) -> bool {
    let plugin = id.split(':').next().unwrap_or(id);
    !NOT_INPUTS.contains(&plugin)
}

/// The device's own default, or its best other configuration where that default is not
/// a numeric format.
pub(super) fn best_config(
    device: &Device,
    configs: &[SupportedStreamConfigRange],
) -> Option<SupportedStreamConfig> {
    let is_pcm = |format: SampleFormat| !format.is_dsd();
    let default = device.default_input_config().ok();
    default
        .filter(|config| is_pcm(config.sample_format()))
        .or_else(|| {
            let best = configs
                .iter()
                .filter(|config| is_pcm(config.sample_format()))
                .max_by(|a, b| a.cmp_default_heuristics(b))?;
            let standard = best.try_with_standard_sample_rate();
            Some(standard.unwrap_or_else(|| best.with_max_sample_rate()))
        })
}

fn describe(host: HostId, device: Device) -> Option<InputDevice> {
    let id = device.id().ok()?;
    let name = device
        .description()
        .map_or_else(|_| id.id().to_owned(), |about| about.name().to_owned());
    let (configs, problem) = match device.supported_input_configs() {
        Ok(configs) => (configs.collect(), None),
        Err(error) => match DeviceError::new(&name, &error) {
            // Present, and usable once another program releases it.
            problem @ (DeviceError::Busy(_) | DeviceError::NoPermission(_)) => {
                (Vec::new(), Some(problem.to_string()))
            }
            _ => return None,
        },
    };
    if configs.is_empty() && problem.is_none() {
        return None;
    }
    let config = best_config(&device, &configs);
    let mut formats = Vec::new();
    for format in configs
        .iter()
        .map(|config| config.sample_format().to_string())
    {
        if !formats.contains(&format) {
            formats.push(format);
        }
    }
    let rates = |rate: fn(&SupportedStreamConfigRange) -> u32| configs.iter().map(rate);
    Some(InputDevice {
        index: 0,
        host: host.to_string(),
        monitor: name.starts_with("Monitor of") || id.id().ends_with(".monitor"),
        id: id.to_string(),
        name,
        default: false,
        formats,
        min_rate: rates(SupportedStreamConfigRange::min_sample_rate)
            .min()
            .unwrap_or(0),
        max_rate: rates(SupportedStreamConfigRange::max_sample_rate)
            .max()
            .unwrap_or(0),
        channels: configs
            .iter()
            .map(SupportedStreamConfigRange::channels)
            .max()
            .unwrap_or(0),
        default_config: config.map(|config| DefaultConfig {
            sample_rate: config.sample_rate(),
            channels: config.channels(),
            format: config.sample_format().to_string(),
        }),
        problem,
        device,
    })
}
