//! A browser without TLS, at a new unit.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, StatusCode, header};
use cert_lifecycle::{Identity, Listener, SecretFile, TlsLevel, Unit, UnitConfig};
use tower_service::Service;
use zeroize::Zeroizing;

use crate::App;
use crate::clock::Clock;
use crate::environment::SystemEnvironment;
use crate::server::{Mark, Peer};

const HOST: &str = "ntp1.example.net:8443";
pub(crate) const PASSWORD: &str = "correct horse";

struct NoListener;

impl Listener for NoListener {
    fn check(&self, _: &Identity, _: TlsLevel) -> Result<(), String> {
        Ok(())
    }

    fn serve(&self, _: &Identity, _: TlsLevel) -> Result<(), String> {
        Ok(())
    }
}

/// A browser at a new unit, with its cookie and the token of its forms.
pub(crate) struct Browser {
    app: Arc<App>,
    router: Router,
    /// The address and port it reaches the unit by.
    pub(crate) host: String,
    pub(crate) cookie: String,
    pub(crate) csrf: String,
    state: Arc<tempfile::TempDir>,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: axum::http::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn location(&self) -> &str {
        self.headers
            .get(header::LOCATION)
            .map_or("", |value| value.to_str().expect("text"))
    }
}

impl Browser {
    /// At a unit whose password is given, or random and to be changed.
    pub(crate) fn new(password: Option<&str>) -> (Self, String) {
        let state = tempfile::tempdir().expect("a folder");
        let https = SocketAddr::from(([127, 0, 0, 1], 8443));
        let environment = Arc::new(SystemEnvironment::new(https, Clock::Trusted));
        let config = UnitConfig {
            state_dir: state.path().into(),
            factory: cert_lifecycle::Factory {
                host_name: "ntp1.example.net".into(),
                serial_number: "4711".into(),
                ..cert_lifecycle::Factory::default()
            },
            admin_password: password.map(|password| Zeroizing::new(password.into())),
        };
        let secret = SecretFile::new(state.path().join("secret"));
        let opened = Unit::open(config, &secret, environment.clone(), Arc::new(NoListener));
        let opened = opened.expect("a unit");
        let first = opened
            .first_password
            .map(|first| first.to_string())
            .unwrap_or_default();
        let upgrades = crate::sysupgrade::Upgrades::new(None, "").expect("no slots");
        let app = App::new(opened.unit, environment, upgrades);
        let app = Arc::new(app);
        let browser = Self {
            router: reached_from(https, &app),
            app,
            host: HOST.into(),
            cookie: String::new(),
            csrf: String::new(),
            state: Arc::new(state),
        };
        (browser, first)
    }

    /// What the unit's surfaces work with.
    pub(crate) fn app(&self) -> Arc<App> {
        Arc::clone(&self.app)
    }

    /// Another browser at the same unit, which is not signed in.
    pub(crate) fn another(&self) -> Self {
        Self {
            app: self.app(),
            router: self.router.clone(),
            host: HOST.into(),
            cookie: String::new(),
            csrf: String::new(),
            state: Arc::clone(&self.state),
        }
    }

    /// The same browser at this address.
    pub(crate) fn move_to(&mut self, address: IpAddr) {
        self.router = reached_from((address, 1024).into(), &self.app);
    }

    /// Signed in.
    pub(crate) async fn signed_in() -> Self {
        let (mut browser, _) = Self::new(Some(PASSWORD));
        let answer = browser.sign_in(PASSWORD).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
        browser.get("/management/https").await;
        browser
    }

    /// The unit it is at.
    pub(crate) fn unit(&self) -> Arc<Unit> {
        Arc::clone(&self.app.unit)
    }

    pub(crate) async fn sign_in(&mut self, password: &str) -> Answer {
        self.post("/login", &[("name", "admin"), ("password", password)])
            .await
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).expect("a request"))
            .await
    }

    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.append_pair("csrf", &self.csrf).extend_pairs(fields);
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ORIGIN, format!("https://{}", self.host));
        self.send(request.body(Body::from(body.finish())).expect("a request"))
            .await
    }

    /// Sends a file, as a form with this one field does.
    pub(crate) async fn upload(&mut self, path: &str, field: &str, octets: &[u8]) -> Answer {
        let head = format!(
            "--B\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{}\r\n--B\r\n\
             Content-Disposition: form-data; name=\"{field}\"; filename=\"file\"\r\n\r\n",
            self.csrf
        );
        let body = [head.as_bytes(), octets, b"\r\n--B--\r\n"].concat();
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=B")
            .header(header::ORIGIN, format!("https://{}", self.host));
        self.send(request.body(Body::from(body)).expect("a request"))
            .await
    }

    pub(crate) async fn send(&mut self, mut request: Request<Body>) -> Answer {
        let headers = request.headers_mut();
        headers.insert(header::HOST, self.host.parse().expect("a header"));
        headers.insert(header::COOKIE, self.cookie.parse().expect("a header"));
        let response: Response<Body> = self.router.call(request).await.expect("infallible");
        let (parts, body) = response.into_parts();
        let octets = to_bytes(body, 1 << 20).await.expect("a body");
        let text = String::from_utf8(octets.to_vec()).expect("text");
        if let Some(cookie) = parts.headers.get(header::SET_COOKIE) {
            let cookie = cookie.to_str().expect("text");
            self.cookie = cookie.split(';').next().unwrap_or_default().into();
        }
        if let Some((_, after)) = text.split_once("name=\"csrf\" value=\"") {
            self.csrf = after.split('"').next().unwrap_or_default().into();
        }
        Answer {
            status: parts.status,
            headers: parts.headers,
            text,
        }
    }
}

/// The pages, for connections from `address`.
fn reached_from(address: SocketAddr, app: &Arc<App>) -> Router {
    let peer = Peer {
        address,
        certificate: "".into(),
        mark: Mark::default(),
    };
    crate::web::router(Arc::clone(app)).layer(axum::Extension(peer))
}
