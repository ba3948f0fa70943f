//! Invariant 8: no app outlives its host, however either ends.

use super::{Thread, text};
use crate::harness::{ANY_METRICS_PORT, Program, in_environment_of, parlor, path, root, run, signal};

/// Starts a child, a grandchild, and one in a session of its own whose parent is gone; none of them ends by itself, and
/// none minds SIGHUP.
const FAMILY: &str = "trap '' HUP; exec 9>\"$1\"; sleep 1000 & sh -c 'sleep 1000 & wait' & \
    setsid sh -c 'sleep 1000 & echo ready' & wait";

#[tokio::test]
async fn the_end_of_the_app_is_the_end_of_all_that_it_started() {
    let thread = Thread::new();
    let script = "exec 9>\"$1\"; sleep 1000 & setsid sh -c 'sleep 1000 & echo ready' ; exit 4";
    let mut program = Program::beside_script(script, &[text(&thread.path())]);
    assert_eq!(program.code().await, 4, "{}", program.stderr());
    thread.let_go().await;
}

#[tokio::test]
async fn those_who_keep_changing_their_process_are_not_lost() {
    // Hundreds in a row that begin the next and end at once, and one that stays.
    let chain = "import os, signal, sys, time\n\
        os.open(sys.argv[1], os.O_WRONLY)\n\
        signal.signal(signal.SIGTERM, signal.SIG_IGN)\n\
        for _ in range(500):\n    \
            if os.fork(): os._exit(0)\n\
        time.sleep(1000)";
    let thread = Thread::new();
    let path = thread.path();
    let app = ["python3", "-c", chain, text(&path)];
    let mut program = Program::beside(&["--dapr-graceful-shutdown-seconds", "1"], &app);
    assert_eq!(program.code().await, 0, "{}", program.stderr());
    thread.let_go().await;
}

#[tokio::test]
async fn those_who_do_not_mind_sigterm_are_killed() {
    let thread = Thread::new();
    let script = "exec 9>\"$1\"; trap '' TERM; sleep 1000 & setsid sleep 1000 & exit 4";
    let path = thread.path();
    let app = ["sh", "-c", script, "sh", text(&path)];
    let mut program = Program::beside(&["--dapr-graceful-shutdown-seconds", "1"], &app);
    assert_eq!(program.code().await, 4, "{}", program.stderr());
    thread.let_go().await;
}

#[tokio::test]
async fn a_signal_to_stop_ends_the_whole_family() {
    let thread = Thread::new();
    let mut program = Program::beside_script(FAMILY, &[text(&thread.path())]);
    program.says("== APP == ready").await;
    assert!(thread.is_held());
    program.signal("TERM");
    assert_eq!(program.code().await, 143);
    thread.let_go().await;
}

#[tokio::test]
async fn a_host_that_is_killed_takes_the_whole_family_along() {
    let thread = Thread::new();
    let mut program = Program::beside_script(FAMILY, &[text(&thread.path())]);
    program.says("== APP == ready").await;
    assert!(thread.is_held());
    program.signal("KILL");
    assert!(!program.ended().await.success());
    thread.let_go().await;
}

#[tokio::test]
async fn a_guard_that_is_killed_takes_the_apps_group_along() {
    let thread = Thread::new();
    let script = "exec 9>\"$1\"; sleep 1000 & echo $PPID; wait";
    let mut program = Program::beside_script(script, &[text(&thread.path())]);
    program.says("== APP == ").await;
    signal("KILL", program.app_lines()[0].parse().unwrap());
    assert_eq!(program.code().await, 137);
    assert!(program.stderr().contains("the app's guard was killed"), "{}", program.stderr());
    thread.let_go().await;
}

#[tokio::test]
async fn signals_that_reach_the_guard_by_mistake_harm_nobody() {
    let mut program = Program::beside_script("trap 'exit 6' TERM; echo $PPID; while :; do sleep 0.01; done", &[]);
    program.says("== APP == ").await;
    let guard = program.app_lines()[0].parse().unwrap();
    ["HUP", "INT", "TERM", "QUIT", "USR1", "USR2"].iter().for_each(|name| signal(name, guard));
    program.signal("TERM");
    assert_eq!(program.code().await, 6);
}

#[tokio::test]
async fn a_terminal_that_closes_ends_app_and_host() {
    let thread = Thread::new();
    // Runs the words after it on a terminal of their own, reads until the app is ready, and closes the terminal.
    let terminal = "import os, pty, sys\n\
        pid, terminal = pty.fork()\n\
        if pid == 0: os.execvp(sys.argv[1], sys.argv[1:])\n\
        seen = b''\n\
        while b'== APP == ready' not in seen: seen += os.read(terminal, 4096)\n\
        os.close(terminal)\n\
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))";
    let parlor = parlor();
    let mut command = in_environment_of(&parlor, "python3");
    command.env("PATH", path()).args(["-c", terminal]).arg(parlor.get_program()).args([
        "run",
        "--dapr-http-port=0",
        ANY_METRICS_PORT,
        "--dapr-graceful-shutdown-seconds=1",
    ]);
    command.arg("--resources-path").arg(root().join("components"));
    command.args(["--", "sh", "-c", FAMILY, "sh", text(&thread.path())]);
    let mut program = Program::start(&mut command);
    // The app minds no SIGHUP, so it is killed for it.
    assert_eq!(program.code().await, 137, "{}{}", program.stdout(), program.stderr());
    thread.let_go().await;
}

#[tokio::test]
async fn a_host_that_is_to_survive_its_terminal_does() {
    let run = run(&["--dapr-http-port", "0", "--", "sh", "-c", "echo ready; read line; exit 2"]);
    let (reader, writer) = std::io::pipe().unwrap();
    let mut nohup = in_environment_of(&run, "nohup");
    let mut program = Program::start(nohup.stdin(reader).arg(run.get_program()).args(run.get_args()));
    program.says("== APP == ready").await;
    program.signal("HUP");
    // It still serves.
    program.client().await.alpha1("echo", "x").await.ok();
    drop(writer);
    assert_eq!(program.code().await, 2, "{}", program.stderr());
}
