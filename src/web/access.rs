//! Access control: a reader must know the address, and come from a page of this
//! machine.

use std::fmt::Write as _;
use std::io;

use hyper::header::{HOST, HeaderName, ORIGIN};
use hyper::{Request, StatusCode};
use subtle::ConstantTimeEq as _;

/// Bytes of a token: too many to guess.
const TOKEN_BYTES: usize = 16;

/// Names of this machine for itself.
const OWN_HOSTS: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

/// The port and the token of a page.
pub(super) struct Access {
    port: u16,
    token: String,
}

impl Access {
    /// A new token from the system's random number generator.
    ///
    /// # Errors
    /// The system has no random number generator.
    pub(super) fn new(port: u16) -> io::Result<Self> {
        let mut bytes = [0; TOKEN_BYTES];
        getrandom::fill(&mut bytes)?;
        let mut token = String::new();
        for byte in bytes {
            let _ = write!(token, "{byte:02x}"); // a String takes all
        }
        Ok(Self { port, token })
    }

    /// The address of the page.
    pub(super) fn address(&self) -> String {
        format!("http://127.0.0.1:{}/?token={}", self.port, self.token)
    }

    /// Rejects a request that another site may have caused: under a foreign host name
    /// (DNS rebinding), or with a foreign origin.
    pub(super) fn check_source<B>(&self, request: &Request<B>) -> Result<(), StatusCode> {
        let host = the_only(request, &HOST)?.ok_or(StatusCode::BAD_REQUEST)?;
        let authority = request.uri().authority();
        if !self.is_own(host) || authority.is_some_and(|name| !self.is_own(name.as_str())) {
            return Err(StatusCode::FORBIDDEN);
        }
        match the_only(request, &ORIGIN)? {
            Some(origin) if origin.strip_prefix("http://") != Some(host) => {
                Err(StatusCode::FORBIDDEN)
            }
            _ => Ok(()),
        }
    }

    /// Rejects a request without the token.
    pub(super) fn check_token<B>(&self, request: &Request<B>) -> Result<(), StatusCode> {
        let mut pairs = request.uri().query().unwrap_or_default().split('&');
        let given = pairs.find_map(|pair| pair.strip_prefix("token="));
        let given = given.unwrap_or_default().as_bytes();
        if given.ct_eq(self.token.as_bytes()).into() {
            Ok(())
        } else {
            Err(StatusCode::FORBIDDEN)
        }
    }

    /// Whether this is a host name of the page's own address.
    fn is_own(&self, host: &str) -> bool {
        let Some((name, port)) = host.rsplit_once(':') else {
            return false;
        };
        let name = name.to_ascii_lowercase();
        port == self.port.to_string() && OWN_HOSTS.contains(&name.as_str())
    }
}

/// The value of a header that may occur only once.
fn the_only<'a, B>(
    request: &'a Request<B>,
    name: &HeaderName,
) -> Result<Option<&'a str>, StatusCode> {
    let mut values = request.headers().get_all(name).iter();
    let value = values.next().map(|value| value.to_str());
    match (value.transpose(), values.next()) {
        (Ok(value), None) => Ok(value),
        _ => Err(StatusCode::BAD_REQUEST),
    }
}
