use std::time::{Duration, Instant};

/// What a handler is told of its call besides the request. `Context::default()` is one for tests.
#[derive(Clone, Debug)]
pub struct Context {
    pub call_id: String,
    pub function: String,
    pub namespace: String,
    pub revision: u64,
    /// W3C; pass it on to what the function calls.
    pub traceparent: String,
    pub deadline: Instant,
}

impl Context {
    /// What is left until the deadline.
    pub fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }
}

impl Default for Context {
    fn default() -> Context {
        Context {
            call_id: String::new(),
            function: String::new(),
            namespace: String::new(),
            revision: 0,
            traceparent: String::new(),
            deadline: Instant::now() + Duration::from_secs(30),
        }
    }
}
