//! A relay between agents and the city: its address stays when the city comes back on another port, and it can cut
//! connections after a random number of bytes, in the middle of whatever they carry.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional},
    net::{
        TcpListener, TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
    sync::watch,
};

use crate::dice::Dice;

/// Where the city is now, if it is there.
pub(crate) type Whereabouts = watch::Receiver<Option<SocketAddr>>;

/// An open relay. It ends with the runtime.
#[derive(Clone)]
pub(crate) struct Line {
    address: SocketAddr,
    cuts: Arc<Cuts>,
}

#[derive(Default)]
struct Cuts {
    wanted: AtomicBool,
    made: AtomicU64,
}

impl Line {
    /// Opens a relay to wherever the city is. While it is nowhere, connections are closed as soon as they are made.
    pub(crate) async fn open(city: Whereabouts, dice: Dice) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let line = Self {
            address: listener.local_addr().unwrap(),
            cuts: Arc::default(),
        };
        tokio::spawn(accept(listener, city, dice, Arc::clone(&line.cuts)));
        line
    }

    /// The server's address as agents are told it.
    pub(crate) fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// Whether connections that are made from now on are cut.
    pub(crate) fn cut(&self, wanted: bool) {
        self.cuts.wanted.store(wanted, Ordering::SeqCst);
    }

    /// How many were cut.
    pub(crate) fn cuts(&self) -> u64 {
        self.cuts.made.load(Ordering::SeqCst)
    }
}

async fn accept(listener: TcpListener, city: Whereabouts, mut dice: Dice, cuts: Arc<Cuts>) {
    while let Ok((near, _)) = listener.accept().await {
        // From within the handshake to some forty receipts, every order of magnitude as often.
        let magnitude = 9 + dice.below(8);
        let bytes = 1 + dice.below(1 << magnitude);
        let bytes = cuts.wanted.load(Ordering::SeqCst).then_some(bytes);
        let city = *city.borrow();
        let cuts = Arc::clone(&cuts);
        tokio::spawn(async move {
            let Some(city) = city else { return };
            let Ok(far) = TcpStream::connect(city).await else {
                return;
            };
            relay(near, far, bytes, &cuts).await;
        });
    }
}

/// Carries until either side ends, or `bytes` have passed in both directions together.
async fn relay(mut near: TcpStream, mut far: TcpStream, bytes: Option<u64>, cuts: &Cuts) {
    let (Ok(()), Ok(())) = (near.set_nodelay(true), far.set_nodelay(true)) else {
        return;
    };
    let Some(bytes) = bytes else {
        // A side that dies is what the test is about.
        let _ = copy_bidirectional(&mut near, &mut far).await;
        return;
    };
    let left = AtomicU64::new(bytes);
    let ((near_reads, near_writes), (far_reads, far_writes)) = (near.split(), far.split());
    tokio::select! {
        () = carry(near_reads, far_writes, &left) => {}
        () = carry(far_reads, near_writes, &left) => {}
    }
    if left.load(Ordering::SeqCst) == 0 {
        cuts.made.fetch_add(1, Ordering::SeqCst);
    }
}

async fn carry(mut from: ReadHalf<'_>, mut to: WriteHalf<'_>, left: &AtomicU64) {
    let mut buffer = [0; 4096];
    loop {
        let Ok(read @ 1..) = from.read(&mut buffer).await else {
            return;
        };
        // Both directions run in one task, so that nobody takes from `left` in between.
        let may = left.load(Ordering::SeqCst).min(read as u64);
        left.fetch_sub(may, Ordering::SeqCst);
        let part = &buffer[..usize::try_from(may).unwrap()];
        if to.write_all(part).await.is_err()
            || part.len() < read
            || left.load(Ordering::SeqCst) == 0
        {
            return;
        }
    }
}
