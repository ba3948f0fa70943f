//! libFuzzer's way to `parlor_fuzz::json`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| parlor_fuzz::json(data));
