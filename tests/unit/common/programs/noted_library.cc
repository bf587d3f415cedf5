// A shared object with a note of another vendor before two of ours in the same section.
asm(R"(
  .pushsection .note.weir, "a", @note
  .balign 4
  .long 6, 3, 1
  .asciz "Other"
  .balign 4
  .asciz "no"
  .balign 4
  .long 5, 18, 1
  .asciz "Weir"
  .balign 4
  .ascii "abi=1\ncompiler=gcc"
  .balign 4
  .long 5, 6, 1
  .asciz "Weir"
  .balign 4
  .ascii "\njob=b"
  .balign 4
  .popsection
)");
