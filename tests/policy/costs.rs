//! What an evaluation costs, counted and not timed: the instructions that the module executes, by
//! wasmtime's fuel, as a ratio to those of a policy that does nothing and was built by the same
//! compiler, and the memory that it takes.
//!
//! The counts are the same on every machine, but not with every compiler, so they are only held
//! against the record where the compiler is the record's. `make costs` records anew.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wasmtime::{Caller, Config, Engine, Extern, Linker, Module, Store, Trap};

use super::cases::{self, adversaries};
use super::harness::proven;

/// How much more than recorded is a regression.
const TOLERANCE: f64 = 0.1;

/// The most instructions of the worst adversary.
const MOST: u64 = 400_000_000;

const PAGE: u64 = 64 * 1024;

/// What was recorded.
#[derive(Deserialize, Serialize)]
struct Record {
    /// The compiler, as the module's section `producers` has it.
    rustc: String,
    /// For each case, its instructions per instruction of the no-op policy.
    ratios: BTreeMap<String, f64>,
}

/// What an evaluation took.
pub(crate) struct Cost {
    pub instructions: u64,
    /// All of the instance's memory, in bytes.
    memory: u64,
    pub answer: Value,
}

/// A module in an engine that counts.
pub(crate) struct Counted {
    module: Module,
    linker: Linker<Call>,
}

/// What goes in, and what comes out.
#[derive(Default)]
struct Call {
    payload: Vec<u8>,
    answer: Vec<u8>,
}

impl Counted {
    pub(crate) fn load(bytes: &[u8]) -> Self {
        let mut config = Config::new();
        config.consume_fuel(true);
        let engine = Engine::new(&config).expect("an engine");
        let module = Module::new(&engine, bytes).expect("a module");
        let mut linker = Linker::new(&engine);
        // The part of the waPC protocol that a policy without host calls needs.
        let request = |mut caller: Caller<'_, Call>, operation: u32, payload: u32| {
            let memory = caller.get_export("memory").and_then(Extern::into_memory);
            let memory = memory.expect("a memory");
            let text = caller.data().payload.clone();
            let mut write = |place: u32, text: &[u8]| {
                memory
                    .write(&mut caller, place as usize, text)
                    .expect("a buffer");
            };
            write(operation, b"validate");
            write(payload, &text);
        };
        let response = |mut caller: Caller<'_, Call>, place: u32, length: u32| {
            let memory = caller.get_export("memory").and_then(Extern::into_memory);
            let mut answer = vec![0; length as usize];
            let memory = memory.expect("a memory");
            memory
                .read(&caller, place as usize, &mut answer)
                .expect("an answer");
            caller.data_mut().answer = answer;
        };
        linker
            .func_wrap("wapc", "__guest_request", request)
            .and_then(|linker| linker.func_wrap("wapc", "__guest_response", response))
            .and_then(|linker| linker.define_unknown_imports_as_traps(&module))
            .expect("the imports");
        Self { module, linker }
    }

    pub(crate) fn validate(&self, request: &Value, settings: &Value) -> Cost {
        let payload = json!({"request": request, "settings": settings}).to_string();
        let cost = self.validate_within(u64::MAX, payload);
        cost.expect("an answer")
    }

    /// The evaluation; none if it takes more instructions.
    pub(crate) fn validate_within(&self, most: u64, payload: String) -> Option<Cost> {
        let length = i32::try_from(payload.len()).expect("a small payload");
        let call = Call {
            payload: payload.into_bytes(),
            ..Call::default()
        };
        let mut store = Store::new(self.module.engine(), call);
        store.set_fuel(most).expect("fuel");
        let instance = self.linker.instantiate(&mut store, &self.module);
        let instance = instance.expect("an instance");
        let init = instance.get_typed_func::<(), ()>(&mut store, "wapc_init");
        init.and_then(|init| init.call(&mut store, ()))
            .expect("wapc_init");
        let call = instance.get_typed_func::<(i32, i32), i32>(&mut store, "__guest_call");
        let operation = i32::try_from("validate".len()).expect("a short name");
        let call = call.expect("__guest_call");
        if let Err(error) = call.call(&mut store, (operation, length)) {
            let is_spent = error.downcast_ref() == Some(&Trap::OutOfFuel);
            assert!(is_spent, "{error:?}");
            return None;
        }
        let memory = instance.get_memory(&mut store, "memory");
        Some(Cost {
            instructions: most - store.get_fuel().expect("fuel"),
            memory: memory.expect("a memory").size(&store) * PAGE,
            answer: serde_json::from_slice(&store.data().answer).expect("JSON"),
        })
    }
}

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

pub(crate) fn module(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).unwrap_or_else(|_| panic!("run `make {name}` first"))
}

/// The compiler that built the module: in section `producers` a name is followed by its version,
/// with its length before it.
fn rustc(module: &[u8]) -> String {
    let find = |bytes: &[u8], name: &[u8]| bytes.windows(name.len()).position(|one| one == name);
    let producers = find(module, b"producers").map(|place| &module[place..]);
    let version = producers.and_then(|producers| {
        let version = &producers[find(producers, b"rustc")? + b"rustc".len()..];
        let (&length, version) = version.split_first()?;
        version.get(..usize::from(length))
    });
    String::from_utf8_lossy(version.unwrap_or_default()).into_owned()
}

#[test]
fn an_evaluation_costs_no_more_than_recorded() {
    let (bytes, record) = (module("policy.wasm"), path("tests/golden/costs.json"));
    let (policy, noop) = (Counted::load(&bytes), Counted::load(&module("noop.wasm")));
    let mut ratios = BTreeMap::new();
    for case in cases::all() {
        let cost = policy.validate(&case.request, &case.settings);
        assert_eq!(cost.answer["accepted"], case.accepted, "{}", case.name);
        let least = noop.validate(&case.request, &case.settings).instructions;
        #[expect(clippy::cast_precision_loss, reason = "a ratio")]
        let ratio = cost.instructions as f64 / least as f64;
        ratios.insert(case.name.to_owned(), (ratio * 10.0).round() / 10.0);
    }
    let rustc = rustc(&bytes);
    assert!(!rustc.is_empty(), "policy.wasm does not say its compiler");
    if std::env::var_os("RECORD_COSTS").is_some() {
        let text = serde_json::to_string_pretty(&Record { rustc, ratios }).expect("JSON");
        std::fs::write(record, text + "\n").expect("the record");
        return;
    }
    let recorded = std::fs::read_to_string(record).expect("a record");
    let recorded: Record = serde_json::from_str(&recorded).expect("a record");
    if recorded.rustc != rustc {
        eprintln!(
            "skipped: costs were recorded with rustc {}, and policy.wasm was built with {rustc}",
            recorded.rustc
        );
        return;
    }
    let costs = |ratios: &BTreeMap<String, f64>| ratios.keys().cloned().collect::<Vec<_>>();
    assert_eq!(costs(&ratios), costs(&recorded.ratios), "run `make costs`");
    for (name, ratio) in ratios {
        let before = recorded.ratios[&name];
        assert!(
            ratio <= before * (1.0 + TOLERANCE),
            "{name}: {ratio} times the no-op, recorded were {before}"
        );
        assert!(
            ratio >= before * (1.0 - TOLERANCE),
            "{name}: {ratio} times the no-op, recorded were {before}; run `make costs` to keep that"
        );
    }
}

#[test]
fn an_adversary_costs_some_milliseconds_at_most() {
    let policy = Counted::load(&module("policy.wasm"));
    for (name, object, _) in adversaries::all() {
        let cost = policy.validate(&cases::request(object), &proven());
        assert!(
            cost.instructions <= MOST,
            "{name}: {} instructions",
            cost.instructions
        );
    }
}

#[test]
fn memory_is_a_few_times_the_request() {
    let policy = Counted::load(&module("policy.wasm"));
    let empty = policy.validate(&cases::request(cases::rules(1)), &json!({}));
    let request = cases::request(cases::rules(1024));
    let size = u64::try_from(request.to_string().len()).expect("a size");
    let cost = policy.validate(&request, &json!({}));
    assert!(
        cost.memory - empty.memory <= 2 * size && cost.memory <= 4 * size,
        "{} bytes for a request of {size}",
        cost.memory
    );
}
