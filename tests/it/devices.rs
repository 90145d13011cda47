//! The list of inputs, and finding one by number, id or name.

use std::process::Command;
use std::time::Instant;

use emoscope::audio::device::{DeviceError, find, list};

use crate::sound_server::{SoundServer, inside};

#[test]
fn the_virtual_microphone_is_listed_and_found() {
    if let Some(server) = SoundServer::start() {
        server.run_test("devices::inside_a_server");
        server.run(&["remove"]).unwrap();
        server.run_test("devices::inside_a_server_without_a_microphone");
        server.run(&["stall"]).unwrap();
        server.run_test("devices::inside_a_server_that_hangs");
        server.run(&["resume"]).unwrap();
    }
}

#[test]
#[ignore = "run by the_virtual_microphone_is_listed_and_found"]
fn inside_a_server() {
    if !inside() {
        return;
    }
    let inputs = list();
    eprintln!("{}", serde_json::to_string_pretty(&inputs).unwrap());
    let numbers: Vec<_> = inputs.iter().map(|input| input.index).collect();
    assert_eq!(numbers, (1..=inputs.len()).collect::<Vec<_>>());

    let microphone = &inputs[0];
    assert_eq!(microphone.name, "VirtualMicrophone");
    assert_eq!(microphone.id, "pulseaudio:vmic");
    assert!(microphone.default && !microphone.monitor);
    let config = microphone.default_config.as_ref().unwrap();
    assert_eq!(
        (config.sample_rate, config.channels, config.format.as_str()),
        (48_000, 1, "i16")
    );
    let monitor = inputs.iter().find(|input| input.monitor).unwrap();
    assert_eq!(monitor.name, "Monitor of VirtualSpeaker");
    assert!(
        inputs
            .iter()
            .skip_while(|input| input.host == "pulseaudio")
            .all(|input| input.host == "alsa")
    );
    assert!(inputs.iter().any(|input| input.id == "alsa:default"));

    let id = |wanted: Option<&str>| find(wanted).unwrap().id;
    assert_eq!(id(None), "pulseaudio:vmic");
    for wanted in [
        "1",
        "pulseaudio:vmic",
        "VirtualMicrophone",
        "virtualmic",
        " vmic ",
    ] {
        assert_eq!(id(Some(wanted)), "pulseaudio:vmic", "{wanted}");
    }
    assert_eq!(id(Some("monitor of")), "pulseaudio:vspk.monitor");
    let error = find(Some("VirtualMikrofone")).unwrap_err();
    assert!(
        matches!(&error, DeviceError::Unknown { near, .. } if near[0].contains("VirtualMicrophone")),
        "{error}"
    );
    assert!(error.to_string().contains("`emoscope devices`"), "{error}");
    let error = find(Some("Virtual")).unwrap_err();
    assert!(matches!(error, DeviceError::Ambiguous { .. }), "{error}");
    assert!(matches!(find(Some("99")), Err(DeviceError::Unknown { .. })));
    assert!(matches!(find(Some("")), Err(DeviceError::Unknown { .. })));
}

#[test]
#[ignore = "run by the_virtual_microphone_is_listed_and_found"]
fn inside_a_server_without_a_microphone() {
    if inside() {
        let error = find(None).unwrap_err();
        assert!(matches!(error, DeviceError::NoneFound { .. }), "{error}");
    }
}

#[test]
#[ignore = "run by the_virtual_microphone_is_listed_and_found"]
fn inside_a_server_that_hangs() {
    if inside() {
        let start = Instant::now();
        let inputs = list();
        eprintln!("{} inputs after {:?}", inputs.len(), start.elapsed());
        assert!(start.elapsed().as_secs() < 6);
        assert!(matches!(find(None), Err(DeviceError::ServerHangs)));
    }
}

#[test]
fn without_any_server_the_list_is_quick_and_silent() {
    let nowhere = tempfile::tempdir().unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "devices::inside_nowhere",
            "--ignored",
            "--nocapture",
        ])
        .env(
            "PULSE_SERVER",
            format!("unix:{}/none", nowhere.path().display()),
        )
        .env("XDG_RUNTIME_DIR", nowhere.path())
        .env("EMOSCOPE_TEST_SERVER", "none")
        .env_remove("DISPLAY")
        .output()
        .unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{err}");
    eprintln!("{err}");
    assert_eq!(
        err.lines().count(),
        1,
        "text of a library on the screen: {err}"
    );
}

#[test]
#[ignore = "run by without_any_server_the_list_is_quick_and_silent"]
fn inside_nowhere() {
    if inside() {
        let start = Instant::now();
        let inputs = list();
        eprintln!("{} inputs after {:?}", inputs.len(), start.elapsed());
        assert!(start.elapsed().as_secs() < 2);
        if inputs.is_empty() {
            assert!(matches!(find(None), Err(DeviceError::NoneFound { .. })));
        }
    }
}
