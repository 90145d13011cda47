//! Analyzes many recordings: finds them, runs on all cores, and keeps their order in
//! the output.

pub mod baselines;
pub mod jobs;
pub mod manifest;
pub mod names;
pub mod recording;
pub mod shard;
pub mod targets;
pub mod walk;

use std::collections::BTreeMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crossbeam_channel::{Receiver, Sender, bounded};

use self::baselines::Baselines;
use self::jobs::Jobs;
use self::recording::Recording;
use crate::dsp::mono::ChannelSelection;
use crate::engine::Engine;
use crate::events::{ErrorEvent, Event};
use crate::sink::Sink;

/// Most events that wait for the writer.
const QUEUE_MESSAGES: usize = 4096;

/// Reports progress to the user.
pub trait Progress {
    /// A recording failed, or not all of it could be read.
    fn failed(&self, message: &str);
    /// A remark about a recording.
    fn noted(&self, message: &str);
    /// A recording is complete.
    fn done(&self, recording: &Recording);
}

/// Recordings and how to analyze them.
pub struct Batch<'a> {
    /// The recordings, in the order of the output.
    pub recordings: &'a [Recording],
    /// The baselines of their speakers.
    pub baselines: &'a Baselines,
    /// Channels to analyze.
    pub channel: ChannelSelection,
    /// Number of recordings at once.
    pub jobs: Jobs,
    /// Model and engine.
    pub engine: &'a Engine,
}

/// A message from a worker about the recording with that number.
enum Message {
    Event(usize, Box<Event>),
    Notice(String),
    Done(usize),
}

impl Batch<'_> {
    /// Analyzes all recordings and writes their events in the order of the recordings,
    /// in whatever order they finish. Returns the number of failed recordings.
    ///
    /// # Errors
    /// The sink's error.
    pub fn run(&self, sink: &mut dyn Sink, progress: &dyn Progress) -> io::Result<usize> {
        let (messages, inbox) = bounded(QUEUE_MESSAGES);
        std::thread::scope(|scope| {
            let workers = scope.spawn(move || self.work(&messages));
            let written = self.write(&inbox, sink, progress);
            // Without a receiver the workers stop, for example after a failed write.
            drop(inbox);
            let worked = workers.join();
            let failed = written?;
            worked.map_err(|_| io::Error::other("a worker crashed; the log says where"))?;
            sink.finish()?;
            Ok(failed)
        })
    }

    fn work(&self, messages: &Sender<Message>) {
        self.jobs.each(self.recordings, |number, recording| {
            // A file that makes a library panic must not stop the others.
            let work = || self.analyze(number, recording, messages);
            catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
                let message = format!("{} caused a crash; please report it", recording.name);
                let event = Box::new(Event::Error(ErrorEvent { message }));
                messages.send(Message::Event(number, event)).ok()?;
                messages.send(Message::Done(number)).ok()
            })
        });
    }

    /// Analyzes one recording; `None` when the receiver was dropped.
    fn analyze(
        &self,
        number: usize,
        recording: &Recording,
        messages: &Sender<Message>,
    ) -> Option<()> {
        let mut connected = true;
        let mut send = |event: Event| {
            let message = Message::Event(number, Box::new(event));
            connected = connected && messages.send(message).is_ok();
        };
        if let Some(mut source) = recording.open(&mut send) {
            let engine = self.baselines.engine(recording, self.channel, self.engine);
            let engine = recording.with_turns(self.channel, &engine);
            let analysis = recording.analyze(&mut source, self.channel, &engine, &mut send);
            for notice in analysis.notices {
                messages.send(Message::Notice(notice)).ok()?;
            }
        }
        connected.then_some(())?;
        messages.send(Message::Done(number)).ok()
    }

    /// Writes the events recording by recording, and holds back those of later ones.
    fn write(
        &self,
        inbox: &Receiver<Message>,
        sink: &mut dyn Sink,
        progress: &dyn Progress,
    ) -> io::Result<usize> {
        let mut waiting: BTreeMap<usize, (Vec<Event>, bool)> = BTreeMap::new();
        let mut next = 0;
        let mut failed = 0;
        for message in inbox {
            match message {
                Message::Event(number, event) => waiting.entry(number).or_default().0.push(*event),
                Message::Notice(notice) => progress.noted(&notice),
                Message::Done(number) => {
                    progress.done(&self.recordings[number]);
                    waiting.entry(number).or_default().1 = true;
                }
            }
            while let Some((events, done)) = waiting.get_mut(&next) {
                for event in events.drain(..) {
                    if let Event::Error(error) = &event {
                        failed += 1;
                        progress.failed(&error.message);
                    }
                    sink.event(Some(&self.recordings[next].name), &event)?;
                }
                if !*done {
                    break;
                }
                waiting.remove(&next);
                next += 1;
            }
        }
        Ok(failed)
    }
}
