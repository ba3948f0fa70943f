//! The wasmtime engine: what guests may use, where their instances live, and the clock that looks at running ones.
//! Knows nothing of providers.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use wasmtime::component::Component;
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use super::compiled::CompileCache;
use super::load::Wasm;
use super::places::Room;
use super::ticker::{Guest, Ticker};
use crate::limits;

/// An engine with its ticker, and the code that earlier ones compiled. The ticker ends with the last clone.
#[derive(Clone)]
pub(super) struct Runtime {
    pub(super) engine: Engine,
    compiled: Option<Arc<CompileCache>>,
    ticker: Arc<Ticker>,
}

impl Runtime {
    /// Compiled code is kept in `cache`, when there is one, and found there by the next start.
    pub(super) fn new(cache: Option<&Path>) -> Result<Self> {
        let compiled = cache.map(CompileCache::open).transpose()?.map(Arc::new);
        let engine = Engine::new(&config())
            .map_err(told)
            .context("can't set up the sandbox; is the address space limited (`ulimit -v`)?")?;
        let ticking = engine.clone();
        let ticker = Ticker::start(move || ticking.increment_epoch())?;
        Ok(Self { engine, compiled, ticker: Arc::new(ticker) })
    }

    /// To be kept for as long as a guest may run.
    pub(super) fn guest(&self) -> Guest {
        self.ticker.guest()
    }

    /// The component of a `.wasm`. Blocks for as long as the compiler takes.
    pub(super) fn component(&self, wasm: &Wasm) -> wasmtime::Result<Component> {
        match &self.compiled {
            Some(compiled) => compiled.component(&self.engine, wasm),
            None => Component::new(&self.engine, wasm.bytes()),
        }
    }
}

/// Wasmtime's error as an ordinary one, causes and all.
#[expect(clippy::needless_pass_by_value, reason = "it is given to `map_err`")]
pub(super) fn told(error: wasmtime::Error) -> anyhow::Error {
    anyhow::anyhow!("{error:#}")
}

fn config() -> Config {
    let mut config = Config::new();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool()));
    config.epoch_interruption(true);
    config.memory_init_cow(true);
    // No provider needs these; what is off can't be attacked.
    config.wasm_memory64(false);
    config.wasm_multi_memory(false);
    config.wasm_tail_call(false);
    config.wasm_relaxed_simd(false);
    config
}

/// A slot for each place, with a stack and all that an instance may be made of. What is made of more is refused when it is
/// loaded, or it could take other components' slots.
fn pool() -> PoolingAllocationConfig {
    let slots = u32::try_from(Room::PROCESS.slots()).unwrap_or(u32::MAX);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(slots)
        .total_core_instances(slots.saturating_mul(limits::GUEST_MODULES))
        .max_core_instances_per_component(limits::GUEST_MODULES)
        .total_memories(slots.saturating_mul(limits::GUEST_MEMORIES))
        .max_memories_per_component(limits::GUEST_MEMORIES)
        .total_tables(slots.saturating_mul(limits::GUEST_TABLES))
        .max_tables_per_component(limits::GUEST_TABLES)
        .total_stacks(slots)
        .max_memory_size(limits::MAX_GUEST_MEMORY)
        .table_elements(limits::GUEST_TABLE_ELEMENTS)
        // What an ordinary call touches is wiped in place: giving pages back to the kernel costs more than wiping them.
        .linear_memory_keep_resident(2 << 20)
        .table_keep_resident(256 << 10)
        .pagemap_scan(Enabled::Auto);
    pool
}
