//! Merges ALSA's several names of the same input of a sound card.

use super::InputDevice;

/// ALSA plugins that open a card, best first: those that convert precede the card itself.
const WAYS: [&str; 6] = ["plughw", "sysdefault", "default", "dsnoop", "front", "hw"];

/// An input, and other names of it.
#[derive(Debug, Clone)]
pub struct DistinctInput<'a> {
    /// The one in use, else the default, else the one that fits most programs.
    pub input: &'a InputDevice,
    /// The same input of the same card under other names.
    pub others: Vec<&'a InputDevice>,
}

/// Each input once, in the order of the list; `current` is the id of the one in use.
pub fn distinct<'a>(inputs: &'a [InputDevice], current: Option<&str>) -> Vec<DistinctInput<'a>> {
    let names = inputs
        .iter()
        .map(|input| (input.id.as_str(), input.name.as_str()));
    let groups = grouped(&names.collect::<Vec<_>>()).into_iter();
    let distinct = groups.filter_map(|mut group| {
        let wanted = |number: &usize| {
            let input = &inputs[*number];
            (Some(input.id.as_str()) != current, !input.default)
        };
        group.sort_by_key(wanted); // stable: equal elements keep their order
        let mut group = group.into_iter().map(|number| &inputs[number]);
        Some(DistinctInput {
            input: group.next()?,
            others: group.collect(),
        })
    });
    distinct.collect()
}

/// Numbers of the names that mean one input, the best first. A name is an id and
/// what ALSA calls the card and its device.
fn grouped(names: &[(&str, &str)]) -> Vec<Vec<usize>> {
    let ways: Vec<Option<Way<'_>>> = names.iter().map(|(id, _)| Way::parse(id)).collect();
    let same = |one: usize, other: usize| {
        let ((Some(a), Some(b)), true) = ((ways[one], ways[other]), names[one].1 == names[other].1)
        else {
            return false;
        };
        // A card has an id and a number; cards of one model have one name.
        let model = |way: &Way<'_>| way.device == a.device && !way.is_numbered();
        let mut ids: Vec<&str> = (0..names.len())
            .filter(|number| names[*number].1 == names[one].1)
            .filter_map(|number| ways[number].filter(model).map(|way| way.card))
            .collect();
        ids.sort_unstable();
        ids.dedup();
        a.device == b.device
            && (a.card == b.card || ids.len() == 1 && (a.is_numbered() || b.is_numbered()))
    };
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for number in 0..names.len() {
        match groups.iter_mut().find(|group| same(group[0], number)) {
            Some(group) => group.push(number),
            None => groups.push(vec![number]),
        }
    }
    for group in &mut groups {
        let rank = |number: &usize| {
            let way = ways[*number].map_or("", |way| way.plugin);
            let rank = WAYS.iter().position(|known| *known == way);
            let numbered = ways[*number].is_some_and(|way| way.is_numbered());
            (rank.unwrap_or(WAYS.len()), numbered)
        };
        group.sort_by_key(rank);
    }
    groups
}

/// A name such as `alsa:hw:CARD=PCH,DEV=0`.
#[derive(Debug, Clone, Copy)]
struct Way<'a> {
    plugin: &'a str,
    card: &'a str,
    device: &'a str,
}

impl<'a> Way<'a> {
    fn parse(id: &'a str) -> Option<Self> {
        let (plugin, arguments) = id.strip_prefix("alsa:")?.split_once(':')?;
        let argument = |key: &str| {
            let mut arguments = arguments.split(',');
            arguments.find_map(|argument| argument.strip_prefix(key))
        };
        Some(Self {
            plugin,
            card: argument("CARD=")?,
            device: argument("DEV=").unwrap_or("0"),
        })
    }

    fn is_numbered(&self) -> bool {
        self.card.bytes().all(|byte| byte.is_ascii_digit())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `arecord -L` lists a laptop's card and a headset, and cpal adds their numbers.
    const LAPTOP: [(&str, &str); 12] = [
        ("pulseaudio:alsa_input.pci", "Built-in Audio"),
        ("alsa:default", "Playback/recording through PulseAudio"),
        ("alsa:sysdefault:CARD=PCH", "HDA Intel PCH, ALC295 Analog"),
        ("alsa:front:CARD=PCH,DEV=0", "HDA Intel PCH, ALC295 Analog"),
        ("alsa:hw:CARD=PCH,DEV=0", "HDA Intel PCH, ALC295 Analog"),
        ("alsa:plughw:CARD=PCH,DEV=0", "HDA Intel PCH, ALC295 Analog"),
        ("alsa:hw:CARD=PCH,DEV=2", "HDA Intel PCH, ALC295 Alt Analog"),
        ("alsa:hw:CARD=Headset,DEV=0", "USB Headset, USB Audio"),
        ("alsa:hw:CARD=0,DEV=0", "HDA Intel PCH, ALC295 Analog"),
        ("alsa:plughw:CARD=0,DEV=0", "HDA Intel PCH, ALC295 Analog"),
        ("alsa:hw:CARD=0,DEV=2", "HDA Intel PCH, ALC295 Alt Analog"),
        ("alsa:plughw:CARD=1,DEV=0", "USB Headset, USB Audio"),
    ];

    #[test]
    fn an_input_of_a_card_is_one_whatever_its_names() {
        assert_eq!(
            grouped(&LAPTOP),
            [
                vec![0],
                vec![1],
                vec![5, 9, 2, 3, 4, 8],
                vec![6, 10],
                vec![11, 7]
            ]
        );
    }

    #[test]
    fn two_cards_of_one_model_are_two() {
        let name = "USB PnP Microphone, USB Audio";
        let ids = ["hw:CARD=Device", "plughw:CARD=Device", "hw:CARD=Device_1"];
        let ids = ids.map(|id| format!("alsa:{id},DEV=0"));
        let names: Vec<_> = ids.iter().map(|id| (id.as_str(), name)).collect();
        assert_eq!(grouped(&names), [vec![1, 0], vec![2]]);
    }
}
