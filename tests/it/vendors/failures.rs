//! What callers get of a vendor's failures: Dapr's error, with the vendor's words, and nothing of the key.

use http::header::RETRY_AFTER;
use serde_json::json;

use super::aimock::{self, KEY};
use super::both;
use crate::harness::HostBuilder;

#[tokio::test]
async fn a_vendor_s_refusal_comes_back_in_its_own_words() {
    let host = aimock::host("refusing-model");
    let cases = [
        ("too often", "API returned unexpected status code: 429: Rate limit reached", Some("17")),
        ("too much", "API returned unexpected status code: 429: You exceeded your quota", Some("3600")),
        ("break inside", "API returned unexpected status code: 500: The server had an error", None),
        ("what no fixture knows", "API returned unexpected status code: 404: No fixture matched", None),
    ];
    for (text, words, retry_after) in cases {
        for (path, body) in both(text, &json!({})) {
            let answer = host.client.post(path, body.to_string()).await;
            let message = format!("failed conversing with component gpt: {words}");
            assert_eq!(answer.error(), (500, "ERR_CONVERSATION_INVOKE".to_owned(), message), "{path}");
            let after = answer.headers.get(RETRY_AFTER).map(|value| value.to_str().unwrap());
            assert_eq!(after, retry_after, "{path} {text}");
        }
    }
}

#[tokio::test]
async fn a_failure_is_one_call_and_the_next_one_succeeds() {
    let host = aimock::host("failing-model");
    for text in ["break inside", "hang up", "talk nonsense", "too often", "say hello"] {
        let answer = host.client.alpha2("gpt", text).await;
        assert_eq!(answer.status == 200, text == "say hello", "{}", answer.text());
    }
    assert_eq!(aimock::journal("failing-model").await.len(), 5);
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_an_error() {
    let host = aimock::host("broken-model");
    let endpoint = aimock::address().strip_prefix("http://").unwrap();
    let cases = [
        ("talk nonsense", "the answer is no chat completion: ".to_owned()),
        ("hang up", format!("the connection to `{endpoint}` broke")),
    ];
    for (text, words) in cases {
        for (path, body) in both(text, &json!({})) {
            let (status, code, message) = host.client.post(path, body.to_string()).await.error();
            assert_eq!((status, code.as_str()), (500, "ERR_CONVERSATION_INVOKE"), "{message}");
            let expected = format!("failed conversing with component gpt: {words}");
            assert!(message.starts_with(&expected), "{path}: {message}");
        }
    }
}

#[tokio::test]
async fn a_wrong_key_is_the_vendor_s_to_refuse() {
    let wrong = "sk-that-nobody-knows";
    let host = aimock::component(HostBuilder::new(), &[("key", wrong), ("model", "locked-model")]).start();
    for (path, body) in both("say hello", &json!({})) {
        let answer = host.client.post(path, body.to_string()).await;
        let message = "failed conversing with component gpt: API returned unexpected status code: 401: Invalid API key";
        assert_eq!(answer.error(), (500, "ERR_CONVERSATION_INVOKE".to_owned(), message.to_owned()), "{path}");
    }
    assert!(aimock::journal("locked-model").await.is_empty());
    assert!(!host.log().contains(wrong));

    let host = aimock::host("locked-model");
    let brought = json!({ "metadata": { "key": wrong } });
    for (path, body) in both("say hello", &brought) {
        let (_, _, message) = host.client.post(path, body.to_string()).await.error();
        assert!(message.ends_with("401: Invalid API key"), "{path}: {message}");
    }
    assert!(!host.log().contains(wrong) && !host.log().contains(KEY));
}
