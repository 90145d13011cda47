//! Connections: limited in number, one request each, limited in time and size.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio_io_timeout::TimeoutStream;

use super::access::Access;
use super::answer::Site;
use super::document::Documents;
use super::hub::Hub;

/// Most connections at a time; further ones are closed immediately.
const MAX_CONNECTIONS: u16 = 128;
/// Timeout of a complete header.
const HEADER_TIMEOUT: Duration = Duration::from_secs(5);
/// Timeout of a client that reads nothing.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);
/// Interval of the comments that detect closed connections.
const PING_INTERVAL: Duration = Duration::from_secs(5);
/// Timeout of the last messages.
const FINAL_WRITE_TIMEOUT: Duration = Duration::from_secs(1);
/// Pause when the system cannot accept a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Largest header, in bytes.
const MAX_HEADER_BYTES: usize = 16 * 1024;
/// Bytes that the system buffers for a client that reads nothing.
const SEND_BUFFER_BYTES: u32 = 64 * 1024;
/// Most connections that wait to be accepted.
const BACKLOG: u32 = 128;

/// A listener with its runtime.
pub(super) struct Listening {
    runtime: Runtime,
    listener: TcpListener,
    address: SocketAddr,
}

impl Listening {
    pub(super) fn port(&self) -> u16 {
        self.address.port()
    }
}

/// Listens at a port of the loopback address; 0 is any free port.
pub(super) fn listen(port: u16) -> io::Result<Listening> {
    let runtime = Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()?;
    let entered = runtime.enter();
    let socket = TcpSocket::new_v4()?;
    // On other systems this option would let two programs share a port.
    #[cfg(not(windows))]
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    socket.bind((Ipv4Addr::LOCALHOST, port).into())?;
    let listener = socket.listen(BACKLOG)?;
    let address = listener.local_addr()?;
    drop(entered);
    Ok(Listening {
        runtime,
        listener,
        address,
    })
}

/// Serves on its own thread until it is dropped.
pub(super) struct Server {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts the server.
    ///
    /// # Errors
    /// The system cannot start a thread.
    pub(super) fn start(listening: Listening, access: Access, hub: Arc<Hub>) -> io::Result<Self> {
        let documents = Documents::new()?;
        let site = Arc::new(Site {
            access,
            documents,
            hub,
        });
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("web".into())
            .spawn(move || serve(listening, site, stopped))?;
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join(); // a panic was already reported
        }
    }
}

fn serve(listening: Listening, site: Arc<Site>, stopped: oneshot::Receiver<()>) {
    let Listening {
        runtime, listener, ..
    } = listening;
    let slots = Arc::new(Semaphore::new(usize::from(MAX_CONNECTIONS)));
    let hub = Arc::clone(&site.hub);
    runtime.block_on(async {
        let accepting = tokio::spawn(accept(listener, site, Arc::clone(&slots)));
        let pinging = tokio::spawn(async move {
            loop {
                tokio::time::sleep(PING_INTERVAL).await;
                hub.ping();
            }
        });
        let _ = stopped.await; // the sender is dropped
        accepting.abort();
        pinging.abort();
        let ended = slots.acquire_many(u32::from(MAX_CONNECTIONS));
        let _ = tokio::time::timeout(FINAL_WRITE_TIMEOUT, ended).await;
    });
}

async fn accept(listener: TcpListener, site: Arc<Site>, slots: Arc<Semaphore>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        if let Ok(slot) = Arc::clone(&slots).try_acquire_owned() {
            tokio::spawn(converse(stream, Arc::clone(&site), slot));
        }
    }
}

/// Handles one request.
async fn converse(stream: TcpStream, site: Arc<Site>, slot: OwnedSemaphorePermit) {
    let _ = stream.set_nodelay(true); // otherwise events are delayed
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(WRITE_TIMEOUT));
    let answering = service_fn(|request| {
        let answer = site.answer(&request);
        async { Ok::<_, Infallible>(answer) }
    });
    let conversation = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(MAX_HEADER_BYTES)
        .keep_alive(false)
        .serve_connection(TokioIo::new(Box::pin(stream)), answering);
    if let Err(error) = conversation.await {
        tracing::debug!(%error, "a connection to the page ended");
    }
    drop(slot);
}
