//! What a handler is given and what it returns. Everything here works outside of Hearth, as in a unit test; at deploy the
//! runtime's own copy of this crate takes the place of this one.

mod body;
mod cell;
mod context;
mod lines;
mod params;
#[doc(hidden)]
pub mod serve;

pub use body::{Body, Writer};
pub use bytes::Bytes;
pub use context::Context;
pub use http;
pub use log;
pub use params::PathParams;

pub type Request = http::Request<Body>;
pub type Response = http::Response<Body>;
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// Runs an async handler to its end; for unit tests, which need no runtime of their own.
pub fn block_on<T>(future: impl std::future::Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime on this thread").block_on(future)
}

/// A handler's error that is answered with 400 and its message.
#[derive(Debug)]
pub struct BadRequest(pub String);

impl std::fmt::Display for BadRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadRequest {}

/// Like the standard library's, in lines that belong to the call on whose behalf they are printed.
#[macro_export]
macro_rules! println {
    ($($words:tt)*) => { $crate::print_line(false, ::std::format_args!($($words)*)) };
}

/// Like the standard library's, in lines that belong to the call on whose behalf they are printed.
#[macro_export]
macro_rules! eprintln {
    ($($words:tt)*) => { $crate::print_line(true, ::std::format_args!($($words)*)) };
}

#[doc(hidden)]
pub use lines::print_line;
