//! What the listener logs, as lines to wait for.

use std::io;
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;
use tracing::Level;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::MakeWriter;

/// Everything from INFO up that this test's thread logs while this lives.
pub(crate) struct Log {
    text: Text,
    _guard: DefaultGuard,
}

#[derive(Clone, Default)]
struct Text {
    written: Arc<Mutex<String>>,
    grown: Arc<Notify>,
}

impl Log {
    pub(crate) fn capture() -> Self {
        let text = Text::default();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(text.clone())
            .with_max_level(Level::INFO)
            .with_ansi(false)
            .without_time()
            .with_target(false)
            .finish();
        Log { text, _guard: tracing::subscriber::set_default(subscriber) }
    }

    /// Waits for a line with these words in it.
    pub(crate) async fn says(&self, words: &str) {
        let wait = async {
            while self.count(words) == 0 {
                self.text.grown.notified().await;
            }
        };
        tokio::time::timeout(crate::PATIENCE, wait)
            .await
            .unwrap_or_else(|_| panic!("no {words:?} in:\n{}", self.all()));
    }

    /// How many lines have these words in them by now.
    pub(crate) fn count(&self, words: &str) -> usize {
        self.all().lines().filter(|line| line.contains(words)).count()
    }

    pub(crate) fn all(&self) -> String {
        self.text.written.lock().expect("no test panics with it").clone()
    }
}

impl io::Write for Text {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.written.lock().expect("no test panics with it").push_str(&String::from_utf8_lossy(bytes));
        self.grown.notify_one();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Text {
    type Writer = Text;

    fn make_writer(&self) -> Text {
        self.clone()
    }
}
