//! The response to each request.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, SizeHint};
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::http::request::Request;
use hyper::{Method, Response, StatusCode};
use tokio::sync::mpsc;

use super::access::Access;
use super::document::Documents;
use super::hub::Hub;

/// Headers of every response that restrict the browser.
const SECURITY_HEADERS: [(HeaderName, HeaderValue); 5] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    ),
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];
/// The policy of a response that is not a page.
const NO_CONTENT_POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const EVENTS: HeaderValue = HeaderValue::from_static("text/event-stream");
/// Sent by a browser that lost the connection.
const LAST_EVENT: HeaderName = HeaderName::from_static("last-event-id");

/// The served content and its access control.
pub(super) struct Site {
    pub(super) access: Access,
    pub(super) documents: Documents,
    pub(super) hub: std::sync::Arc<Hub>,
}

impl Site {
    /// The response to a request.
    pub(super) fn answer<B>(&self, request: &Request<B>) -> Response<Content> {
        let mut response = self.found(request).unwrap_or_else(refusal);
        if request.method() == Method::HEAD {
            *response.body_mut() = Content::Whole(Bytes::new());
        }
        let headers = response.headers_mut();
        headers.extend(SECURITY_HEADERS);
        headers
            .entry(header::CONTENT_SECURITY_POLICY)
            .or_insert(NO_CONTENT_POLICY);
        response
    }

    fn found<B>(&self, request: &Request<B>) -> Result<Response<Content>, StatusCode> {
        self.access.check_source(request)?;
        if ![Method::GET, Method::HEAD].contains(request.method()) {
            return Err(StatusCode::METHOD_NOT_ALLOWED);
        }
        let document = match request.uri().path() {
            "/healthz" => return Ok(response(TEXT, Content::Whole(Bytes::from_static(b"ok\n")))),
            "/events" => None,
            "/" => Some(&self.documents.page),
            "/overlay" => Some(&self.documents.overlay),
            _ => return Err(StatusCode::NOT_FOUND),
        };
        self.access.check_token(request)?;
        let Some(document) = document else {
            return self.events(request);
        };
        let mut response = response(HTML, Content::Whole(document.text.clone()));
        let policy = document.policy.clone();
        response
            .headers_mut()
            .insert(header::CONTENT_SECURITY_POLICY, policy);
        Ok(response)
    }

    fn events<B>(&self, request: &Request<B>) -> Result<Response<Content>, StatusCode> {
        if request.method() == Method::HEAD {
            return Ok(response(EVENTS, Content::Whole(Bytes::new())));
        }
        let last = request.headers().get(LAST_EVENT);
        let last = last.and_then(|last| last.to_str().ok()?.parse().ok());
        match self.hub.subscribe(last) {
            Some(messages) => Ok(response(EVENTS, Content::Parts(messages))),
            None => Err(StatusCode::SERVICE_UNAVAILABLE),
        }
    }
}

fn response(kind: HeaderValue, content: Content) -> Response<Content> {
    let mut response = Response::new(content);
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// A response that says why there is no content.
fn refusal(status: StatusCode) -> Response<Content> {
    let reason = match status {
        StatusCode::METHOD_NOT_ALLOWED => "only GET and HEAD\n",
        StatusCode::SERVICE_UNAVAILABLE => "too many pages are open: close one\n",
        StatusCode::NOT_FOUND => "there is no such page\n",
        StatusCode::FORBIDDEN => "open the address that emoscope printed\n",
        _ => "this request is not understood\n",
    };
    let mut response = response(TEXT, Content::Whole(Bytes::from_static(reason.as_bytes())));
    *response.status_mut() = status;
    if status == StatusCode::METHOD_NOT_ALLOWED {
        let methods = HeaderValue::from_static("GET, HEAD");
        response.headers_mut().insert(header::ALLOW, methods);
    }
    response
}

/// A body: complete, or in parts as they arrive.
pub(super) enum Content {
    Whole(Bytes),
    Parts(mpsc::Receiver<Bytes>),
}

impl Body for Content {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let part = match self.get_mut() {
            Self::Whole(bytes) if bytes.is_empty() => None,
            Self::Whole(bytes) => Some(std::mem::take(bytes)),
            Self::Parts(messages) => match messages.poll_recv(context) {
                Poll::Ready(part) => part,
                Poll::Pending => return Poll::Pending,
            },
        };
        Poll::Ready(part.map(|part| Ok(Frame::data(part))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(bytes) if bytes.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Parts(_) => SizeHint::default(),
        }
    }
}
