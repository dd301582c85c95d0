//! The signals that ask this program to stop. A loop can look at them between its steps.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};

use anyhow::{Context, Result};

use crate::failure::{Interrupted, signal_name};

/// A signal that asks this program to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopSignal {
    Interrupt,
    /// SIGTERM: a scheduler or an orchestrator.
    Terminate,
    /// SIGHUP: the terminal went away.
    HangUp,
}

impl StopSignal {
    const ALL: [Self; 3] = [Self::Interrupt, Self::Terminate, Self::HangUp];

    /// The signal's number on every Unix.
    #[must_use]
    pub fn number(self) -> i32 {
        match self {
            Self::HangUp => 1,
            Self::Interrupt => 2,
            Self::Terminate => 15,
        }
    }
}

/// The signals that have come so far. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Interrupt {
    first: Arc<AtomicI32>,
    count: Arc<AtomicUsize>,
}

impl Interrupt {
    /// Listens from now on. A signal that was ignored when this program started (`nohup`, `cmd &` in a
    /// script) stays ignored, but it gets a handler too. Otherwise dbt would inherit that it is ignored, and
    /// could not be asked to end.
    ///
    /// # Errors
    /// The operating system refuses a handler.
    pub fn listen() -> Result<Self> {
        let interrupt = Self::default();
        for signal in StopSignal::ALL {
            let ignored = is_ignored(signal);
            let shared = interrupt.clone();
            let handler = move || {
                if !ignored {
                    shared.ask(signal);
                }
            };
            listen_to(signal, handler)
                .with_context(|| format!("cannot listen to {}", signal_name(signal.number())))?;
        }
        Ok(interrupt)
    }

    /// Does what the arrival of a signal does.
    pub fn ask(&self, signal: StopSignal) {
        // The exchange fails if another signal came first, and that is the one to report.
        let _ = self.first.compare_exchange(0, signal.number(), Ordering::SeqCst, Ordering::SeqCst);
        self.count.fetch_add(1, Ordering::SeqCst);
    }

    /// The first signal that came.
    #[must_use]
    pub fn asked(&self) -> Option<StopSignal> {
        let number = self.first.load(Ordering::SeqCst);
        StopSignal::ALL.into_iter().find(|signal| signal.number() == number)
    }

    /// An error once a signal has come.
    pub fn check(&self) -> Result<(), Interrupted> {
        self.asked().map_or(Ok(()), |signal| Err(Interrupted { signal: signal.number() }))
    }

    /// How many signals have come.
    #[must_use]
    pub fn times(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }
}

#[expect(
    unsafe_code,
    reason = "signal-hook's lowest level is unsafe because handlers must be async-signal-safe"
)]
fn listen_to(signal: StopSignal, handler: impl Fn() + Send + Sync + 'static) -> std::io::Result<()> {
    // SAFETY: the handler touches two atomics and nothing else, which is async-signal-safe.
    unsafe { signal_hook::low_level::register(signal.number(), handler) }.map(|_| ())
}

#[expect(unsafe_code, reason = "reading a signal's disposition has no safe wrapper")]
fn is_ignored(signal: StopSignal) -> bool {
    use nix::libc;
    let mut action = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: with a null new action, the call only reads. `action` is a valid place for the answer. If the
    // call fails, all zeroes is a valid value of the structure.
    let action = unsafe {
        libc::sigaction(signal.number(), std::ptr::null(), action.as_mut_ptr());
        action.assume_init()
    };
    action.sa_sigaction == libc::SIG_IGN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_signal_is_the_reason_and_all_are_counted() {
        let interrupt = Interrupt::default();
        assert_eq!(interrupt.asked(), None);
        interrupt.ask(StopSignal::Terminate);
        interrupt.clone().ask(StopSignal::Interrupt);
        assert_eq!((interrupt.asked(), interrupt.times()), (Some(StopSignal::Terminate), 2));
    }
}
