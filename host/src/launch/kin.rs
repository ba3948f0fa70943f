//! The app's process and all that descend from it: signals them, and knows when none is left. Only the guard, whose
//! children they are, may ask.

use std::io;

use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, WaitOptions, getpgid, kill_process, kill_process_group, waitid, waitpid,
};

use super::Ending;

/// A running app, by the process that was started. That process is not reaped before its kin is gone, so that its id,
/// which is also its group's, can't become somebody else's.
pub(super) struct Kin {
    app: Pid,
}

/// Makes this process the parent of all descendants that lose theirs, so that none gets lost, not even one in a session
/// of its own. Elsewhere than on Linux no process can be that, and only the app's group is looked after.
pub(super) fn adopt_orphans() -> io::Result<()> {
    #[cfg(target_os = "linux")]
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    Ok(())
}

impl Kin {
    pub(super) fn new(app: Pid) -> Self {
        Self { app }
    }

    /// How the app's own process ended, once it has.
    pub(super) fn ending(&self) -> io::Result<Option<Ending>> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        let status = waitid(WaitId::Pid(self.app), options)?;
        Ok(status.and_then(|status| {
            status.exit_status().map(Ending::Exit).or_else(|| status.terminating_signal().map(Ending::Signal))
        }))
    }

    /// Signals the app's own process.
    pub(super) fn signal_app(&self, signal: Signal) {
        // It may have ended by now, here and below.
        let _ = kill_process(self.app, signal);
    }

    /// Signals every process of the app's group.
    pub(super) fn signal_group(&self, signal: Signal) {
        let _ = kill_process_group(self.app, signal);
    }

    /// Signals the app's group, and those who have left it and lost their parents.
    pub(super) fn signal_all(&self, signal: Signal) {
        self.signal_group(signal);
        for child in self.adopted() {
            if getpgid(Some(child)).is_ok_and(|group| group != self.app) {
                let _ = kill_process(child, signal);
            }
        }
    }

    /// Reaps those that have ended, and says whether none is left. Asked once the app's own process has ended: then every
    /// descendant that lives is a child of this process, or descends from one.
    pub(super) fn is_gone(&self) -> bool {
        #[cfg(not(target_os = "linux"))]
        {
            let _ = waitpid(Some(self.app), WaitOptions::NOHANG);
            return rustix::process::test_kill_process_group(self.app).is_err();
        }
        #[cfg(target_os = "linux")]
        {
            for child in self.adopted() {
                let _ = waitpid(Some(child), WaitOptions::NOHANG);
            }
            // Asked anew: those that have ended may have left children to this process since it was asked first.
            self.adopted().is_empty()
        }
    }

    /// Children of this process besides the app's own.
    fn adopted(&self) -> Vec<Pid> {
        children().into_iter().filter(|child| *child != self.app).collect()
    }
}

/// The children of this process, of any of its threads; none where the system doesn't tell.
fn children() -> Vec<Pid> {
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let lists = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
    lists.flat_map(|list| list.split_whitespace().filter_map(parse).collect::<Vec<_>>()).collect()
}

fn parse(word: &str) -> Option<Pid> {
    word.parse().ok().and_then(Pid::from_raw)
}
