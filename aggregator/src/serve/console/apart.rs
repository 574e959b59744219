//! Threads for whoever looks, apart from those that take in reports.
//!
//! Connections of browsers, pages and answers of the API have a runtime of their own, so that no worker that moves reports and receipts is
//! busy with a page. Its threads have the same priority as all others: with a lower one a page's thread would be put aside while it reads the
//! board, and the fold would wait for it (DECISIONS.md).

use std::{io, thread};

use tokio::{
    net::TcpListener,
    runtime::{Builder, Runtime},
    sync::oneshot,
};

/// What the threads are called.
const NAME: &str = "console";
/// Threads at once, beside the one that moves bytes: pages, answers and passwords are bounded each by themselves below that.
const THREADS_MAX: usize = 16;

/// Serves on threads of their own until that ends.
pub(super) async fn run<F>(
    listener: TcpListener,
    serve: impl FnOnce(TcpListener) -> F + Send + 'static,
) -> io::Result<()>
where
    F: Future<Output = ()>,
{
    let listener = listener.into_std()?;
    let (ended, end) = oneshot::channel();
    let body = move || {
        let served = runtime().and_then(|runtime| {
            runtime.block_on(async {
                serve(TcpListener::from_std(listener)?).await;
                Ok(())
            })
        });
        // Whoever waited may be gone, at the end of a grace period.
        let _ = ended.send(served);
    };
    thread::Builder::new().name(NAME.into()).spawn(body)?;
    end.await.map_err(io::Error::other)?
}

fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread()
        .enable_all()
        .thread_name(NAME)
        .max_blocking_threads(THREADS_MAX)
        .build()
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    fn own_name() -> String {
        thread::current().name().unwrap_or_default().to_owned()
    }

    #[tokio::test]
    async fn what_is_served_and_computed_is_apart() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&seen);
        let serve = |_: TcpListener| async move {
            let computing = tokio::task::spawn_blocking(own_name).await.unwrap();
            noted.lock().unwrap().extend([own_name(), computing]);
        };
        run(listener, serve).await.unwrap();
        assert_eq!(*seen.lock().unwrap(), [NAME, NAME]);
        assert_ne!(own_name(), NAME);
    }
}
