//! What the program is when it is called `daprd`: Dapr's sidecar, as far as its flags, its log lines and its defaults go.
//! Serves nothing itself.

mod flags;
pub mod lines;
pub mod wait;

use std::ffi::OsString;
use std::path::Path;

use crate::cli::{Cli, Command, Run};
use crate::version;

/// What a command line of daprd's asks for.
#[derive(Debug)]
pub enum Asked {
    /// To serve.
    Serve(Box<Run>),
    /// To print something: a version, or help.
    Print(String),
    /// To wait until a daprd on this port serves.
    Wait(u16),
}

/// Whether the program was called by daprd's name.
pub fn is_name(program: &OsString) -> bool {
    Path::new(program).file_name().is_some_and(|name| name == "daprd")
}

/// Reads daprd's command line, without the program's name.
///
/// # Errors
/// What is wrong with it, in one sentence.
pub fn read(words: impl IntoIterator<Item = OsString>) -> Result<Asked, String> {
    let flags = flags::Flags::read(words)?;
    if flags.is_set("version") {
        return Ok(Asked::Print(version::DAPR.to_owned()));
    }
    if flags.is_set("build-info") {
        return Ok(Asked::Print(format!(
            "Version: {}\nGit Commit: none\nGit Version: parlor {}",
            version::DAPR,
            version::PARLOR
        )));
    }
    let translated = ["parlor".into(), "run".into()].into_iter().chain(flags.translated()?);
    let cli = Cli::read(translated).map_err(|error| error.to_string())?;
    let Command::Run(mut run) = cli.command else { return Err("daprd has no commands".to_owned()) };
    if flags.is_set("wait") {
        return Ok(Asked::Wait(run.dapr_http_port));
    }
    check_app_id(flags.value("app-id"))?;
    if !flags.is_given("resources-path") && !flags.is_given("components-path") {
        run.resources_path.clear();
    }
    run.asked.in_vain = flags.in_vain();
    Ok(Asked::Serve(run))
}

fn check_app_id(app_id: Option<&str>) -> Result<(), String> {
    match app_id {
        None | Some("") => Err("`--app-id` is missing; name the application, as in `--app-id shop`".to_owned()),
        Some(app_id) if app_id.contains('.') => {
            Err(format!("`--app-id {app_id}` must not contain dots; write for instance `{}`", app_id.replace('.', "-")))
        }
        Some(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(words: &[&str]) -> Result<Asked, String> {
        read(words.iter().map(OsString::from))
    }

    fn serving(words: &[&str]) -> Box<Run> {
        match asked(words) {
            Ok(Asked::Serve(run)) => run,
            other => panic!("{words:?}: {other:?}"),
        }
    }

    #[test]
    fn one_dash_is_as_good_as_two_and_a_value_may_follow_either_way() {
        for words in [
            &["--app-id", "shop", "--dapr-http-port", "3600", "--log-as-json"][..],
            &["-app-id", "shop", "-dapr-http-port", "3600", "-log-as-json"],
            &["--app-id=shop", "--dapr-http-port=3600", "--log-as-json=true"],
            &["-app-id=shop", "-dapr-http-port=3600", "-log-as-json=T"],
        ] {
            let run = serving(words);
            assert_eq!((run.app_id.as_str(), run.dapr_http_port, run.log_as_json), ("shop", 3600, true), "{words:?}");
            assert!(run.asked.in_vain.is_empty());
        }
    }

    #[test]
    fn a_switch_takes_gos_words_for_true_and_false() {
        assert!(!serving(&["-app-id=x", "-log-as-json=false"]).log_as_json);
        assert!(!serving(&["-app-id=x", "-log-as-json", "-log-as-json=0"]).log_as_json);
        // As in Go, a word after a switch is no value of it.
        assert!(serving(&["-app-id=x", "-log-as-json", "false"]).log_as_json);
        let refused = asked(&["-app-id=x", "-log-as-json=perhaps"]).unwrap_err();
        assert_eq!(refused, "`--log-as-json` must be `true` or `false`, not `perhaps`");
    }

    #[test]
    fn flags_without_a_meaning_here_are_accepted_and_named() {
        let run = serving(&[
            "--app-id",
            "x",
            "--placement-host-address",
            "localhost:50005",
            "--enable-mtls=false",
            "-app-max-concurrency",
            "-1",
            "--control-plane-address=",
        ]);
        let expected =
            ["--app-max-concurrency", "--control-plane-address", "--enable-mtls", "--placement-host-address"];
        assert_eq!(run.asked.in_vain, expected);
    }

    #[test]
    fn flags_that_nobody_knows_are_refused() {
        let refused = asked(&["--app-id", "x", "--dapr-http-prot", "1"]).unwrap_err();
        assert_eq!(refused, "`--dapr-http-prot` is not a flag of daprd's; did you mean `--dapr-http-port`?");
        assert!(asked(&["--app-id"]).unwrap_err().contains("needs a value"));
        assert!(asked(&["--app-id", "x", "--mode", "kubernetes"]).unwrap_err().contains("standalone"));
    }

    #[test]
    fn the_last_one_counts_and_folders_add_up() {
        let run = serving(&["--app-id", "x", "--app-id", "y", "--resources-path", "a", "-resources-path=b"]);
        assert_eq!(run.app_id, "y");
        assert_eq!(run.resources_path, [Path::new("a"), Path::new("b")]);
        assert_eq!(serving(&["--app-id", "x", "--components-path", "c"]).resources_path, [Path::new("c")]);
        assert!(serving(&["--app-id", "x"]).resources_path.is_empty());
    }

    #[test]
    fn the_application_must_have_a_name_without_dots() {
        assert!(asked(&[]).unwrap_err().starts_with("`--app-id` is missing"));
        assert!(asked(&["--app-id", "a.b"]).unwrap_err().contains("must not contain dots; write for instance `a-b`"));
    }

    #[test]
    fn it_tells_its_version_without_being_named() {
        assert!(matches!(asked(&["--version"]), Ok(Asked::Print(text)) if text == version::DAPR));
        assert!(matches!(asked(&["-build-info"]), Ok(Asked::Print(text)) if text.starts_with("Version: 1.")));
        assert!(matches!(asked(&["--wait", "--dapr-http-port=1234"]), Ok(Asked::Wait(1234))));
    }

    #[test]
    fn sizes_of_old_are_translated() {
        assert_eq!(serving(&["--app-id", "x", "--dapr-http-max-request-size", "8"]).max_body_size, 8 << 20);
    }
}
