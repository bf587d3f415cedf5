// A shared object without our note.
extern "C" __attribute__((visibility("default"))) int weir_plain_library();
int weir_plain_library() {
  return 1;
}
