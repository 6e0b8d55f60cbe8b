#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| dunwu_fuzz::read(dunwu_store::LogFormat::Wandb, data));
