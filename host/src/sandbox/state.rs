//! The data in the store of one call. A call that needs no WASI never makes any.

use std::sync::{Arc, Mutex};

use wasmtime::component::{HasSelf, ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use super::bindings::log;
use super::bounds::MemoryBound;
use super::guest_io::{Hooks, Outcome};
use super::guest_log::{self, Veil};
use super::provider::Setup;
use super::ticker::Guest;
use crate::limits;

/// What a running guest can reach, and what it has used.
pub(super) struct CallState {
    pub(super) memory: MemoryBound,
    _guest: Guest,
    setup: Arc<Setup>,
    /// Lines that the guest has logged, or would have.
    lines: u32,
    veil: Option<Veil>,
    io: Option<Box<Io>>,
    /// What egress last said to a guest that does its own calls.
    outcome: Outcome,
}

/// WASI for one call: no files, no environment, no arguments, no sockets; HTTP through egress only.
struct Io {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    table: ResourceTable,
    hooks: Hooks,
}

impl CallState {
    pub(super) fn new(setup: Arc<Setup>, guest: Guest, veil: Option<Veil>) -> Self {
        guest_log::settle(&setup);
        Self {
            memory: MemoryBound::new(setup.limits.memory),
            _guest: guest,
            setup,
            lines: 0,
            veil,
            io: None,
            outcome: Arc::new(Mutex::new(None)),
        }
    }

    pub(super) fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    fn io(&mut self) -> &mut Io {
        self.io.get_or_insert_with(|| {
            let mut table = ResourceTable::new();
            table.set_max_capacity(limits::GUEST_HANDLES);
            let mut wasi = WasiCtx::builder();
            wasi.allow_tcp(false).allow_udp(false).allow_ip_name_lookup(false);
            let wasi = wasi.max_random_size(limits::GUEST_BUFFER as u64).build();
            let mut http = WasiHttpCtx::new();
            http.set_field_size_limit(limits::GUEST_BUFFER);
            let hooks = Hooks::new(Arc::clone(&self.setup), Arc::clone(&self.outcome));
            Box::new(Io { wasi, http, table, hooks })
        })
    }
}

impl WasiView for CallState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let io = self.io();
        WasiCtxView { ctx: &mut io.wasi, table: &mut io.table }
    }
}

impl WasiHttpView for CallState {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        let io = self.io();
        WasiHttpCtxView { ctx: &mut io.http, table: &mut io.table, hooks: &mut io.hooks }
    }
}

impl log::Host for CallState {
    fn log(&mut self, level: log::Level, message: String) {
        self.lines = self.lines.saturating_add(1);
        guest_log::write(&self.setup, self.lines, level, &message, self.veil);
    }
}

/// How `bindgen!` finds the log in the store's data.
pub(super) type HasLog = HasSelf<CallState>;
