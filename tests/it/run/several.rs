//! `parlor run -f`: several apps from one file, each with a host of its own.

use std::path::Path;

use crate::harness::{Program, parlor, path, root};

use super::{Thread, text};

/// A folder with the file, and a folder each for two apps.
fn folder(file: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("dapr.yaml"), file).unwrap();
    for app in ["shop", "bar"] {
        std::fs::create_dir(folder.path().join(app)).unwrap();
    }
    folder
}

fn start(folder: &Path) -> Program {
    Program::start(parlor().env("PATH", path()).args(["run", "--run-file"]).arg(folder))
}

/// What is in the one log file of an app's whose name holds `word`.
fn log(folder: &Path, app: &str, word: &str) -> String {
    let logs = std::fs::read_dir(folder.join(app).join(".dapr/logs")).unwrap().map(|entry| entry.unwrap().path());
    let log: Vec<_> = logs.filter(|path| path.to_str().unwrap().contains(word)).collect();
    assert_eq!(log.len(), 1, "{log:?}");
    std::fs::read_to_string(&log[0]).unwrap()
}

#[tokio::test]
async fn each_app_has_its_own_host_environment_and_log() {
    let resources = root().join("components");
    let folder = folder(&format!(
        r#"version: 1
common:
  resourcesPath: {resources}
  appPort: 1 # is passed over: only an app has one
  env: {{ SHARED: common, MINE: common }}
apps:
- appDirPath: shop
  appPort: 8080
  env: {{ MINE: own }}
  command: [sh, -c, "echo $APP_ID $APP_PORT $SHARED $MINE; basename $PWD; test $DAPR_HTTP_PORT -gt 0 -a $DAPR_METRICS_PORT -gt 0"]
- appID: pub
  appDirPath: ./bar
  appLogDestination: file
  daprdLogDestination: fileAndConsole
  command: [sh, -c, "echo $APP_ID ${{APP_PORT:-none}} $SHARED $MINE; exit 3"]
"#,
        resources = resources.display()
    ));
    let mut program = start(folder.path());
    assert_eq!(program.code().await, 3, "{}", program.stderr());
    let said = program.stdout();
    assert!(said.contains("== APP - shop == shop 8080 common own\n== APP - shop == shop\n"), "{said}");
    assert!(!said.contains("== APP - pub =="), "{said}");
    assert_eq!(log(folder.path(), "shop", "shop_app_"), "shop 8080 common own\nshop\n");
    assert_eq!(log(folder.path(), "bar", "pub_app_"), "pub none common common\n");
    let end = "the app ended with exit code ";
    assert!(log(folder.path(), "shop", "shop_daprd_").contains(&format!("{end}0")));
    assert!(log(folder.path(), "bar", "pub_daprd_").contains(&format!("{end}3")));
    let log = program.stderr();
    assert!(log.contains(&format!("{end}3")) && !log.contains(&format!("{end}0")), "{log}");
}

#[tokio::test]
async fn a_signal_ends_all_of_them_and_a_kill_as_well() {
    for (signal, code) in [("TERM", Some(143)), ("KILL", None)] {
        let threads = [Thread::new(), Thread::new()];
        let app = |name: &str, thread: &Thread| {
            let command = format!("trap '' HUP; exec 9>{}; sleep 1000 & echo ready; wait", text(&thread.path()));
            format!("- appDirPath: {name}\n  command: [sh, -c, \"{command}\"]\n")
        };
        let [shop, bar] = [app("shop", &threads[0]), app("bar", &threads[1])];
        let resources = root().join("components");
        let folder =
            folder(&format!("version: 1\ncommon: {{ resourcesPaths: [{}] }}\napps:\n{shop}{bar}", resources.display()));
        let mut program = start(folder.path());
        program.says("== APP - shop == ready").await;
        program.says("== APP - bar == ready").await;
        program.signal(signal);
        assert_eq!(program.ended().await.code(), code, "{}", program.stderr());
        for thread in threads {
            thread.let_go().await;
        }
    }
}

#[tokio::test]
async fn flags_beside_a_run_file_are_passed_over_aloud() {
    let resources = root().join("components");
    let folder = folder(&format!(
        "version: 1\napps:\n- appDirPath: shop\n  resourcesPath: {}\n  command: [true]\n",
        resources.display()
    ));
    let flags = ["--log-level=info", "-M", "9090", "--app-id", "shop", "--dapr-http-port=0", "--strict"];
    let mut command = parlor();
    let mut program = Program::start(command.env("PATH", path()).args(["run", "-f"]).arg(folder.path()).args(flags));
    assert_eq!(program.code().await, 0, "{}", program.stderr());
    let log = program.stderr();
    let told =
        log.lines().find_map(|line| line.split_once("passed over, because the run file says what its apps need: "));
    assert_eq!(told.unwrap().1, "--app-id, --dapr-http-port, --strict, --metrics-port");
}

#[tokio::test]
async fn every_mistake_of_a_run_file_is_told_and_nothing_is_started() {
    let folder = folder(
        r"version: 2
comon: {}
apps:
- appDirPath: shop
  appPort: many
  appLogDestination: screen
  enableApiLogging: perhaps
  command: echo started
  env: [A]
- appID: shop
  appDirPath: nowhere
- appDirPath: bar
  appID: shop
  resourcesPath: bar
  commnad: [true]
- appDirPath: shop
  resourcesPaths: [.]
- command: [true]
",
    );
    let mut program = start(folder.path());
    assert_eq!(program.code().await, 1);
    assert_eq!(program.stdout(), "");
    let prefix = format!("{}/", folder.path().display());
    let log = program.stderr().replace(&prefix, "");
    let told: Vec<&str> = log.lines().filter_map(|line| line.find("dapr.yaml:").map(|at| &line[at..])).collect();
    let expected = [
        "dapr.yaml:1:10: unknown version `2`; write `version: 1`",
        "dapr.yaml:2:1: unknown field `comon` in a document; did you mean `common`?",
        "dapr.yaml:4:3: the app has no folder of component files; add `resourcesPaths: [FOLDER]` here or under `common`",
        "dapr.yaml:5:12: `many` can't be `appPort`; write a port between 0 and 65535; 0 takes any that is free",
        "dapr.yaml:6:22: `screen` can't be `appLogDestination`; write one of `console`, `file`, `fileAndConsole`",
        "dapr.yaml:7:21: `perhaps` can't be `enableApiLogging`; write `true` or `false`",
        "dapr.yaml:8:12: `apps[].command` must be a list, not text; begin each item with `- `",
        "dapr.yaml:9:8: `env` must be a mapping, not a list; write `NAME: value`",
        "dapr.yaml:11:15: `nowhere` is not there; paths of an app begin at its `appDirPath`, others at the run file's folder",
        "dapr.yaml:12:3: there are two apps `shop`; give each an `appID` of its own",
        "dapr.yaml:14:18: `bar` is not there; paths of an app begin at its `appDirPath`, others at the run file's folder",
        "dapr.yaml:15:3: unknown field `commnad` in `apps[]`; did you mean `command`?",
        "dapr.yaml:16:3: there are two apps `shop`; give each an `appID` of its own",
        "dapr.yaml:18:3: `apps[].appDirPath` is missing; add `appDirPath:` here",
    ];
    assert_eq!(told, expected, "{log}");
}
