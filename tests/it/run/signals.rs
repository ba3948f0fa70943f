//! Signals reach the app, and the host ends after it.

use crate::harness::{HostBuilder, Program, Upstream, guest, signal};

/// Says so when it gets one of the signals that ask it to end, and ends with 7.
const OBEDIENT: &str = "for s in TERM INT HUP QUIT; do trap \"echo $s; exit 7\" $s; done; trap 'echo USR1' USR1; \
    echo ready; while :; do sleep 0.01; done";

#[tokio::test]
async fn a_signal_that_asks_to_stop_is_passed_on_and_the_apps_code_is_kept() {
    for name in ["TERM", "INT", "HUP", "QUIT"] {
        let mut program = Program::beside_script(OBEDIENT, &[]);
        program.says("== APP == ready").await;
        program.signal(name);
        assert_eq!(program.code().await, 7, "{}", program.stderr());
        assert_eq!(program.app_lines(), ["ready", name]);
        let log = program.stderr();
        assert!(log.contains(&format!("SIG{name}: passed on to the app, which has 5s to end")), "{log}");
    }
}

#[tokio::test]
async fn a_users_signal_is_passed_on_and_ends_nothing() {
    let mut program = Program::beside_script(OBEDIENT, &[]);
    program.says("== APP == ready").await;
    program.signal("USR1");
    program.says("== APP == USR1").await;
    program.signal("TERM");
    assert_eq!(program.code().await, 7);
}

#[tokio::test]
async fn an_app_that_does_not_end_is_killed_after_the_grace_period() {
    let script = "trap '' TERM; echo ready; while :; do sleep 0.01; done";
    let arguments = ["--dapr-graceful-shutdown-seconds", "1"];
    let mut program = Program::beside(&arguments, &["sh", "-c", script]);
    program.says("== APP == ready").await;
    program.signal("TERM");
    assert_eq!(program.code().await, 137);
    assert!(program.stderr().contains("the app was ended by SIGKILL"), "{}", program.stderr());
}

#[tokio::test]
async fn a_second_signal_ends_the_app_at_once() {
    let script = "trap 'echo heard' TERM; echo ready; while :; do sleep 0.01; done";
    let arguments = ["--dapr-graceful-shutdown-seconds", "600"];
    let mut program = Program::beside(&arguments, &["sh", "-c", script]);
    program.says("== APP == ready").await;
    program.signal("TERM");
    program.says("== APP == heard").await;
    program.signal("TERM");
    assert_eq!(program.code().await, 137);
}

#[tokio::test]
async fn a_stopped_app_is_woken_to_end() {
    let mut program = Program::beside_script("trap 'exit 5' TERM; echo $$; while :; do sleep 0.01; done", &[]);
    program.says("== APP == ").await;
    signal("STOP", program.app_lines()[0].parse().unwrap());
    program.signal("TERM");
    assert_eq!(program.code().await, 5);
}

#[tokio::test]
async fn the_host_serves_until_the_app_is_gone_and_answers_every_accepted_call() {
    let mut upstream = Upstream::start().await;
    let last_words = "import os, signal, sys, urllib.request as r\n\
        url = f'http://127.0.0.1:{os.environ[\"DAPR_HTTP_PORT\"]}/v1.0-alpha1/conversation/echo/converse'\n\
        def end(*_):\n    print(r.urlopen(url, b'{\"inputs\":[{\"content\":\"last words\"}]}').read().decode()); sys.exit(9)\n\
        signal.signal(signal.SIGTERM, end)\n\
        print('ready', flush=True)\n\
        while True: signal.pause()";
    let block = format!("allowedHosts: [\"{}\"]", upstream.origin);
    let mut program = HostBuilder::new()
        .component("echo", "conversation.echo", &[])
        .wasm("wanderer", &guest("hostile/wanderer-codec"), &block, &[("url", &upstream.origin)])
        .argument("--dapr-graceful-shutdown-seconds=60")
        .beside(&["python3", "-c", last_words]);
    program.says("== APP == ready").await;
    let client = program.client().await;
    let calls = futures_util::future::join_all((0..20).map(|_| client.alpha1("wanderer", "go")));
    let (answers, ()) = tokio::join!(calls, async {
        let mut held = Vec::new();
        for _ in 0..20 {
            held.push(upstream.call().await);
        }
        program.signal("TERM");
        program.says("== APP == {\"outputs\":[{\"result\":\"last words\"}]}").await;
        held.into_iter().for_each(|call| call.answer(200, "late"));
    });
    answers.iter().for_each(|answer| drop(answer.ok()));
    assert_eq!(program.code().await, 9);
    let log = program.stderr();
    assert!(log.contains("the app ended with exit code 9: finishing accepted calls"), "{log}");
    assert!(log.contains("stopped: every accepted call was answered"), "{log}");
}
