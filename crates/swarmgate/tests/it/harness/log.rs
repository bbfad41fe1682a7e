//! What the proxies of this process warn of, as an operator reads it.

use std::io;
use std::sync::{Arc, Mutex, OnceLock};
use tracing::Level;
use tracing_subscriber::fmt::MakeWriter;

/// Warnings and errors since the first test asked for them. All tests of the process write here: look for what is only one's own, such as
/// a port.
#[derive(Clone, Default)]
pub(crate) struct Warnings(Arc<Mutex<String>>);

impl Warnings {
    pub(crate) fn of_process() -> Warnings {
        static WARNINGS: OnceLock<Warnings> = OnceLock::new();
        let begin = || {
            let warnings = Warnings::default();
            let subscriber = tracing_subscriber::fmt().with_writer(warnings.clone()).with_max_level(Level::WARN);
            let subscriber = subscriber.with_ansi(false).without_time().with_target(false).finish();
            tracing::subscriber::set_global_default(subscriber).expect("nobody else sets one");
            warnings
        };
        WARNINGS.get_or_init(begin).clone()
    }

    /// The lines with these words in them.
    pub(crate) fn with(&self, words: &str) -> Vec<String> {
        let text = self.0.lock().expect("no panic");
        text.lines().filter(|line| line.contains(words)).map(str::to_owned).collect()
    }
}

impl io::Write for Warnings {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").push_str(&String::from_utf8_lossy(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Warnings {
    type Writer = Warnings;

    fn make_writer(&self) -> Warnings {
        self.clone()
    }
}
