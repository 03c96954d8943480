// monitor_client DEVICE RATE PERIOD PERIODS SECONDS: plays what it records, as a mixer or an effect
// does: S16_LE stereo, period by period, both directions started together. The playback buffer is
// full of silence when they start, so the delay through the program is what the buffers hold. After
// an XRUN it starts over, as such programs do. The last line has the figures.
#include <alsa/asoundlib.h>

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <optional>
#include <vector>

namespace {

constexpr unsigned kChannels = 2;

struct Settings {
  const char* device = nullptr;
  unsigned rate = 0;
  snd_pcm_uframes_t period = 0;
  unsigned periods = 0;
  unsigned seconds = 0;
  [[nodiscard]] snd_pcm_uframes_t buffer() const { return period * periods; }
};

struct Figures {
  std::uint64_t periods = 0;
  unsigned xruns = 0;
};

// Says what failed; true when `result` is an error.
bool failed(int result, const char* what) {
  if (result < 0) std::fprintf(stderr, "monitor_client: %s: %s\n", what, snd_strerror(result));
  return result < 0;
}

class Stream {
 public:
  Stream() = default;
  ~Stream() {
    if (pcm_ != nullptr) snd_pcm_close(pcm_);
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  bool open(const Settings& settings, snd_pcm_stream_t direction) {
    if (failed(snd_pcm_open(&pcm_, settings.device, direction, 0), settings.device)) return false;
    return set_hardware(settings) && set_software(settings);
  }
  [[nodiscard]] snd_pcm_t* get() const { return pcm_; }

 private:
  bool set_hardware(const Settings& settings) {
    snd_pcm_hw_params_t* parameters = nullptr;
    snd_pcm_hw_params_alloca(&parameters);
    snd_pcm_hw_params_any(pcm_, parameters);
    return !failed(snd_pcm_hw_params_set_access(pcm_, parameters, SND_PCM_ACCESS_RW_INTERLEAVED),
                   "access") &&
           !failed(snd_pcm_hw_params_set_format(pcm_, parameters, SND_PCM_FORMAT_S16_LE),
                   "format") &&
           !failed(snd_pcm_hw_params_set_channels(pcm_, parameters, kChannels), "channels") &&
           !failed(snd_pcm_hw_params_set_rate(pcm_, parameters, settings.rate, 0), "rate") &&
           !failed(snd_pcm_hw_params_set_period_size(pcm_, parameters, settings.period, 0),
                   "period") &&
           !failed(snd_pcm_hw_params_set_buffer_size(pcm_, parameters, settings.buffer()),
                   "buffer") &&
           !failed(snd_pcm_hw_params(pcm_, parameters), "hardware parameters");
  }
  // Nothing starts by itself.
  bool set_software(const Settings& settings) {
    snd_pcm_sw_params_t* parameters = nullptr;
    snd_pcm_sw_params_alloca(&parameters);
    snd_pcm_sw_params_current(pcm_, parameters);
    snd_pcm_uframes_t boundary = 0;
    snd_pcm_sw_params_get_boundary(parameters, &boundary);
    return !failed(snd_pcm_sw_params_set_start_threshold(pcm_, parameters, boundary),
                   "start threshold") &&
           !failed(snd_pcm_sw_params_set_avail_min(pcm_, parameters, settings.period),
                   "least available") &&
           !failed(snd_pcm_sw_params(pcm_, parameters), "software parameters");
  }

  snd_pcm_t* pcm_ = nullptr;
};

class Monitor {
 public:
  explicit Monitor(const Settings& settings)
      : settings_(settings), frames_(settings.period * kChannels) {}

  // False: not because of an XRUN.
  bool run(Figures& figures) {
    if (!capture_.open(settings_, SND_PCM_STREAM_CAPTURE) ||
        !playback_.open(settings_, SND_PCM_STREAM_PLAYBACK) ||
        failed(snd_pcm_link(capture_.get(), playback_.get()), "link") || !start()) {
      return false;
    }
    const auto wanted =
        std::uint64_t{settings_.seconds} * settings_.rate / std::uint64_t{settings_.period};
    while (figures.periods < wanted) {
      const int result = copy_period();
      if (result >= 0) {
        ++figures.periods;
        continue;
      }
      if (result != -EPIPE) return !failed(result, "stream");
      ++figures.xruns;
      std::fprintf(stderr, "monitor_client: XRUN after %llu periods\n",
                   static_cast<unsigned long long>(figures.periods));
      snd_pcm_drop(capture_.get());
      if (!start()) return false;
    }
    snd_pcm_drop(capture_.get());
    return true;
  }

 private:
  // Linked, so that what is done to the one is done to both.
  bool start() {
    if (failed(snd_pcm_prepare(capture_.get()), "prepare")) return false;
    const std::vector<std::int16_t> silence(settings_.buffer() * kChannels);
    const auto written = snd_pcm_writei(playback_.get(), silence.data(), settings_.buffer());
    return !failed(static_cast<int>(written), "first write") &&
           !failed(snd_pcm_start(capture_.get()), "start");
  }

  int copy_period() {
    const auto got = snd_pcm_readi(capture_.get(), frames_.data(), settings_.period);
    if (got < 0) return static_cast<int>(got);
    return static_cast<int>(
        snd_pcm_writei(playback_.get(), frames_.data(), static_cast<snd_pcm_uframes_t>(got)));
  }

  Settings settings_;
  Stream capture_, playback_;
  std::vector<std::int16_t> frames_;
};

std::optional<unsigned> parse(const char* text) {
  unsigned value = 0;
  const char* const end = text + std::strlen(text);
  const auto [stop, error] = std::from_chars(text, end, value);
  const bool is_whole = error == std::errc{} && stop == end && value > 0;
  return is_whole ? std::optional(value) : std::nullopt;
}

std::optional<Settings> parse_settings(int argc, char** argv) {
  if (argc != 6) return std::nullopt;
  const auto rate = parse(argv[2]);
  const auto period = parse(argv[3]);
  const auto periods = parse(argv[4]);
  const auto seconds = parse(argv[5]);
  if (!rate || !period || !periods || !seconds) return std::nullopt;
  return Settings{argv[1], *rate, *period, *periods, *seconds};
}

}  // namespace

int main(int argc, char** argv) {
  const auto settings = parse_settings(argc, argv);
  if (!settings) {
    std::fprintf(stderr, "usage: monitor_client DEVICE RATE PERIOD PERIODS SECONDS\n");
    return 2;
  }
  Figures figures;
  const bool ended_well = Monitor(*settings).run(figures);
  std::printf("periods=%llu xruns=%u\n", static_cast<unsigned long long>(figures.periods),
              figures.xruns);
  return ended_well ? 0 : 1;
}
