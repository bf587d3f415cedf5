// What operators on a keyed stream with timers share: windows (N is the window), Process functions
// with OnTimer (no namespace).
//
// A derived class handles blocks in Process() and timers in FireDue(). It sees records only while
// no timer is due. The current watermark is the one that is being
// handled: it has grown when its timers fire, and goes on behind them.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include <weir/internal/operators/keyed_operator.h>
#include <weir/internal/timers/keyed_timers.h>
#include <weir/internal/timers/timer_gate.h>

namespace weir::internal {

template <class T, class U, class F, class KeySelector, class N>
class TimedKeyedOperator : public KeyedOperator<T, U, F, KeySelector> {
 public:
  using Base = KeyedOperator<T, U, F, KeySelector>;
  using Key = typename Base::Key;

  TimedKeyedOperator(const OperatorContext& context, const typename Base::Prototype& prototype,
                     Input<U>& output)
      : Base(context, prototype, output), timers_(context, this->backend()), gate_(context) {}

  Status Open() override {
    timers_.Open();
    return Base::Open();
  }

  void Push(Batch<T>& in) final {
    if (gate_.closed()) [[unlikely]] {
      Wait(in);
    } else {
      Process(in);
    }
  }
  void OnWatermark(Watermark watermark) final {
    WaitOrCall([this, watermark] {
      timers_.AdvanceWatermark(watermark.timestamp_ms);
      gate_.Close([this, watermark] { this->output_.OnWatermark(watermark); });
    });
  }
  void OnWatermarkStatus(WatermarkStatus status) final {
    WaitOrCall([this, status] { this->output_.OnWatermarkStatus(status); });
  }
  Status OnProcessingTime(std::int64_t now_ms) final {
    timers_.AdvanceProcessingTime(now_ms);
    gate_.Close();
    Pass();
    return Status::Ok();
  }
  Status FireTimers() final {
    Pass();
    return Status::Ok();
  }
  Result<bool> Finish() final {
    timers_.Finish();
    return true;
  }

 protected:
  // A block while no timer is due; as Input::Push().
  virtual void Process(Batch<T>& in) = 0;
  // Does what is left to do for due timers: returns timers().Fire(count, call), after it has pushed
  // on what that emitted. Calls context_.Enter() before user code.
  virtual bool FireDue(std::uint32_t& count) = 0;

  KeyedTimers<Key, N>& timers() { return timers_; }
  std::int64_t current_watermark_ms() const { return timers_.current_watermark_ms(); }

 private:
  void Pass() {
    gate_.Pass([this](std::uint32_t& count) { return FireDue(count); });
  }
  template <class Element>
  void WaitOrCall(Element element) {
    if (gate_.closed()) {
      KeepWaiting(element);
    } else {
      element();
      Pass();
    }
  }
  // The records move into a block of their own.
  [[gnu::noinline]] void Wait(Batch<T>& in) {
    const auto block = std::make_shared<Batch<T>>(BlockCapacity<T>());
    for (std::uint32_t i = 0; i < in.size(); ++i) block->Next(in.timestamp(i)) = std::move(in[i]);
    if (in.has_key_hashes()) {
      std::copy_n(in.key_hashes(), in.size(), block->key_hashes());
      block->SetHasKeyHashes();
    }
    KeepWaiting([this, block] { Process(*block); });
  }
  template <class Element>
  void KeepWaiting(Element element) {
    if (!gate_.Wait(std::move(element))) return;
    while (gate_.closed()) Pass();
  }

  KeyedTimers<Key, N> timers_;
  TimerGate gate_;
};

}  // namespace weir::internal
