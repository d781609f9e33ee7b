//! Replies to bytes: whole, or broken, slow or absurdly long, as a fault script wants them.
//!
//! Decides nothing; the server calls it last.

use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use futures::StreamExt as _;
use futures::stream;

use super::reply::{Delivery, Reply};

/// How many pieces a slow body comes in.
const PIECES: usize = 20;
/// How much padding is sent at a time.
const PADDING: &[u8] = &[b' '; 64 * 1024];

/// The bytes of a reply, and how they go.
pub(crate) fn to_http(reply: &Reply) -> Response<Body> {
    let page = reply.headers.iter().any(|(name, _)| name == "content-type");
    let bytes = reply.body.as_ref().map(|body| match body.as_str() {
        // Only what is no JSON names its own type.
        Some(text) if page => text.as_bytes().to_vec(),
        _ => serde_json::to_vec(body).unwrap_or_default(),
    });
    let length = bytes.as_ref().map_or(0, Vec::len);
    let bytes = bytes.unwrap_or_default();
    let body = match reply.delivery {
        Delivery::Half => halved(bytes),
        Delivery::Slow(time) => dribbled(&bytes, time),
        Delivery::Padded(more) => padded(bytes, more),
        Delivery::Whole | Delivery::Never | Delivery::Hang => Body::from(bytes),
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    *response.headers_mut() = headers(reply);
    if matches!(reply.delivery, Delivery::Half | Delivery::Slow(_)) {
        response.headers_mut().insert("content-length", HeaderValue::from(length));
    }
    response
}

/// The headers of a reply, without those that tell how its bytes go.
pub(crate) fn headers(reply: &Reply) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if reply.body.is_some() {
        headers.insert("content-type", HeaderValue::from_static("application/json; charset=utf-8"));
    }
    headers.insert("cache-control", HeaderValue::from_static("no-cache"));
    for (name, value) in &reply.headers {
        // A header that was echoed and cannot be sent is left out rather than failing the reply.
        if let (Ok(name), Ok(value)) =
            (HeaderName::try_from(name.as_str()), HeaderValue::try_from(value.as_str()))
        {
            headers.insert(name, value);
        }
    }
    headers
}

/// The first half, and then an error, which closes the connection.
fn halved(mut bytes: Vec<u8>) -> Body {
    bytes.truncate(bytes.len() / 2);
    let broken = io::Error::from(io::ErrorKind::BrokenPipe);
    Body::from_stream(stream::iter([Ok(Bytes::from(bytes)), Err(broken)]))
}

/// Everything, a piece at a time.
fn dribbled(bytes: &[u8], time: Duration) -> Body {
    let size = bytes.len().div_ceil(PIECES).max(1);
    let pause = time / u32::try_from(PIECES).unwrap_or(1);
    let pieces: Vec<Bytes> = bytes.chunks(size).map(Bytes::copy_from_slice).collect();
    Body::from_stream(stream::iter(pieces).then(move |piece| async move {
        tokio::time::sleep(pause).await;
        Ok::<_, io::Error>(piece)
    }))
}

/// Everything behind very much white space, so that it is still the same JSON; nothing says how long it is.
fn padded(bytes: Vec<u8>, more: u64) -> Body {
    let whole = usize::try_from(more / PADDING.len() as u64).unwrap_or(usize::MAX);
    let padding = stream::iter(std::iter::repeat_n(Bytes::from_static(PADDING), whole));
    let all = padding.chain(stream::iter([Bytes::from(bytes)]));
    Body::from_stream(all.map(Ok::<_, io::Error>))
}
