//! A replica's process: it listens, serves calls, and on SIGTERM finishes those that run. For the runtime alone.

use std::convert::Infallible;
use std::future::Future;
use std::os::unix::fs::PermissionsExt;
use std::pin::Pin;
use std::process::exit;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{header, HeaderMap, HeaderValue, StatusCode};
use http_body::{Frame, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::signal::unix::{signal, SignalKind};
use tokio::sync::{mpsc, watch};

use crate::cell::Cell;
use crate::lines::{poll_fn, Current, OfCall, Panic};
use crate::{BadRequest, Body, Context, Error, Request, Response};

/// A function's `handle`. No type of the function's goes further than this, so that the server is compiled once for all.
type Handler = dyn Fn(Request, Context) -> Answering + Send + Sync;
type Answering = Pin<Box<dyn Future<Output = Result<Response, Error>> + Send>>;

/// Serves until SIGTERM and does not return before the last call is done.
pub fn run<H, F, B, E>(handler: H)
where
    H: Fn(Request, Context) -> F + Send + Sync + 'static,
    F: Future<Output = Result<http::Response<B>, E>> + Send + 'static,
    B: Into<Body> + 'static,
    E: Into<Error> + 'static,
{
    run_boxed(Box::new(move |request, context| {
        let answering = handler(request, context);
        Box::pin(async move { answering.await.map(|answer| answer.map(Into::into)).map_err(Into::into) })
    }));
}

fn run_boxed(handler: Box<Handler>) {
    let cell = Cell::take();
    let with_stack = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        crate::eprintln!("{panic}");
        with_stack(panic); // on lines that are the process's: this Rust hands no stack to a program
    }));
    log::set_logger(&LOGGER).expect("no logger is set before ours");
    log::set_max_level(log::LevelFilter::Info);
    let process = Arc::new(Process { handler, common: Common::read() });
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let served = runtime.and_then(|runtime| runtime.block_on(serve(process, cell)));
    if let Err(error) = served {
        crate::eprintln!("cannot listen: {error}");
        exit(1);
    }
    exit(0); // tasks of a handler's own are no reason to stay
}

struct Process {
    handler: Box<Handler>,
    common: Common,
}

/// What all calls of the process have in common.
struct Common {
    function: String,
    namespace: String,
    revision: u64,
    timeout: Duration, // where a call does not bring its own
}

impl Common {
    fn read() -> Common {
        let variable = |name| std::env::var(name).unwrap_or_default();
        Common {
            function: variable("HEARTH_FUNCTION"),
            namespace: variable("HEARTH_NAMESPACE"),
            revision: variable("HEARTH_REVISION").parse().unwrap_or(0),
            timeout: Duration::from_millis(variable("HEARTH_TIMEOUT_MS").parse().unwrap_or(30_000)),
        }
    }

    fn context(&self, headers: &HeaderMap) -> Context {
        let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).unwrap_or_default();
        let timeout = text("hearth-deadline-ms").parse().map_or(self.timeout, Duration::from_millis);
        Context {
            call_id: text("hearth-call-id").to_string(),
            function: self.function.clone(),
            namespace: self.namespace.clone(),
            revision: self.revision,
            traceparent: text("traceparent").to_string(),
            deadline: Instant::now() + timeout,
        }
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

enum Listener {
    Unix(UnixListener),
    Tcp(TcpListener),
}

impl Listener {
    /// There for nobody until it accepts: bound by another name in the folder of $HEARTH_SOCKET, then renamed.
    async fn open() -> std::io::Result<Listener> {
        let path = match std::env::var("HEARTH_SOCKET") {
            Ok(path) if !path.is_empty() => path,
            _ => {
                let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(8080);
                return Ok(Listener::Tcp(TcpListener::bind(("0.0.0.0", port)).await?));
            }
        };
        let staging = format!("{path}.{}", std::process::id());
        let _ = std::fs::remove_file(&staging);
        let listener = UnixListener::bind(&staging)?;
        std::fs::set_permissions(&staging, std::fs::Permissions::from_mode(0o666))?; // its folder says who may come here
        std::fs::rename(&staging, &path)?;
        Ok(Listener::Unix(listener))
    }

    async fn accept(&self) -> std::io::Result<Box<dyn Stream>> {
        match self {
            Listener::Unix(listener) => Ok(Box::new(listener.accept().await?.0)),
            Listener::Tcp(listener) => Ok(Box::new(listener.accept().await?.0)),
        }
    }
}

async fn serve(process: Arc<Process>, mut cell: Cell) -> std::io::Result<()> {
    let (end, ending) = watch::channel(false);
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::spawn(async move {
        terminate.recv().await;
        let _ = end.send(true);
    });
    let listener = Listener::open().await?;
    cell.ready();
    let (living, mut last) = mpsc::channel::<()>(1); // each connection holds a sender
    while let Some(accepted) = unless(&mut ending.clone(), listener.accept()).await {
        match accepted {
            Ok(stream) => drop(tokio::spawn(connection(stream, process.clone(), ending.clone(), living.clone()))),
            Err(error) => {
                crate::eprintln!("cannot accept: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await; // descriptors are given back meanwhile
            }
        }
    }
    drop(listener);
    drop(living);
    last.recv().await;
    Ok(())
}

/// What the future gives; nothing where the end comes first.
async fn unless<T>(ending: &mut watch::Receiver<bool>, future: impl Future<Output = T>) -> Option<T> {
    let (mut future, mut end) = (Box::pin(future), Box::pin(ending.changed()));
    poll_fn(|context| match (future.as_mut().poll(context), end.as_mut().poll(context)) {
        (Poll::Ready(value), _) => Poll::Ready(Some(value)),
        (_, Poll::Ready(_)) => Poll::Ready(None),
        _ => Poll::Pending,
    })
    .await
}

/// The gateway lets a hundred in, which is what hyper takes, and adds its own.
const MOST_FIELDS: usize = 256;

async fn connection(
    stream: Box<dyn Stream>,
    process: Arc<Process>,
    mut ending: watch::Receiver<bool>,
    _living: mpsc::Sender<()>,
) {
    let service = service_fn(|request| call(process.clone(), request));
    let mut http = http1::Builder::new();
    let connection = http.header_read_timeout(None).max_headers(MOST_FIELDS).serve_connection(TokioIo::new(stream), service);
    let mut connection = Box::pin(connection.with_upgrades());
    // Its errors are those of peers that leave, and of answers that break off, which their calls have logged.
    if unless(&mut ending, connection.as_mut()).await.is_none() {
        connection.as_mut().graceful_shutdown();
        let _ = connection.await;
    }
}

async fn call(
    process: Arc<Process>,
    request: http::Request<hyper::body::Incoming>,
) -> Result<http::Response<BodyOfCall>, Infallible> {
    if asks_whether_quiet(&request) {
        return Ok(told_awake());
    }
    let is_head = request.method() == http::Method::HEAD;
    let request = request.map(Body::arriving);
    let context = process.common.context(request.headers());
    let call_id: Arc<str> = context.call_id.as_str().into();
    let answered = OfCall::new(call_id.clone(), async move {
        let (head, body) = (process.handler)(request, context).await?.into_parts();
        Ok::<Response, Error>(Response::from_parts(head, body.begun().await?))
    });
    let mut answer = match answered.await.and_then(|answer| answer) {
        Ok(answer) => answer,
        Err(error) => {
            let _current = Current::set(&call_id);
            failure(&error)
        }
    };
    // Of a whole body hyper sends what length the handler tells, and a wrong one would spoil the connection's next answer.
    if !is_head && http_body::Body::size_hint(answer.body()).exact().is_some() {
        answer.headers_mut().remove(header::CONTENT_LENGTH);
    }
    let has_type = answer.headers().contains_key(header::CONTENT_TYPE);
    if answer.body().is_text && !has_type {
        answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    }
    Ok(answer.map(|body| BodyOfCall { call_id, body: Some(body), failed: None }))
}

/// hearthd's question before it freezes the replica. No client can ask: the gateway takes the field away.
fn asks_whether_quiet<B>(request: &http::Request<B>) -> bool {
    request.uri().path() == "/.hearth/quiet" && request.headers().contains_key("hearth-ask")
}

/// This tokio does not say which tasks a function has left behind: it is never known to be quiet.
fn told_awake() -> http::Response<BodyOfCall> {
    let mut answer = Response::new("its tasks, which this runtime cannot count".to_string().into());
    *answer.status_mut() = StatusCode::CONFLICT;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    answer.map(|body| BodyOfCall { call_id: "".into(), body: Some(body), failed: None })
}

/// The answer that tells of an error; what caused it goes to the log.
fn failure(error: &Error) -> Response {
    if let Some(error) = error.downcast_ref::<BadRequest>() {
        return problem(StatusCode::BAD_REQUEST, "Bad Request", &error.0, "client", "invalid");
    }
    log_error(error);
    let title = if error.is::<Panic>() { "panic" } else { "Error" };
    problem(StatusCode::INTERNAL_SERVER_ERROR, title, &error.to_string(), "function", "internal")
}

fn problem(status: StatusCode, title: &str, detail: &str, layer: &str, code: &str) -> Response {
    let document = format!(
        r#"{{"type": "about:blank", "title": {}, "status": {}, "code": "{code}", "layer": "{layer}", "detail": {}}}"#,
        json_text(title),
        status.as_u16(),
        json_text(detail)
    );
    let mut answer = Response::new(document.into());
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    answer
}

fn json_text(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if u32::from(c) < 0x20 => quoted += &format!("\\u{:04x}", u32::from(c)),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

fn log_error(error: &Error) {
    if error.is::<Panic>() {
        return; // the hook has
    }
    let mut told = format!("error: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        told += &format!("\ncaused by: {error}");
        cause = error.source();
    }
    crate::eprintln!("{told}");
}

static LOGGER: Logger = Logger;

struct Logger;

impl log::Log for Logger {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }
    fn log(&self, record: &log::Record<'_>) {
        crate::eprintln!("{} {}", record.level(), record.args());
    }
    fn flush(&self) {}
}

/// What is polled for a body belongs to the call too.
struct BodyOfCall {
    call_id: Arc<str>,
    body: Option<Body>,
    failed: Option<Error>,
}

impl http_body::Body for BodyOfCall {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = self.get_mut();
        let _current = Current::set(&this.call_id);
        if let Some(error) = this.failed.take() {
            return Poll::Ready(Some(Err(error)));
        }
        let body = this.body.as_mut().expect("there until it is dropped");
        let polled = crate::lines::caught(|| Pin::new(body).poll_frame(context));
        match polled {
            Poll::Ready(Ok(Some(Err(error)))) | Poll::Ready(Err(error)) => {
                log_error(&error);
                // What was written before is sent first: an error ends the connection at once.
                this.failed = Some(error);
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Poll::Ready(Ok(polled)) => Poll::Ready(polled),
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.failed.is_none() && self.body.as_ref().map_or(true, http_body::Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(SizeHint::default, http_body::Body::size_hint)
    }
}

impl Drop for BodyOfCall {
    fn drop(&mut self) {
        let _current = Current::set(&self.call_id);
        self.body = None;
    }
}
