//! The console's Unix socket in the state folder, for its owner only.
//!
//! A client sends command lines. Each is answered by a header line, "CODE
//! OCTETS", and that many octets of text.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cert_lifecycle::{ADMIN, Actor, Via};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::dialogue::{Dialogue, LINE_OCTETS_MAX, Reply};
use crate::App;
use crate::output::log;

/// Consoles at a time; one more is closed at once.
const CONSOLES_MAX: usize = 8;

/// The socket of the unit that runs on this state folder.
pub(super) fn path(state_dir: &Path) -> PathBuf {
    state_dir.join("console.sock")
}

/// The listening socket; it is removed when the unit ends.
pub(crate) struct Socket {
    path: PathBuf,
    task: JoinHandle<()>,
}

impl Socket {
    pub(crate) fn end(self) {
        self.task.abort();
        drop(fs::remove_file(&self.path));
    }
}

/// Listens for consoles. The store's lock has made sure that no other unit runs
/// on this folder, so a socket that is there was left by one that was killed.
pub(crate) fn listen(state_dir: &Path, app: Arc<App>) -> Result<Socket, String> {
    let path = path(state_dir);
    let refused = |error| {
        format!(
            "the console's socket {} cannot be made: {error}",
            path.display()
        )
    };
    match fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(refused(error)),
        _ => {}
    }
    // The folder is its owner's alone, so nobody gets in before the mode is set.
    let listener = std::os::unix::net::UnixListener::bind(&path).map_err(refused)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).map_err(refused)?;
    listener.set_nonblocking(true).map_err(refused)?;
    let listener = UnixListener::from_std(listener).map_err(refused)?;
    let task = tokio::spawn(accept(listener, app));
    Ok(Socket { path, task })
}

async fn accept(listener: UnixListener, app: Arc<App>) {
    let places = Arc::new(Semaphore::new(CONSOLES_MAX));
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                log(format_args!("a console could not be accepted: {error}"));
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            continue;
        };
        let app = Arc::clone(&app);
        tokio::spawn(async move {
            // A console that goes away in the middle of a line is no news.
            drop(converse(stream, app).await);
            drop(place);
        });
    }
}

async fn converse(stream: UnixStream, app: Arc<App>) -> std::io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    let limit = u64::try_from(LINE_OCTETS_MAX).unwrap_or(u64::MAX);
    loop {
        let mut line = Vec::new();
        if (&mut reader)
            .take(limit)
            .read_until(b'\n', &mut line)
            .await?
            == 0
        {
            return Ok(());
        }
        let whole = line.len() < LINE_OCTETS_MAX || line.ends_with(b"\n");
        let reply = match String::from_utf8(line) {
            Ok(line) if whole => answer(Arc::clone(&app), line).await,
            Ok(_) => Reply::not_understood(format_args!(
                "The line is longer than {LINE_OCTETS_MAX} octets."
            )),
            Err(_) => Reply::not_understood("The line is not UTF-8 text."),
        };
        let header = format!("{} {}\n", reply.code, reply.text.len());
        writer.write_all(header.as_bytes()).await?;
        writer.write_all(reply.text.as_bytes()).await?;
        if !whole {
            return Ok(());
        }
    }
}

/// Commands may make keys, so they run beside the listener's threads.
async fn answer(app: Arc<App>, line: String) -> Reply {
    let actor = Actor {
        who: ADMIN.into(),
        via: Via::Console,
    };
    let ran = tokio::task::spawn_blocking(move || Dialogue::one(app, actor, &line)).await;
    ran.unwrap_or_else(|_| Reply::not_done("The command broke off. See the log."))
}
