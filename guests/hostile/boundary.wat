;; A provider by hand, which gives back values that no compiler lets anyone make, as its setting `how` says. The first four
;; letters tell the ways apart. Layouts are the canonical ABI's for `result<response, error>` of `wit/conversation.wit`.
(module
  (memory (export "memory") 2)
  (global $free (mut i32) (i32.const 65536))

  (data (i32.const 16) "boundary1.0how")
  (data (i32.const 64) "\ff\fe\c0\80\ed\a0\80")

  ;; Writes two words: where a text or list begins, and how long it is.
  (func $span (param $at i32) (param $start i32) (param $length i32)
    (i32.store (local.get $at) (local.get $start))
    (i32.store offset=4 (local.get $at) (local.get $length)))

  (func (export "cabi_realloc") (param i32 i32) (param $align i32) (param $size i32) (result i32)
    (local $start i32)
    (local.set $start
      (i32.and (i32.sub (i32.add (global.get $free) (local.get $align)) (i32.const 1))
               (i32.sub (i32.const 0) (local.get $align))))
    (global.set $free (i32.add (local.get $start) (local.get $size)))
    (local.get $start))

  ;; A description with one required setting of kind `text`.
  (func (export "parlor:conversation/description@0.1.0#describe") (result i32)
    (call $span (i32.const 128) (i32.const 16) (i32.const 8))
    (call $span (i32.const 136) (i32.const 24) (i32.const 3))
    (call $span (i32.const 144) (i32.const 16) (i32.const 8))
    (call $span (i32.const 152) (i32.const 192) (i32.const 1))
    (call $span (i32.const 192) (i32.const 27) (i32.const 3))
    (call $span (i32.const 200) (i32.const 27) (i32.const 3))
    (i32.store8 (i32.const 232) (i32.const 1))
    (i32.const 128))

  ;; Makes `id`, an `option<string>`, a text of this place and length.
  (func $id (param $start i32) (param $length i32)
    (i32.store8 (i32.const 1032) (i32.const 1))
    (call $span (i32.const 1036) (local.get $start) (local.get $length)))

  (func $candidates (param $start i32) (param $length i32)
    (call $span (i32.const 1056) (local.get $start) (local.get $length)))

  (func $is (param $how i32) (param $letters i32) (result i32)
    (i32.eq (i32.load (local.get $how)) (local.get $letters)))

  ;; The answer is at 1024, the first candidate at 2048, its first part at 3072; all of it is zero, and so well-formed.
  (func (export "parlor:conversation/conversation@0.1.0#converse") (param $arguments i32) (result i32)
    (local $how i32)
    (local.set $how (i32.load offset=8 (i32.load (local.get $arguments))))
    ;; `utf8-broken`: bytes that are no UTF-8.
    (if (call $is (local.get $how) (i32.const 0x38667475)) (then (call $id (i32.const 64) (i32.const 7))))
    ;; `beyond`: a text outside of the memory.
    (if (call $is (local.get $how) (i32.const 0x6f796562)) (then (call $id (i32.const 0x7fffffff) (i32.const 16))))
    ;; `wrapping`: a text that begins at the very end of the address space and comes round.
    (if (call $is (local.get $how) (i32.const 0x70617277)) (then (call $id (i32.const -16) (i32.const 64))))
    ;; `endless`: a text as long as a number can say.
    (if (call $is (local.get $how) (i32.const 0x6c646e65)) (then (call $id (i32.const 64) (i32.const -1))))
    ;; `list-beyond`: a list longer than the memory.
    (if (call $is (local.get $how) (i32.const 0x7473696c))
      (then (call $candidates (i32.const 2048) (i32.const 0x01000000))))
    ;; `overflow`: a list whose size in bytes, 48 each, is 32 when counted in 32 bits.
    (if (call $is (local.get $how) (i32.const 0x7265766f))
      (then (call $candidates (i32.const 2048) (i32.const 0x05555556))))
    ;; `crooked`: a list that begins at an odd place.
    (if (call $is (local.get $how) (i32.const 0x6f6f7263)) (then (call $candidates (i32.const 2049) (i32.const 1))))
    ;; `result`: neither an answer nor an error.
    (if (call $is (local.get $how) (i32.const 0x75736572)) (then (i32.store8 (i32.const 1024) (i32.const 7))))
    ;; `option`: neither some nor none.
    (if (call $is (local.get $how) (i32.const 0x6974706f)) (then (i32.store8 (i32.const 1032) (i32.const 9))))
    ;; `finish`: a reason to finish that there is not.
    (if (call $is (local.get $how) (i32.const 0x696e6966))
      (then
        (call $candidates (i32.const 2048) (i32.const 1))
        (i32.store8 (i32.const 2060) (i32.const 200))))
    ;; `part`: a part of a kind that there is not.
    (if (call $is (local.get $how) (i32.const 0x74726170))
      (then
        (call $candidates (i32.const 2048) (i32.const 1))
        (call $span (i32.const 2052) (i32.const 3072) (i32.const 1))
        (i32.store8 (i32.const 3072) (i32.const 99))))
    ;; `kind`: an error of a kind that there is not.
    (if (call $is (local.get $how) (i32.const 0x646e696b))
      (then
        (i32.store8 (i32.const 1024) (i32.const 1))
        (i32.store8 (i32.const 1032) (i32.const 250))))
    ;; `tilted`: an answer at an odd place.
    (if (call $is (local.get $how) (i32.const 0x746c6974)) (then (return (i32.const 1025))))
    ;; `outside`: an answer outside of the memory.
    (if (call $is (local.get $how) (i32.const 0x7374756f)) (then (return (i32.const 0x7ffffff8))))
    (i32.const 1024))

  ;; `post`: an answer that is well-formed, and a trap when its memory is to be given back.
  (func (export "cabi_post_parlor:conversation/conversation@0.1.0#converse") (param $answer i32)
    (if (i32.eqz (i32.load8_u (i32.const 1032))) (then (unreachable))))
)
