;; A provider by hand, which is larger from its beginning than it may ever be. It is never served.
(module
  (memory (export "memory") 20000)

  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))

  (func (export "parlor:conversation/description@0.1.0#describe") (result i32) (i32.const 1024))

  (func (export "parlor:conversation/conversation@0.1.0#converse") (param i32) (result i32) (i32.const 1024))
)
