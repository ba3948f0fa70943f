//! The guest's allocator on wasm: a static arena first, and more memory from the host only when the arena is used up.
//!
//! The host runs each call in a fresh instance, and in a pooled instance `memory.grow` is a change of page protection,
//! which stops every core for a moment; it costs more than an ordinary call does. The arena is zeros that cost nothing
//! until they are touched. An ordinary call fits into its first part, which is handed out from the bottom up and never
//! given back, because the whole instance is: that is a few instructions where an allocator takes a hundred. What does
//! not fit, such as a long stream, is `talc`'s.
#![expect(unsafe_code, reason = "an allocator hands out raw memory")]

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;
use std::ptr::NonNull;

use talc::base::Talc;
use talc::base::binning::Binning;
use talc::source::Source;

/// Enough for a call with a conversation of some thousand words. More would be looked through after every call.
#[cfg(target_arch = "wasm32")]
const ARENA: usize = 256 << 10;

/// The part of the arena that is handed out and not taken back.
#[cfg(target_arch = "wasm32")]
const ONCE: usize = 64 << 10;

/// How much more to ask for at a time: asking is what costs.
const STEP: usize = 1 << 20;

/// Room that a new region needs beside the allocation it is for: the allocator's marks at both ends.
const MARGIN: usize = 1 << 10;

#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: Guest<talc::cell::TalcSyncCell<Memory, talc::wasm::WasmBinning>> = {
    static mut BYTES: [u8; ARENA] = [0; ARENA];
    let start = (&raw mut BYTES).cast::<u8>();
    // SAFETY: nothing else names `BYTES`, which lives as long as the program; each part has one owner.
    unsafe {
        let memory = Memory::new(start.add(ONCE), ARENA - ONCE, grow);
        Guest::new(start, ONCE, talc::cell::TalcSyncCell::new_wasm(memory))
    }
};

/// Hands out its own bytes first, each once, then leaves the rest to another allocator.
#[derive(Debug)]
struct Guest<A> {
    start: *mut u8,
    size: usize,
    /// How many bytes are handed out.
    used: Cell<usize>,
    rest: A,
}

// SAFETY: a wasm guest has one thread.
unsafe impl<A> Sync for Guest<A> {}

impl<A> Guest<A> {
    /// # Safety
    /// The bytes are the allocator's alone for as long as it is used.
    const unsafe fn new(start: *mut u8, size: usize, rest: A) -> Self {
        Self { start, size, used: Cell::new(0), rest }
    }

    /// How far from the start a pointer into these bytes is.
    fn offset(&self, pointer: *mut u8) -> Option<usize> {
        let offset = pointer.addr().wrapping_sub(self.start.addr());
        (offset < self.size).then_some(offset)
    }
}

// SAFETY: no two allocations share a byte: `used` only moves back over an allocation that was given back, and `rest` has
// bytes of its own.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Guest<A> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let misaligned = (self.start.addr() + self.used.get()) & (layout.align() - 1);
        let begin = self.used.get() + if misaligned == 0 { 0 } else { layout.align() - misaligned };
        if begin > self.size || layout.size() > self.size - begin {
            // SAFETY: the caller's promise goes on.
            return unsafe { self.rest.alloc(layout) };
        }
        self.used.set(begin + layout.size());
        // SAFETY: `begin` is within the bytes.
        unsafe { self.start.add(begin) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        match self.offset(pointer) {
            // The latest allocation can be taken back: what is made and dropped at once costs no room.
            Some(begin) if begin + layout.size() == self.used.get() => self.used.set(begin),
            Some(_) => {}
            // SAFETY: the pointer is none of these bytes, so it came from `rest`.
            None => unsafe { self.rest.dealloc(pointer, layout) },
        }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let Some(begin) = self.offset(pointer) else {
            // SAFETY: the pointer is none of these bytes, so it came from `rest`.
            return unsafe { self.rest.realloc(pointer, layout, size) };
        };
        if begin + layout.size() == self.used.get() && size <= self.size - begin {
            // The latest allocation grows where it is: a text that is being written is seldom copied.
            self.used.set(begin + size);
            return pointer;
        }
        if size <= layout.size() {
            // What is cut off is lost; to copy the rest would take as much once more. Bindings shrink every list.
            return pointer;
        }
        // SAFETY: the caller promises a size that fits this alignment.
        let moved = unsafe { self.alloc(Layout::from_size_align_unchecked(size, layout.align())) };
        if !moved.is_null() {
            // SAFETY: both are at least so long, and they don't overlap.
            unsafe { moved.copy_from_nonoverlapping(pointer, layout.size()) };
        }
        moved
    }
}

/// Where the allocator's memory comes from.
#[derive(Debug)]
struct Memory {
    /// Taken by the first allocation.
    arena: Option<(*mut u8, usize)>,
    /// The end of the last region that was asked for, so that the next can be joined to it.
    end: Option<NonNull<u8>>,
    /// Asks for so many bytes of zeros, and gives what it got.
    grow: fn(usize) -> Option<(*mut u8, usize)>,
}

// SAFETY: the pointers are the allocator's alone; a wasm guest has one thread.
unsafe impl Send for Memory {}

impl Memory {
    /// # Safety
    /// The arena, and every region that `grow` gives, is the allocator's alone for as long as it is used.
    const unsafe fn new(arena: *mut u8, size: usize, grow: fn(usize) -> Option<(*mut u8, usize)>) -> Self {
        Self { arena: Some((arena, size)), end: None, grow }
    }
}

// SAFETY: nothing here allocates.
unsafe impl Source for Memory {
    fn acquire<B: Binning>(talc: &mut Talc<Self, B>, layout: Layout) -> Result<(), ()> {
        if let Some((base, size)) = talc.source.arena.take() {
            // SAFETY: the caller of `Memory::new` gave the arena away.
            return unsafe { talc.claim(base, size) }.map(|_| ()).ok_or(());
        }
        let needed = layout.size().checked_add(layout.align()).and_then(|sum| sum.checked_add(MARGIN)).ok_or(())?;
        // Where a whole step is more than the host grants, what is needed may still be less.
        let (base, size) = (talc.source.grow)(needed.max(STEP)).or_else(|| (talc.source.grow)(needed)).ok_or(())?;
        let end = base.wrapping_add(size);
        if let Some(last) = talc.source.end.take()
            && last.as_ptr() == base
        {
            // SAFETY: `last` is the end of a region of this allocator, and the new region begins right there.
            talc.source.end = Some(unsafe { talc.extend(last, end) });
            return Ok(());
        }
        // SAFETY: the caller of `Memory::new` promised that the region is the allocator's.
        talc.source.end = unsafe { talc.claim(base, size) };
        talc.source.end.map(|_| ()).ok_or(())
    }
}

#[cfg(target_arch = "wasm32")]
fn grow(bytes: usize) -> Option<(*mut u8, usize)> {
    const PAGE: usize = 64 << 10;
    let pages = bytes.div_ceil(PAGE);
    match core::arch::wasm32::memory_grow::<0>(pages) {
        usize::MAX => None,
        before => Some(((before * PAGE) as *mut u8, pages * PAGE)),
    }
}

#[cfg(test)]
mod tests {
    use talc::cell::TalcCell;
    use talc::wasm::WasmBinning;

    use super::*;

    thread_local! {
        static ASKED: Cell<usize> = const { Cell::new(0) };
    }

    fn leak(bytes: usize) -> Option<(*mut u8, usize)> {
        ASKED.set(ASKED.get() + bytes);
        (ASKED.get() <= 16 << 20).then(|| (Box::leak(vec![0_u8; bytes].into_boxed_slice()).as_mut_ptr(), bytes))
    }

    /// A quarter of the arena is handed out once, as in a guest.
    fn allocator(arena: usize) -> Guest<TalcCell<Memory, WasmBinning>> {
        ASKED.set(0);
        let bytes = Box::leak(vec![0_u8; arena].into_boxed_slice()).as_mut_ptr();
        // SAFETY: leaked memory is nobody else's, and each part has one owner.
        unsafe {
            let memory = Memory::new(bytes.add(arena / 4), arena - arena / 4, leak);
            Guest::new(bytes, arena / 4, TalcCell::new(memory))
        }
    }

    /// Allocates, grows and frees in a fixed, mixed order, checks that no two allocations share a byte, and returns how
    /// much memory was asked for beyond the arena.
    fn churn(arena: usize, rounds: usize, largest: usize) -> usize {
        let talc = allocator(arena);
        let mut live: Vec<(*mut u8, Layout, u8)> = Vec::new();
        let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
        for round in 0..rounds {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let pick = (seed >> 33) as usize;
            if live.len() > 24 {
                let (pointer, layout, mark) = live.swap_remove(pick % live.len());
                // SAFETY: the allocation is live and `layout.size()` bytes long.
                unsafe {
                    assert!(std::slice::from_raw_parts(pointer, layout.size()).iter().all(|byte| *byte == mark));
                    talc.dealloc(pointer, layout);
                }
            }
            let layout = Layout::from_size_align(1 + pick % largest, 1 << (pick % 6)).unwrap();
            let mark = round as u8;
            // SAFETY: the layout is not empty; the bytes written are the allocation's.
            unsafe {
                let pointer = talc.alloc(layout);
                assert!(!pointer.is_null() && (pointer as usize).is_multiple_of(layout.align()));
                pointer.write_bytes(mark, layout.size());
                live.push((pointer, layout, mark));
            }
        }
        ASKED.get()
    }

    #[test]
    fn the_latest_allocation_grows_and_shrinks_in_place_and_is_taken_back() {
        let guest = allocator(64 << 10);
        let layout = Layout::from_size_align(100, 8).unwrap();
        // SAFETY: the layouts are not empty, and each pointer is used with the layout that it has then.
        unsafe {
            let first = guest.alloc(layout);
            first.write_bytes(7, 100);
            let grown = guest.realloc(first, layout, 1_000);
            assert_eq!(grown, first);
            let second = guest.alloc(layout);
            assert_eq!(second.addr() - first.addr(), 1_000);
            guest.dealloc(second, layout);
            assert_eq!(guest.alloc(layout), second);
            // Not the latest any more: it moves, and keeps what was written.
            let moved = guest.realloc(grown, Layout::from_size_align(1_000, 8).unwrap(), 2_000);
            assert_ne!(moved, grown);
            assert!(std::slice::from_raw_parts(moved, 100).iter().all(|byte| *byte == 7));
        }
    }

    #[test]
    fn what_shrinks_stays_where_it_is_and_gives_back_nothing_of_others() {
        let guest = allocator(64 << 10);
        let layout = |size| Layout::from_size_align(size, 1).unwrap();
        // SAFETY: the layouts are not empty, and each pointer is used with the layout that it has then.
        unsafe {
            let first = guest.alloc(layout(100));
            let second = guest.alloc(layout(100));
            assert_eq!(guest.realloc(first, layout(100), 40), first);
            guest.dealloc(first, layout(40));
            assert_eq!(guest.alloc(layout(1)).addr(), second.addr() + 100, "the second is still there");
            assert_eq!(guest.realloc(second, layout(100), 1), second);
            assert_ne!(guest.realloc(second, layout(1), 2), second, "what was cut off is not taken again");
        }
    }

    #[test]
    fn an_ordinary_call_stays_inside_the_arena() {
        assert_eq!(churn(1 << 20, 2_000, 8 << 10), 0);
    }

    #[test]
    fn a_long_stream_reuses_what_was_freed() {
        assert_eq!(churn(1 << 20, 50_000, 8 << 10), 0);
    }

    #[test]
    fn more_memory_is_asked_for_when_the_arena_is_used_up() {
        let asked = churn(64 << 10, 2_000, 100 << 10);
        assert!((STEP..=6 * STEP).contains(&asked), "{asked}");
    }

    #[test]
    fn an_allocation_larger_than_a_step_gets_a_region_of_its_own_and_an_impossible_one_fails() {
        let talc = allocator(64 << 10);
        // SAFETY: the layouts are not empty.
        unsafe {
            let large = Layout::from_size_align(3 * STEP, 16).unwrap();
            assert!(!talc.alloc(large).is_null());
            assert!(talc.alloc(Layout::from_size_align(64 << 20, 16).unwrap()).is_null());
        }
    }
}
