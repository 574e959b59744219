//! Threads for whoever looks, which yield to those that take in reports.
//!
//! A page of a nation takes a core for some milliseconds. On a machine with two, every receipt would wait for that; so connections, pages and
//! answers of the API have a runtime of their own, whose threads have a lower priority than all others of the program. They get what is left,
//! and where nothing is left still their share of it.

use std::{io, thread};

use rustix::process::{getpriority_process, setpriority_process};
use tokio::{
    net::TcpListener,
    runtime::{Builder, Runtime},
    sync::oneshot,
};

/// By how much the threads are nicer than the others, in steps of `nice`: about a tenth of their share where both want all.
const NICER: i32 = 10;
/// The nicest that there is.
const NICEST: i32 = 19;
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
        let priority = nicer();
        let served = runtime(priority).and_then(|runtime| {
            yield_to_others(priority);
            runtime.block_on(async { Ok(serve(TcpListener::from_std(listener)?).await) })
        });
        // Whoever waited may be gone, at the end of a grace period.
        let _ = ended.send(served);
    };
    thread::Builder::new().name("console".into()).spawn(body)?;
    end.await.map_err(io::Error::other)?
}

fn runtime(priority: i32) -> io::Result<Runtime> {
    Builder::new_current_thread()
        .enable_all()
        .thread_name("console")
        .max_blocking_threads(THREADS_MAX)
        .on_thread_start(move || yield_to_others(priority))
        .build()
}

/// The priority of the console's threads, from that of the others.
fn nicer() -> i32 {
    let own = getpriority_process(None).unwrap_or_default();
    (own + NICER).min(NICEST)
}

/// On Linux the priority is the calling thread's; a thread that it starts has it too, so it is set and not lowered once more.
fn yield_to_others(priority: i32) {
    if let Err(error) = setpriority_process(None, priority) {
        tracing::debug!(%error, "the console's threads have the same priority as all others");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[tokio::test]
    async fn what_is_served_yields_and_the_rest_does_not() {
        let own = getpriority_process(None).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&seen);
        let serve = |_: TcpListener| async move {
            let computing = tokio::task::spawn_blocking(|| getpriority_process(None).unwrap());
            let computing = computing.await.unwrap();
            let moving = getpriority_process(None).unwrap();
            noted.lock().unwrap().extend([moving, computing]);
        };
        run(listener, serve).await.unwrap();
        let nicer = (own + NICER).min(NICEST);
        assert_eq!(*seen.lock().unwrap(), [nicer, nicer]);
        assert_eq!(getpriority_process(None).unwrap(), own);
    }
}
