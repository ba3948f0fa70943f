//! Why the serving ends, and how it does: the app's end, a signal or a call, then the calls that were accepted.

use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::time::Duration;

use rustix::process::Signal;
use tokio::time::timeout;

use super::{counted, grace};
use crate::cli::Run;
use crate::launch::environment::{self, Identity, Ports};
use crate::launch::{App, Ending, Launch, Unstartable};
use crate::limits;
use crate::shutdown::{self, Signals, Switch, Tasks};
use crate::swap::Reload;

/// Why the serving ends.
pub(super) enum End {
    Asked(Signal),
    /// By a call of the API.
    Called,
    App(Ending),
    NoApp(Unstartable),
}

impl End {
    /// An app's own code is the program's; else it tells whether every accepted call was answered.
    pub(super) fn code(&self, is_drained: bool) -> ExitCode {
        match self {
            Self::App(ending) => ExitCode::from(ending.code()),
            Self::NoApp(error) => ExitCode::from(error.code()),
            Self::Asked(_) | Self::Called if is_drained => ExitCode::SUCCESS,
            Self::Asked(_) | Self::Called => ExitCode::FAILURE,
        }
    }
}

/// Waits until somebody wants the end before anything is served, which takes as long as a compiler does.
pub(super) async fn early(signals: &mut Signals) -> Signal {
    loop {
        let signal = signals.next().await;
        if matches!(signal, Signal::TERM | Signal::INT) {
            tracing::info!("{}: ending before anything is served", shutdown::name(signal));
            return signal;
        }
    }
}

/// Waits until somebody wants the end. With a `reload`, SIGHUP has the component files read again instead, as long as it
/// does not come from a terminal that has closed.
pub(super) async fn asked(signals: &mut Signals, switch: &Switch, reload: Option<&Reload>) -> End {
    let has_terminal = io::stderr().is_terminal();
    loop {
        let signal = tokio::select! {
            signal = signals.next() => signal,
            () = switch.asked() => return End::Called,
        };
        match reload.filter(|_| signal == Signal::HUP) {
            Some(reload) if has_terminal == io::stderr().is_terminal() => {
                tracing::info!("SIGHUP: reading the component files again");
                reload.ask();
            }
            _ => return End::Asked(signal),
        }
    }
}

/// Starts the app, and stays with it to its end.
pub(super) async fn accompany(args: &Run, ports: Ports, signals: &mut Signals, switch: &Switch) -> End {
    let variables = environment::variables(
        &Identity {
            app_id: &args.app_id,
            app_port: args.app.port(),
            app_protocol: args.app.app_protocol.name(),
            app_channel_address: &args.app.app_channel_address,
        },
        ports,
    );
    let launch = Launch {
        command: &args.launch.command,
        variables: &variables,
        directory: args.launch.app_directory.as_deref(),
        output: Some(args.launch.output()),
        grace: grace(args),
    };
    match App::start(&launch).await {
        Ok(app) => {
            let mut is_called = false;
            let next = async || {
                if is_called {
                    return signals.next().await;
                }
                tokio::select! {
                    signal = signals.next() => signal,
                    // A call that ends the host ends its app, in the way that a signal does.
                    () = switch.asked() => {
                        is_called = true;
                        Signal::TERM
                    }
                }
            };
            End::App(app.accompany(next).await)
        }
        Err(error) => End::NoApp(error),
    }
}

/// Ends soon after someone asked for an end that waits for no call.
pub(super) async fn forced(switch: &Switch) {
    switch.forced().await;
    tokio::time::sleep(limits::FORCED_END).await;
    tracing::warn!("stopped at once, as was asked for: open calls are cut off");
}

/// Takes nothing new in, lets accepted calls finish, and gives up on them after `grace` or at a second signal. Says
/// whether every one was answered.
pub(super) async fn stop(end: &End, tasks: &Tasks, grace: Duration, signals: &mut Signals) -> bool {
    match end {
        End::Asked(signal) => {
            tracing::info!("{}: finishing accepted calls, for up to {grace:?}", shutdown::name(*signal));
        }
        End::Called => tracing::info!("a shutdown request: finishing accepted calls, for up to {grace:?}"),
        End::App(ending) => tracing::info!("{ending}: finishing accepted calls, for up to {grace:?}"),
        End::NoApp(error) => tracing::error!("{error}"),
    }
    let why_not = tokio::select! {
        drained = timeout(grace, tasks.stop()) => drained.err().map(|_| format!("after {grace:?}")),
        () = insisted(signals) => Some("at a second signal".to_owned()),
    };
    match &why_not {
        None => tracing::info!("stopped: every accepted call was answered"),
        Some(why) => tracing::warn!("stopped: {} still open {why}", counted(tasks.running(), "connection")),
    }
    why_not.is_none()
}

/// Ends when the operator asks for the end while it is under way.
async fn insisted(signals: &mut Signals) {
    while !matches!(signals.next().await, Signal::TERM | Signal::INT) {}
}
