//! Every bound on size and time that is not a component's own, in one table: its default and why.

use std::time::Duration;

/// Providers that run at one time in the whole process, besides those below. With them they are the slots of wasmtime's
/// pool. A slot is address space until it is used; four mappings a slot stay well below Linux's `vm.max_map_count` of 65,530.
pub const RUNNING_PROVIDERS: usize = 6_000;

/// Places that are kept for single components, and how many of them each gets, whatever all others do. Components that are
/// loaded when none is left, beyond some five hundred, have their part in the other places only.
pub const RESERVED_PLACES: usize = 2_048;
pub const RESERVED_EACH: usize = 4;

/// Calls of one component that may wait for a place; a call more is refused at once. As many as can run.
pub const WAITING_CALLS: usize = 6_000;

/// The most linear memory that a component may allow its provider. Interpreters in wasm want 10 MiB and more.
pub const MAX_GUEST_MEMORY: usize = 1 << 30;

/// Longest wait for a free place before a call is answered as busy. Longer than a burst, shorter than a client's patience.
pub const PLACE_WAIT: Duration = Duration::from_secs(5);

/// Bytes that one call into a guest may hand back. Its lists and strings are copied into the host's memory.
pub const GUEST_OUTPUT: usize = 16 << 20;

/// Resources that a guest may hold at one time: some ten for each of its exchanges. Headers and bodies among them are in the
/// host's memory, so this times [`GUEST_BUFFER`] is what a call may take of it, 32 MiB.
pub const GUEST_HANDLES: usize = 512;

/// Bytes that the host keeps for a guest at a time: the headers of a request, a piece of its body, random bytes.
pub const GUEST_BUFFER: usize = 64 << 10;

/// Exchanges that one call of a provider with its own I/O may have open at one time: enough to ask some models at once.
pub const CALL_EXCHANGES: usize = 16;

/// Exchanges that all calls of a component may have open at one time, for each call that it may run at one time;
/// those of one call at least.
pub const EXCHANGES_A_CALL: usize = 4;

/// Elements of a guest's tables; Rust guests use some hundreds, Python's interpreter some ten thousands.
pub const GUEST_TABLE_ELEMENTS: usize = 100_000;

/// What an instance may be made of: core modules, which are only counted (Rust's providers have up to four, its own and
/// the small ones that wire it, Python's some twenty libraries); memories and tables, which are address space in each slot.
pub const GUEST_MODULES: u32 = 64;
pub const GUEST_MEMORIES: u32 = 1;
pub const GUEST_TABLES: u32 = 3;

/// The largest function of a guest, in bytes of wasm: the compiler takes four times as long for one of twice the size, most
/// of a minute for the worst of this one. The largest of interpreters have some 100 KB.
pub const FUNCTION_BYTES: u64 = 256 << 10;

/// How long a swap waits for the compiler, and how many artifacts are compiled at one time.
pub const COMPILING: Duration = Duration::from_secs(60);
pub const COMPILERS: usize = 2;

/// How often a running guest is looked at. Bounds both how unfair a busy guest can be and how late its limits strike.
pub const EPOCH: Duration = Duration::from_millis(10);

/// For how many epochs there is no guest before the clock stands still: to wake it is a system call, which a host that has
/// calls to serve should seldom make.
pub const IDLE_TICKS: u32 = 100;

/// How long a guest may compute at a stretch before it takes turns with its like: ordinary calls take a tenth of it.
pub const LONG_COMPUTING: Duration = Duration::from_micros(2_500);

/// Faults of a provider in a row, with no success in between, after which its component rests; for how long at first, and
/// at most, as each try that fails doubles it.
pub const FAULTS_IN_A_ROW: u32 = 10;
pub const FIRST_REST: Duration = Duration::from_secs(1);
pub const LONGEST_REST: Duration = Duration::from_secs(60);

/// What a provider may use while it is only asked for its description.
pub const TRIAL_TIME: Duration = Duration::from_secs(5);

/// Providers that are asked for it at one time.
pub const TRIALS: usize = 4;

/// The largest `.wasm` that is read. Python's interpreter as a component has 22 MB.
pub const ARTIFACT_BYTES: u64 = 128 << 20;

/// Lines that a component may log in a second over all its calls, whatever each call may; and the length that each is cut
/// to. Enough to follow a busy provider, too few to fill a disk in a day.
pub const GUEST_LOG_RATE: u32 = 200;
pub const GUEST_LOG_LENGTH: usize = 4_096;

/// Events that `next` is asked for at a time: enough to empty a burst, few enough to stay small.
pub const EVENT_BATCH: u32 = 64;

/// Length that an error text of a vendor or a guest is cut to before it travels further.
pub const ERROR_TEXT: usize = 4_096;

/// The longest time after which a client is invited to try again, whatever a vendor says: a day.
pub const RETRY_AFTER: Duration = Duration::from_hours(24);

/// A provider's request body on its way out. Room for images and sounds within the messages.
pub const OUTGOING_BYTES: u64 = 64 << 20;

/// Time to connect to a vendor, TLS included.
pub const CONNECT: Duration = Duration::from_secs(10);

/// The longest silence between two pieces of a vendor's answer; models pause to think, lines that died don't come back.
pub const IDLE: Duration = Duration::from_secs(120);

/// Time for a client to send the head of a request.
pub const CLIENT_HEADER: Duration = Duration::from_secs(10);

/// Time for a client to send the body of a request: ages for 4 MiB, and an end for those who stall.
pub const CLIENT_BODY: Duration = Duration::from_secs(60);

/// Headers of a client's HTTP/2 request, as daprd has it: 4 MiB.
pub const CLIENT_HEADER_LIST: u32 = 4 << 20;

/// What Go reads of a request's head beyond the limit that it is given, and so daprd beyond `--read-buffer-size`.
pub const CLIENT_HEAD_SLACK: usize = 4_096;

/// What is read from a client at a time, and so the least room that there is for the head of a request; hyper's default.
pub const CLIENT_BUFFER: usize = 408 << 10;

/// What is read of a body that is too large, so that its client comes to read the answer: some times the default limit.
pub const DISCARDED_BODY: usize = 16 << 20;

/// Time for that.
pub const DISCARDING: Duration = Duration::from_secs(2);

/// Between two looks at whether the application listens yet, and the time for one, as daprd has them.
pub const APP_LOOK: Duration = Duration::from_millis(100);
pub const APP_CONNECT: Duration = Duration::from_millis(500);

/// Calls that a client may have open on one HTTP/2 connection: as many as can run. daprd has no bound, and its clients make
/// one connection for all they do.
pub const CLIENT_STREAMS: u32 = 6_000;

/// How long a client's HTTP/2 connection may be silent before it is asked whether it lives, and how long it has to say so.
/// As daprd has it.
pub const CLIENT_PING: Duration = Duration::from_secs(10);
pub const CLIENT_PONG: Duration = Duration::from_secs(5);

/// Length that an error text is cut to in gRPC, where it travels in a header: three times as long when no letter of it is
/// ASCII, and Java's clients take 8 KiB of headers.
pub const GRPC_ERROR_TEXT: usize = 2_048;

/// How long a client of gRPC may keep a connection without a call, as daprd has it. HTTP's may for as long as they like.
pub const GRPC_IDLE: Duration = Duration::from_secs(180);

/// What an application may have kept in `/v1.0/metadata`: entries, and bytes of a key and of a value. Dapr's own command
/// line keeps six, of which one is a whole command.
pub const METADATA_ENTRIES: usize = 64;
pub const METADATA_KEY: usize = 128;
pub const METADATA_VALUE: usize = 16 << 10;

/// What is left of the process after a forced shutdown was asked for: time for its answer, as daprd has it.
pub const FORCED_END: Duration = Duration::from_millis(100);

/// Compiled code that is kept on disk: twenty interpreters, or thousands of Rust's providers.
pub const COMPILED_BYTES: u64 = 1 << 30;
