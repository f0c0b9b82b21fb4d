//! Lines of output that say which call they belong to (Hearth's container contract): that of the future which is polled
//! on this thread.

use std::cell::RefCell;
use std::fmt::Arguments;
use std::future::Future;
use std::io::Write;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::Error;

thread_local! {
    static CALL: RefCell<Option<Arc<str>>> = RefCell::new(None);
}

/// While it lives, what this thread prints belongs to the call.
pub struct Current(Option<Arc<str>>);

impl Current {
    pub fn set(call_id: &Arc<str>) -> Current {
        Current(CALL.with(|call| call.replace(Some(call_id.clone()))))
    }
}

impl Drop for Current {
    fn drop(&mut self) {
        CALL.with(|call| *call.borrow_mut() = self.0.take());
    }
}

pub fn print_line(to_errors: bool, words: Arguments<'_>) {
    let call = CALL.with(|call| call.borrow().clone()).unwrap_or_else(|| Arc::from(""));
    let mark = if call.is_empty() { String::new() } else { format!("\x1f{call}\x1f") };
    let lines: String = words.to_string().split('\n').map(|line| format!("{mark}{line}\n")).collect();
    // One write, so that lines of several threads are kept apart; there is nobody to tell of a failure.
    let _ = if to_errors {
        std::io::stderr().write_all(lines.as_bytes())
    } else {
        std::io::stdout().lock().write_all(lines.as_bytes())
    };
}

/// Polls a future of a call's: what it prints is the call's, and a panic becomes an error.
pub struct OfCall<F> {
    call_id: Arc<str>,
    future: Option<Pin<Box<F>>>,
}

impl<F> OfCall<F> {
    pub fn new(call_id: Arc<str>, future: F) -> OfCall<F> {
        OfCall { call_id, future: Some(Box::pin(future)) }
    }
}

impl<F: Future> Future for OfCall<F> {
    type Output = Result<F::Output, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let _current = Current::set(&this.call_id);
        let future = this.future.as_mut().expect("polled after its end");
        caught(|| future.as_mut().poll(context))
    }
}

/// What a caller's leaving takes away prints its last words for the call, too.
impl<F> Drop for OfCall<F> {
    fn drop(&mut self) {
        let _current = Current::set(&self.call_id);
        self.future = None;
    }
}

/// A panic of `poll` as an error.
pub fn caught<T>(poll: impl FnOnce() -> Poll<T>) -> Poll<Result<T, Error>> {
    match catch_unwind(AssertUnwindSafe(poll)) {
        Ok(polled) => polled.map(Ok),
        Err(panic) => {
            let message = match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
                (Some(message), _) => message.to_string(),
                (_, Some(message)) => message.clone(),
                _ => "a panic without a message".to_string(),
            };
            Poll::Ready(Err(Box::new(Panic(message))))
        }
    }
}

/// A panic's message; the hook has logged it already, with its stack.
#[derive(Debug)]
pub struct Panic(String);

impl std::fmt::Display for Panic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Panic {}

/// A future of a closure; the standard library has one from Rust 1.64 on.
pub fn poll_fn<T, F: FnMut(&mut Context<'_>) -> Poll<T> + Unpin>(poll: F) -> PollFn<F> {
    PollFn(poll)
}

pub struct PollFn<F>(F);

impl<T, F: FnMut(&mut Context<'_>) -> Poll<T> + Unpin> Future for PollFn<F> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        (self.0)(context)
    }
}
