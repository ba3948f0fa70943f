;; A provider by hand, which grows its table without end: Rust has no word for that.
(module
  (memory (export "memory") 2)
  (table $table 1 funcref)

  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 32768))

  (func (export "parlor:conversation/description@0.1.0#describe") (result i32) (i32.const 1024))

  ;; Stops when it is given no more.
  (func (export "parlor:conversation/conversation@0.1.0#converse") (param i32) (result i32)
    (loop $more
      (br_if $more (i32.ne (table.grow $table (ref.null func) (i32.const 4096)) (i32.const -1))))
    (unreachable))
)
