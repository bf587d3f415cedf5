// A callable for the length of a call, whatever its type: for code that is to be compiled once and
// not for each caller. Costs an indirect call; owns nothing.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace weir::internal {

template <class Signature>
class FunctionReference;

template <class R, class... Arguments>
class FunctionReference<R(Arguments...)> {
 public:
  // The callable outlives the reference.
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, FunctionReference>)
  FunctionReference(F&& callable)  // NOLINT(google-explicit-constructor): as an argument
      : callable_(const_cast<void*>(static_cast<const void*>(std::addressof(callable)))),
        call_([](void* called, Arguments... arguments) -> R {
          return (*static_cast<std::remove_reference_t<F>*>(called))(
              std::forward<Arguments>(arguments)...);
        }) {}

  R operator()(Arguments... arguments) const {
    return call_(callable_, std::forward<Arguments>(arguments)...);
  }

 private:
  void* callable_;
  R (*call_)(void*, Arguments...);
};

}  // namespace weir::internal
