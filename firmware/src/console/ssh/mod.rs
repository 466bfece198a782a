//! The console over SSH: a shell, and single commands for scripts.
//!
//! The host key is the unit's own, and whoever signs in is the administrator of the
//! pages, with the same password and throttle, or with a key that the administrator has
//! authorised. Nothing else of SSH is there: no forwarding, no files, no agent.

mod channel;

use std::borrow::Cow;
use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use cert_lifecycle::{ADMIN, Actor, Unit, Via};
use russh::keys::ssh_key::private::Ed25519Keypair;
use russh::keys::{Algorithm, HashAlg, PrivateKey, PublicKey};
use russh::server::{
    Auth, ChannelOpenHandle, Config, Handler, Msg, PublicKeyOffer, Session, VerifiedPublicKey,
    run_stream,
};
use russh::{
    Channel, ChannelId, ChannelOpenFailure, MethodKind, MethodSet, Preferred, Pty, SshId, cipher,
    compression, kex, mac,
};
use tokio::io::{DuplexStream, copy_bidirectional, duplex};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use zeroize::Zeroizing;

use super::sign_in::{Attempt, Seat};
use super::terminal::Kind;
use crate::App;
use crate::limits::{CHANNELS_MAX, CONSOLES, SIGN_IN_MAX, SIGN_INS_MAX, WINDOW_OCTETS};
use crate::output::log;
use crate::server::{Mark, accept};

/// A key is refused after as much time as this, a password after at least as much.
const REFUSAL_TIME: Duration = Duration::from_millis(200);
/// How often a connection is looked at: whether the sign-in still holds.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// A client that has been silent for so long is asked whether it is still there.
const SILENCE_MAX: Duration = Duration::from_secs(30);
/// So many questions may stay without an answer.
const UNANSWERED_MAX: usize = 3;
/// Messages that wait for a channel, each of a packet at most.
const CHANNEL_MESSAGES_MAX: usize = 4;

/// Agreement on keys: hybrid with ML-KEM first, as in TLS, and no prime fields.
const KEY_EXCHANGES: &[kex::Name] = &[
    kex::MLKEM768X25519_SHA256,
    kex::CURVE25519,
    kex::CURVE25519_PRE_RFC_8731,
    kex::EXTENSION_SUPPORT_AS_SERVER,
    kex::EXTENSION_OPENSSH_STRICT_KEX_AS_SERVER,
];
const CIPHERS: &[cipher::Name] = &[
    cipher::AES_256_GCM,
    cipher::CHACHA20_POLY1305,
    cipher::AES_128_GCM,
    cipher::AES_256_CTR,
];
/// For the last of the ciphers: only those that authenticate what was encrypted.
const MACS: &[mac::Name] = &[mac::HMAC_SHA256_ETM, mac::HMAC_SHA512_ETM];

/// What the unit shows itself with.
#[derive(Clone)]
pub(crate) struct Host(Arc<Config>);

impl Host {
    /// The host key of the unit, with all that is offered.
    pub(crate) fn of(unit: &Unit) -> io::Result<Self> {
        let key = unit.host_key().map_err(io::Error::other)?;
        let key = Ed25519Keypair::from_seed(&key);
        let config = Config {
            server_id: SshId::Standard(Cow::Borrowed("SSH-2.0-Countersign")),
            methods: methods(),
            auth_rejection_time: REFUSAL_TIME,
            auth_rejection_time_initial: Some(Duration::ZERO),
            keys: vec![PrivateKey::from(key)],
            window_size: WINDOW_OCTETS,
            channel_buffer_size: CHANNEL_MESSAGES_MAX,
            max_auth_attempts: SIGN_INS_MAX,
            inactivity_timeout: None,
            keepalive_interval: Some(SILENCE_MAX),
            keepalive_max: UNANSWERED_MAX,
            preferred: Preferred {
                kex: Cow::Borrowed(KEY_EXCHANGES),
                key: Cow::Owned(vec![Algorithm::Ed25519]),
                cipher: Cow::Borrowed(CIPHERS),
                mac: Cow::Borrowed(MACS),
                compression: Cow::Borrowed(&[compression::NONE]),
                ..Preferred::default()
            },
            ..Config::default()
        };
        Ok(Self(Arc::new(config)))
    }
}

/// Serves consoles until `ended` says true.
pub(crate) async fn serve(
    listener: TcpListener,
    host: Host,
    app: Arc<App>,
    ended: watch::Receiver<bool>,
) {
    accept(listener, CONSOLES, ended, |stream, address, mark| {
        let (host, app) = (host.clone(), Arc::clone(&app));
        async move {
            // Somebody who breaks off or speaks something else is no news.
            drop(attend(stream, address, mark, &host, app).await);
        }
    })
    .await;
}

/// The protocol runs in a task of its own and ends with its stream; so it is given one
/// end of a pipe, and whoever gives up the other end ends it.
async fn attend(
    mut stream: TcpStream,
    address: SocketAddr,
    mark: Mark,
    host: &Host,
    app: Arc<App>,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let window = usize::try_from(WINDOW_OCTETS).unwrap_or(usize::MAX);
    let (mut near, far) = duplex(window);
    let seat = Arc::new(OnceLock::new());
    let client = Client {
        app: Arc::clone(&app),
        via: Via::Ssh(address.ip().to_canonical()),
        mark,
        seat: Arc::clone(&seat),
        places: Arc::new(Semaphore::new(CHANNELS_MAX)),
        waiting: HashMap::new(),
        tasks: JoinSet::new(),
    };
    let speaking = speak(host, far, client);
    let watching = async {
        sleep(SIGN_IN_MAX).await;
        while seat.get().is_some_and(|seat| seat.is_taken(&app)) {
            sleep(LOOK_EVERY).await;
        }
        // Time for a terminal to say it, which looks more often.
        sleep(LOOK_EVERY).await;
    };
    tokio::select! {
        carried = copy_bidirectional(&mut stream, &mut near) => carried.map(drop),
        spoken = speaking => {
            // What the protocol said last is still in the pipe.
            drop(timeout(LOOK_EVERY, copy_bidirectional(&mut stream, &mut near)).await);
            spoken
        }
        () = watching => Ok(()),
    }
}

async fn speak(host: &Host, far: DuplexStream, client: Client) -> io::Result<()> {
    let running = run_stream(Arc::clone(&host.0), far, client);
    let running = timeout(SIGN_IN_MAX, running).await?;
    running
        .map_err(io::Error::other)?
        .await
        .map_err(io::Error::other)
}

/// One client.
struct Client {
    app: Arc<App>,
    via: Via,
    mark: Mark,
    /// Taken once the client has shown who it is.
    seat: Arc<OnceLock<Arc<Seat>>>,
    places: Arc<Semaphore>,
    /// Channels for which it has not said what they are to be.
    waiting: HashMap<ChannelId, Waiting>,
    /// What runs on the others; it ends with the connection.
    tasks: JoinSet<()>,
}

struct Waiting {
    channel: Channel<Msg>,
    place: OwnedSemaphorePermit,
    terminal: Option<Kind>,
}

impl Client {
    fn take(&self, seat: Seat) -> Auth {
        self.mark.set(true);
        match self.seat.set(Arc::new(seat)) {
            Ok(()) => Auth::Accept,
            Err(_) => refused(),
        }
    }

    /// Whether this key may sign in. Strangers ask it, so it is asked where it may block.
    async fn is_authorised(&self, user: &str, key: &PublicKey) -> bool {
        let (ADMIN, Ok(octets)) = (user, key.to_bytes()) else {
            return false;
        };
        let keys = self.app.unblocked(|unit| unit.authorized_keys()).await;
        let Ok(Ok(keys)) = keys else {
            return false;
        };
        keys.iter().any(|authorised| authorised.is(&octets))
    }

    fn run<F: Future<Output = ()> + Send + 'static>(
        &mut self,
        id: ChannelId,
        run: impl FnOnce(Channel<Msg>, Option<Kind>, Arc<App>, Arc<Seat>) -> F,
    ) -> bool {
        let (Some(waiting), Some(seat)) = (self.waiting.remove(&id), self.seat.get()) else {
            return false;
        };
        let (app, seat) = (Arc::clone(&self.app), Arc::clone(seat));
        let running = run(waiting.channel, waiting.terminal, app, seat);
        // Those that have ended leave nothing behind.
        while self.tasks.try_join_next().is_some() {}
        self.tasks.spawn(async move {
            running.await;
            drop(waiting.place);
        });
        true
    }
}

impl Handler for Client {
    type Error = russh::Error;

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, Self::Error> {
        let password = Zeroizing::new(password.to_owned());
        match Seat::try_password(&self.app, self.via.clone(), user, password).await {
            Ok(Attempt::Granted(seat)) => Ok(self.take(seat)),
            Ok(Attempt::Wrong | Attempt::Paused(_)) => Ok(refused()),
            Err(error) => {
                log(format_args!(
                    "a sign-in over SSH could not be checked: {error}"
                ));
                Ok(refused())
            }
        }
    }

    async fn auth_publickey_offered(
        &mut self,
        user: &str,
        offer: PublicKeyOffer<'_>,
    ) -> Result<Auth, Self::Error> {
        let authorised = self.is_authorised(user, offer.public_key).await;
        Ok(if authorised { Auth::Accept } else { refused() })
    }

    async fn auth_publickey(
        &mut self,
        user: &str,
        key: VerifiedPublicKey<'_>,
    ) -> Result<Auth, Self::Error> {
        let opening = self.app.sessions.opening();
        if !self.is_authorised(user, key.public_key).await {
            return Ok(refused());
        }
        let actor = Actor {
            who: ADMIN.into(),
            via: self.via.clone(),
        };
        let fingerprint = key.public_key.fingerprint(HashAlg::Sha256).to_string();
        let noted = actor.clone();
        let noted = move |unit: &Arc<Unit>| unit.note_key_sign_in(&fingerprint, &noted);
        match self.app.unblocked(noted).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => log(format_args!("a sign-in is missing in the journal: {error}")),
            Err(ended) => log(format_args!("a sign-in is missing in the journal: {ended}")),
        }
        let seat = Seat::begin(&self.app, actor, opening, None);
        Ok(seat.map_or_else(refused, |seat| self.take(seat)))
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            reply.reject(ChannelOpenFailure::ResourceShortage).await;
            return Ok(());
        };
        let waiting = Waiting {
            channel,
            place,
            terminal: None,
        };
        self.waiting.insert(waiting.channel.id(), waiting);
        reply.accept().await;
        Ok(())
    }

    async fn channel_close(
        &mut self,
        id: ChannelId,
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        self.waiting.remove(&id);
        Ok(())
    }

    async fn pty_request(
        &mut self,
        id: ChannelId,
        term: &str,
        _columns: u32,
        _rows: u32,
        _width: u32,
        _height: u32,
        _modes: &[(Pty, u32)],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        let Some(waiting) = self.waiting.get_mut(&id) else {
            return session.channel_failure(id);
        };
        waiting.terminal = Some(Kind::of(term));
        session.channel_success(id)
    }

    async fn shell_request(
        &mut self,
        id: ChannelId,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        let begun = self.run(id, |channel, kind, app, seat| {
            channel::shell(channel, kind, app, seat)
        });
        answer(begun, id, session)
    }

    async fn exec_request(
        &mut self,
        id: ChannelId,
        command: &[u8],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        let command = Zeroizing::new(command.to_vec());
        let begun = self.run(id, |channel, _, app, seat| {
            channel::command(channel, command, app, seat)
        });
        answer(begun, id, session)
    }

    async fn subsystem_request(
        &mut self,
        id: ChannelId,
        _name: &str,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_failure(id)
    }

    async fn env_request(
        &mut self,
        id: ChannelId,
        _name: &str,
        _value: &str,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_failure(id)
    }

    async fn x11_request(
        &mut self,
        id: ChannelId,
        _single: bool,
        _protocol: &str,
        _cookie: &str,
        _screen: u32,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_failure(id)
    }
}

/// Either method may be tried again.
fn refused() -> Auth {
    Auth::Reject {
        proceed_with_methods: Some(methods()),
        partial_success: false,
    }
}

fn methods() -> MethodSet {
    MethodSet::from(&[MethodKind::PublicKey, MethodKind::Password][..])
}

fn answer(begun: bool, id: ChannelId, session: &mut Session) -> Result<(), russh::Error> {
    match begun {
        true => session.channel_success(id),
        false => session.channel_failure(id),
    }
}
