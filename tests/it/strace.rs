//! System calls of the program, traced by strace.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::sound_server::SoundServer;
use crate::support::{data, emoscope};

/// Whether programs can be traced here; says so where not.
fn traceable() -> bool {
    let works = Command::new("strace")
        .args(["-o", "/dev/null", "true"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !works {
        eprintln!("skipped: no strace, or it may not trace");
    }
    works
}

/// A trace of the program: a line per system call, each with its thread.
fn trace(program: &Command, options: &[&str], home: &TempDir) -> String {
    let log = home.path().join("trace");
    let mut command = Command::new("strace");
    command.args(["-f", "-o"]).arg(&log).args(options);
    command.arg(program.get_program()).args(program.get_args());
    for (name, value) in program.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", crate::support::said(&output));
    std::fs::read_to_string(Path::new(&log)).unwrap()
}

/// Thread and call of a line; the result of an interrupted call belongs to its call.
fn calls(trace: &str) -> impl Iterator<Item = (&str, &str)> {
    trace.lines().filter_map(|line| {
        let (thread, call) = line.split_once(' ')?;
        let call = call.trim_start();
        let starts = |prefix| call.starts_with(prefix);
        (!starts("+++") && !starts("---")).then_some((thread, call))
    })
}

/// The sound server's protocol: a block of samples begins with its length and
/// the number of a stream, all else with the number that no stream has.
fn is_audio(call: &str) -> bool {
    let resumed = call.starts_with("<... recvfrom resumed>");
    let Some((_, bytes)) = call.split_once('"') else {
        return false;
    };
    (resumed || call.starts_with("recvfrom("))
        && bytes.starts_with("\\0\\0")
        && !bytes.contains("\\377\\377\\377\\377")
        && call
            .rsplit("= ")
            .next()
            .is_some_and(|n| n.parse::<u32>().is_ok_and(|n| n > 100))
}

#[test]
fn the_audio_callback_makes_no_system_call() {
    if !traceable() {
        return;
    }
    let Some(server) = SoundServer::start() else {
        return;
    };
    let home = tempfile::tempdir().unwrap();
    let mut command = emoscope(&home);
    command.args([
        "live",
        "--jsonl",
        "--device",
        "pulseaudio:vmic",
        "--seconds",
        "3",
    ]);
    command.envs(server.environment());
    let trace = trace(&command, &["-s", "16"], &home);
    let thread = calls(&trace)
        .find_map(|(thread, call)| is_audio(call).then_some(thread))
        .expect("a thread that samples come to");
    let own: Vec<&str> = calls(&trace)
        .filter_map(|(of, call)| (of == thread).then_some(call))
        .collect();
    // The callback runs between the arrival of its block and the next call of the
    // thread, which sleeps or continues to read. A first block may find pages of the ring
    // that were never touched, which is no call.
    let mut blocks = 0;
    let mut after = BTreeSet::new();
    for pair in own.windows(2).filter(|pair| is_audio(pair[0])) {
        blocks += 1;
        after.insert(pair[1].split('(').next().unwrap());
    }
    eprintln!("{blocks} blocks, then {after:?}");
    assert!(blocks > 50, "{blocks} blocks in three seconds");
    let of_the_reader = ["recvfrom", "clock_nanosleep"];
    assert!(
        after.iter().all(|call| of_the_reader.contains(call)),
        "{after:?}"
    );
}

#[test]
fn no_network_socket_is_ever_opened() {
    if !traceable() {
        return;
    }
    let server = SoundServer::start();
    let file = data("speech-16k.wav");
    let file = file.to_str().unwrap();
    let mut runs = vec![
        vec!["replay", file],
        vec!["analyze", file],
        vec!["features", file],
        vec!["doctor"],
        vec!["devices"],
    ];
    if server.is_some() {
        runs.push(vec![
            "live",
            "--jsonl",
            "--device",
            "vmic",
            "--seconds",
            "1",
        ]);
    }
    for arguments in runs {
        let home = tempfile::tempdir().unwrap();
        let mut command = emoscope(&home);
        command.args(&arguments);
        if let Some(server) = &server {
            command.envs(server.environment());
        }
        let trace = trace(&command, &["-e", "trace=socket,socketpair,connect"], &home);
        for (_, call) in calls(&trace).filter(|(_, call)| call.starts_with("socket(")) {
            assert!(call.starts_with("socket(AF_UNIX"), "{arguments:?}: {call}");
        }
        for (_, call) in calls(&trace).filter(|(_, call)| call.starts_with("connect(")) {
            assert!(call.contains("AF_UNIX"), "{arguments:?}: {call}");
        }
        let live = arguments[0] == "live";
        assert!(!live || trace.contains("connect("), "{trace}");
    }
}

/// OSC is the one exception, and stays on this machine.
#[test]
fn osc_reaches_this_machine_alone() {
    if !traceable() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let mut command = emoscope(&home);
    command.arg("replay").arg(data("speech-16k.wav"));
    command.args(["--jsonl", "--osc", "9"]);
    let trace = trace(&command, &["-e", "trace=bind,connect,sendto"], &home);
    let calls: Vec<&str> = calls(&trace).map(|(_, call)| call).collect();
    let addressed: Vec<&&str> = calls.iter().filter(|c| c.contains("sin_addr")).collect();
    assert!(
        addressed.iter().all(|call| call.contains("127.0.0.1")),
        "{addressed:?}"
    );
    assert!(
        addressed.len() >= 2 && trace.contains("/emoscope/label"),
        "{trace}"
    );
}

/// The page is served to this machine only, and no other connection is opened.
#[cfg(feature = "web")]
#[test]
fn the_page_listens_on_the_loopback_address_alone() {
    if !traceable() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let mut command = emoscope(&home);
    command.arg("replay").arg(data("speech-16k.wav"));
    command.args(["--jsonl", "--web", "--speed", "8"]);
    let trace = trace(
        &command,
        &["-e", "trace=bind,connect,listen,sendto,openat,creat"],
        &home,
    );
    let calls: Vec<&str> = calls(&trace).map(|(_, call)| call).collect();
    let starting = |name: &str| -> Vec<&&str> {
        let calls = calls.iter().filter(|call| call.starts_with(name));
        calls.collect()
    };
    let bound = starting("bind(");
    assert!(
        bound.len() == 1 && bound[0].contains("sin_addr=inet_addr(\"127.0.0.1\")"),
        "{bound:?}"
    );
    assert_eq!(starting("listen(").len(), 1, "{trace}");
    assert!(!trace.contains("AF_INET6"), "{trace}");
    let connected = starting("connect(");
    assert!(
        connected.iter().all(|call| call.contains("AF_UNIX")),
        "{connected:?}"
    );
    // Only the log is written, as without a page.
    let written = calls
        .iter()
        .filter(|call| call.contains("O_CREAT") && !call.contains("emoscope.log"));
    assert_eq!(written.count(), 0, "{trace}");
}
