//! Guests that repeat what they were told (trust.md S8): the password is in nothing that anybody hears.

use crate::world::{Case, SECRET, apply, engine};

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_in_no_error_log_receipt_or_plan() {
    let mut heard_of = 0;
    for place in ["endpoints", "open", "server", "inspect", "open-snapshot", "read", "next"] {
        for fault in ["secret", "secret-log", "panic"] {
            let (outcome, heard) = apply(&Case::source(&format!("{fault}@{place}"))).await;
            let told = match &outcome {
                Ok(receipt) => receipt.json(),
                Err(error) => format!("{error} {error:?}"),
            };
            assert!(!told.contains(SECRET), "{fault}@{place}: {told}");
            assert!(!heard.text().contains(SECRET), "{fault}@{place}");
            heard_of += usize::from(told.contains("<redacted>") || heard.text().contains("<redacted>"));
        }
    }
    assert!(heard_of >= 7, "the secret was said at most {heard_of} times: this test sees nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_in_a_finding() {
    let found = engine().check(&Case::default().spec()).await;
    let told = format!("{found:?}");
    assert!(told.contains("with <<redacted>>") && !told.contains(SECRET), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_says_where_it_was() {
    let (outcome, _) = apply(&Case::source("panic@next")).await;
    let told = outcome.unwrap_err().to_string();
    assert!(told.contains("panicked at") && told.contains("fault.rs"), "{told}");
}
