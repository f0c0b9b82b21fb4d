//! The connection to hearthd that a cell's launcher passes on.

use std::io::Write;
use std::os::unix::io::FromRawFd;
use std::os::unix::net::UnixStream;

pub struct Cell(Option<UnixStream>);

impl Cell {
    /// Leaves nothing of it to the function, nor to programs that it starts.
    pub fn take() -> Cell {
        let passed = std::env::var("HEARTH_CELL_FD").ok().and_then(|descriptor| descriptor.parse().ok());
        std::env::remove_var("HEARTH_CELL_FD");
        // Nobody else in this process knows it. Its duplicate is closed where a program is started, as the first is not.
        Cell(passed.and_then(|descriptor| unsafe { UnixStream::from_raw_fd(descriptor) }.try_clone().ok()))
    }

    /// Says that the function listens. Who has left since will look for the socket itself.
    pub fn ready(&mut self) {
        if let Some(connection) = &mut self.0 {
            let _ = connection.write_all(b"{\"ready\": true}\n");
        }
    }
}
