;; A provider by hand, which has the host write the request where there is no memory.
(module
  (memory (export "memory") 1)

  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const -64))

  (func (export "parlor:conversation/description@0.1.0#describe") (result i32) (i32.const 1024))

  (func (export "parlor:conversation/conversation@0.1.0#converse") (param i32) (result i32) (i32.const 1024))
)
