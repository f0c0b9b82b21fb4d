use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http_body::{Frame, SizeHint};
use tokio::sync::mpsc;

use crate::{lines, Error};

/// The body of a request or an answer: whole, or in pieces as they come.
#[derive(Default)]
pub struct Body {
    kind: Kind,
    first: Option<Bytes>, // of the pieces, where it was awaited
    pub(crate) is_text: bool,
}

#[derive(Default)]
enum Kind {
    #[default]
    Empty,
    Whole(Bytes),
    Arriving(hyper::body::Incoming),
    Stream(Pin<Box<dyn Stream<Item = Result<Bytes, Error>> + Send>>),
    Written(Writing, mpsc::Receiver<Bytes>),
}

enum Writing {
    Goes(Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>),
    Done,
    Failed(Error),
}

/// Sends pieces of a body that is written.
pub struct Writer(mpsc::Sender<Bytes>);

impl Writer {
    /// Returns when there is room for more.
    pub async fn write(&mut self, piece: impl Into<Bytes>) {
        // The receiver is gone only together with the future that writes.
        let _ = self.0.send(piece.into()).await;
    }
}

impl Body {
    pub fn empty() -> Body {
        Body::default()
    }

    /// What `write` writes, as it does. When the caller leaves, it is dropped where it waits.
    pub fn written<W, F>(write: W) -> Body
    where
        W: FnOnce(Writer) -> F,
        F: Future<Output = Result<(), Error>> + Send + 'static,
    {
        let (sender, receiver) = mpsc::channel(1);
        Body { kind: Kind::Written(Writing::Goes(Box::pin(write(Writer(sender)))), receiver), is_text: true, ..Body::default() }
    }

    /// What a stream of another library's brings.
    pub fn stream(stream: impl Stream<Item = Result<Bytes, Error>> + Send + 'static) -> Body {
        Body { kind: Kind::Stream(Box::pin(stream)), ..Body::default() }
    }

    pub(crate) fn arriving(incoming: hyper::body::Incoming) -> Body {
        Body { kind: Kind::Arriving(incoming), ..Body::default() }
    }

    /// Awaits the first piece of what is still to be made: a failure before it is one of the whole answer.
    pub(crate) async fn begun(mut self) -> Result<Body, Error> {
        if matches!(self.kind, Kind::Stream(_) | Kind::Written(..)) {
            self.first = self.next().await.transpose()?;
        }
        Ok(self)
    }

    /// The next piece as it arrives; `None` at the end.
    pub async fn next(&mut self) -> Option<Result<Bytes, Error>> {
        loop {
            let frame = lines::poll_fn(|context| http_body::Body::poll_frame(Pin::new(&mut *self), context)).await?;
            match frame.map(Frame::into_data) {
                Ok(Ok(data)) => return Some(Ok(data)),
                Ok(Err(_trailers)) => continue,
                Err(error) => return Some(Err(error)),
            }
        }
    }

    /// All of it.
    pub async fn bytes(mut self) -> Result<Bytes, Error> {
        if let Kind::Whole(bytes) = self.kind {
            return Ok(bytes);
        }
        let mut all = BytesMut::new();
        while let Some(piece) = self.next().await {
            all.extend_from_slice(&piece?);
        }
        Ok(all.freeze())
    }

    /// All of it as text.
    pub async fn text(self) -> Result<String, Error> {
        Ok(String::from_utf8(self.bytes().await?.to_vec())?)
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = self.get_mut();
        if let Some(piece) = this.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        match &mut this.kind {
            Kind::Empty => Poll::Ready(None),
            whole @ Kind::Whole(_) => match std::mem::take(whole) {
                Kind::Whole(bytes) if !bytes.is_empty() => Poll::Ready(Some(Ok(Frame::data(bytes)))),
                _ => Poll::Ready(None),
            },
            Kind::Arriving(incoming) => Pin::new(incoming).poll_frame(context).map_err(Error::from),
            Kind::Stream(stream) => stream.as_mut().poll_next(context).map_ok(Frame::data),
            Kind::Written(writing, pieces) => poll_written(writing, pieces, context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Empty => true,
            Kind::Whole(bytes) => bytes.is_empty(),
            Kind::Arriving(incoming) => incoming.is_end_stream(),
            _ => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Empty => SizeHint::with_exact(0),
            Kind::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Arriving(incoming) => incoming.size_hint(),
            _ => SizeHint::default(),
        }
    }
}

fn poll_written(
    writing: &mut Writing,
    pieces: &mut mpsc::Receiver<Bytes>,
    context: &mut Context<'_>,
) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
    if let Writing::Goes(future) = writing {
        if let Poll::Ready(done) = lines::caught(|| future.as_mut().poll(context)) {
            *writing = match done.and_then(|done| done) {
                Ok(()) => Writing::Done,
                Err(error) => Writing::Failed(error),
            };
        }
    }
    match pieces.poll_recv(context) {
        Poll::Ready(None) => match std::mem::replace(writing, Writing::Done) {
            Writing::Failed(error) => Poll::Ready(Some(Err(error))),
            _ => Poll::Ready(None),
        },
        polled => polled.map(|piece| piece.map(|bytes| Ok(Frame::data(bytes)))),
    }
}

impl From<()> for Body {
    fn from(_: ()) -> Body {
        Body::empty()
    }
}

impl From<String> for Body {
    fn from(text: String) -> Body {
        Body { kind: Kind::Whole(text.into()), is_text: true, ..Body::default() }
    }
}

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Body {
        Body { kind: Kind::Whole(text.into()), is_text: true, ..Body::default() }
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Body {
        Bytes::from(bytes).into()
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Body {
        Body { kind: Kind::Whole(bytes), ..Body::default() }
    }
}
