#include "hearthd.h"

#include "api/api.h"
#include "api/secret.h"
#include "api/token.h"
#include "control/dispatcher.h"
#include "control/durable_calls.h"
#include "control/keep_records.h"
#include "control/metering.h"
#include "control/service.h"
#include "engines/docker/builder.h"
#include "engines/docker/engine.h"
#include "events/async_door.h"
#include "events/function_caller.h"
#include "gateway/gateway.h"
#include "gateway/inner_listener.h"
#include "host/firewall.h"
#include "host/linux_host.h"
#include "host/small_folder.h"
#include "net/own_address.h"
#include "ports/clock.h"
#include "runtimes.h"
#include "store/packages_folder.h"
#include "store/sqlite_calls.h"
#include "store/sqlite_store.h"
#include "telemetry/log.h"
#include "telemetry/log_files.h"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace hearth {

namespace log = telemetry::log;

namespace {

std::map<std::string, std::string> proxies() {
  std::map<std::string, std::string> proxies;
  for (const char* name : {"http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"}) {
    if (const char* value = std::getenv(name)) proxies[name] = value;
  }
  return proxies;
}

// Our network closes this machine to what is on it, and builds would not get out.
bool has_proxy_here(const std::map<std::string, std::string>& proxies) {
  for (const auto& [variable, url] : proxies) {
    if (variable == "no_proxy" || variable == "NO_PROXY" || !net::is_own_address(net::host_of_url(url))) continue;
    log::warn("builds run on Docker's default network, since their proxy is on this machine",
              {{"variable", variable}, {"proxy", net::host_of_url(url)}});
    return true;
  }
  return false;
}

std::uint32_t gateway_threads(const Config& config) {
  return config.threads != 0 ? config.threads : std::clamp(std::thread::hardware_concurrency(), 1u, 16u);
}

std::vector<int> released(std::vector<ports::Descriptor> descriptors) {
  std::vector<int> numbers;
  for (auto& one : descriptors) numbers.push_back(one.release());
  return numbers;
}

gateway::Gateway::Settings gateway_settings(const Config& config, std::vector<int> descriptors,
                                            events::AsyncDoor& async) {
  gateway::Gateway::Settings settings;
  auto& server = settings.server;
  server.address = config.gateway;
  server.threads = gateway_threads(config);
  settings.web_sockets = {.idle = config.websocket_idle, .longest = config.websocket_max};
  server.descriptors = std::move(descriptors);
  settings.doors = {{"/async/", [&async](http::Loop& loop) { return async.make_handler(loop); }}};
  server.report = [](std::string_view what) { log::error("a call ended unforeseen", {{"what", what}}); };
  return settings;
}

std::string make_token(const Config& config) {
  auto token = api::load_or_make_token(config.config_dir);
  if (const auto caller = api::sudo_caller()) {
    if (const auto fault = api::give_token(token, *caller)) {
      log::warn("the token was not given to who called sudo", {{"why", fault->message}});
    }
  }
  return token;
}

// The id is on every label and may be copied; the secret proves which of them are ours, and lasts as long as the store.
docker::Installation make_installation(store::SqliteStore& store) {
  constexpr auto kKey = "installation/secret";
  if (!store.get(kKey)) store.put(kKey, api::make_secret(), 0);
  return {.id = store.installation(), .secret = store.get(kKey)->body};
}

api::Api::Settings api_settings(const Config& config, const std::string& token, std::vector<int> descriptors) {
  api::Api::Settings settings;
  settings.descriptors = std::move(descriptors);
  settings.address = config.api;
  settings.token = token;
  return settings;
}

telemetry::LogFiles::Settings log_settings(const Config& config) {
  telemetry::LogFiles::Settings settings;
  settings.folder = config.state_dir / "logs";
  return settings;
}

control::Metering::Settings metering_settings(const Config& config) {
  return {.keep = config.keep_usage, .report = [](const std::optional<domain::Fault>& why) {
            if (why) {
              log::error("usage cannot be written; it is kept and tried again", {{"why", why->message}});
            } else {
              log::info("usage is written again");
            }
          }};
}

control::DurableCalls::Settings durable_settings(const Config& config, const control::Directory& directory) {
  return {.at_once = config.async_at_once,
          .keep_ended = config.async_keep,
          .keep_dead = config.async_keep_dead,
          .find = [&directory](const domain::FunctionName& function) -> std::optional<control::DurableCalls::Facts> {
            const auto row = directory.look_up(function);
            if (!row) return std::nullopt;
            return control::DurableCalls::Facts{.retry = row->retry, .capacity = row->capacity};
          },
          .report =
              [](const std::optional<domain::Fault>& why) {
                if (why) {
                  log::error("stored calls cannot be read or written; it is tried again", {{"why", why->message}});
                } else {
                  log::info("stored calls are read and written again");
                }
              }};
}

void report_keep_records(const domain::Fault& why) {
  log::warn("what was learned of idle times could not be kept or read", {{"why", why.message}});
}

std::map<std::string, std::uint32_t> concurrency_of(const std::vector<docker::Runtime>& runtimes) {
  std::map<std::string, std::uint32_t> concurrency;
  for (const auto& runtime : runtimes) concurrency[runtime.name] = runtime.concurrency;
  return concurrency;
}

std::set<std::string> with_cells(const std::vector<docker::Runtime>& runtimes) {
  std::set<std::string> names;
  for (const auto& runtime : runtimes) {
    if (!runtime.cell.empty()) names.insert(runtime.name);
  }
  return names;
}

docker::BuildSettings build_settings(const Config& config, const docker::Installation& installation,
                                     const std::vector<docker::Runtime>& runtimes) {
  docker::BuildSettings settings;
  settings.installation = installation;
  settings.runtimes = runtimes;
  settings.work_folder = config.state_dir / "builds";
  settings.proxies = proxies();
  settings.own_network = !has_proxy_here(settings.proxies);
  settings.ca_bundle = config.ca_bundle;
  return settings;
}

// The host's own and metadata addresses are closed to functions and builds, and functions to other machines, before any
// of them starts. Answers why not.
std::optional<std::string> close_host(const docker::Installation& installation) {
  using docker::NetworkKind;
  auto why = host::close_host("hearth_" + installation.id, {bridge_name(installation, NetworkKind::open),
                                                            bridge_name(installation, NetworkKind::closed)});
  if (why) log::warn("functions can reach this machine's own addresses", {{"why", *why}});
  return why;
}

// Every replica that outlived the last hearthd serves on, or goes where nobody wants it any more.
void adopt(docker::DockerEngine& engine, control::Dispatcher& dispatcher) {
  for (const auto& found : engine.recover()) {
    const bool adopted = dispatcher.adopt(found);
    log::info(adopted ? "adopted a replica" : "stopping a replica that no function wants",
              {{"function", to_string(found.function)}, {"replica", domain::format_replica(found.id)}});
  }
}

// The gateway's own way to be called from this machine.
std::string url_of(const std::string& address, std::uint16_t port) {
  auto host = address.substr(0, address.rfind(':'));
  if (host == "0.0.0.0") host = "127.0.0.1";
  if (host == "[::]") host = "[::1]";
  return "http://" + host + ":" + std::to_string(port);
}

}  // namespace

class Hearthd::Parts {
 public:
  Parts(const Config& config, Sockets sockets, const std::function<void(Succession::Turn)>& tell)
      : config_(config),
        threads_(std::max(gateway_threads(config), static_cast<std::uint32_t>(sockets.gateway.size()))),
        store_(config.state_dir / "hearth.db"),
        installation_(make_installation(store_)),
        token_(make_token(config)),
        logs_(log_settings(config)),
        relay_(logs_),
        packages_(config.state_dir / "packages"),
        calls_store_(config.state_dir / "calls"),
        host_(config.run_dir, host::sees_our_mounts(config.docker.socket)),
        engine_({.location = config.docker,
                 .installation = installation_,
                 .cells = config.cells,
                 .packages = config.state_dir / "unpacked",
                 .parked = {.min = config.parked_min, .max = config.parked_max}},
                host_, relay_),
        engine_info_(engine_.info()),
        runtimes_(read_runtimes(config.templates)),
        with_cells_(with_cells(runtimes_)),
        builds_api_(config.docker),
        builder_(builds_api_, build_settings(config, installation_, runtimes_), engine_.spent_containers()),
        dispatcher_(engine_, clock_,
                    {.gateway_threads = threads_,
                     .max_starts = config.max_starts,
                     .stop_grace = config.stop_grace,
                     .memory = config.memory}),
        keep_records_(store_, dispatcher_, clock_, report_keep_records),
        service_(store_, packages_, builder_, dispatcher_, keep_records_, clock_),
        metering_(store_, dispatcher_, clock_, metering_settings(config)),
        inner_([this](int fd) { gateway_.take({.fd = fd, .peer = "hearthd", .fresh = true, .ours = true}); }),
        caller_(calls_store_, {.gateway = inner_.address(), .longest_answer = config.async_body.count}),
        durable_calls_(calls_store_, caller_, clock_, durable_settings(config, dispatcher_.directory())),
        async_door_(durable_calls_, dispatcher_.directory(), clock_, {.longest_body = config.async_body.count}),
        gateway_(dispatcher_, host_, gateway_settings(config, released(std::move(sockets.gateway)), async_door_)),
        api_(service_, metering_, packages_, logs_, durable_calls_, info(),
             api_settings(config, token_, released(std::move(sockets.api)))),
        succession_(config_, shared(), tell) {}

  void start(std::optional<Predecessor> before) {
    if (config_.docker.socket.empty() && !config_.docker.tls) {
      log::warn("every user of this machine can be root by Docker's open port",
                {{"docker", to_string(config_.docker)}});
    }
    if (engine_.streams_packages()) {
      log::info("packages are streamed to cells",
                {{"reason", "hearthd may mount nothing that Docker sees: it is not root beside Docker"}});
    }
    if (auto why = close_host(installation_)) builder_.refuse_debuggers(std::move(*why));
    // Nothing starts before it is known what lives, or functions with a minimum would have it twice.
    dispatcher_.away({.code = domain::Code::unavailable, .layer = domain::Layer::engine, .message = "hearthd starts"});
    service_.load(before ? control::Service::Uploads::keep : control::Service::Uploads::forget);
    before ? succession_.adopt(*before) : adopt(engine_, dispatcher_);
    dispatcher_.looked();
    watch_ = std::jthread{[this](std::stop_token stop) { engine_.watch(dispatcher_, std::move(stop)); }};
    keep_records_.load();
    metering_.start();
    keep_records_.start();
    gateway_.start();
    inner_.start();
    durable_calls_.start(before ? control::DurableCalls::Others::live : control::DurableCalls::Others::none);
    api_.start();
    before ? succession_.follow(std::move(*before)) : succession_.offer();
    ::malloc_trim(0);  // what only the start needed: templates, rules, documents
    log::info("ready", {{"gateway", url_of(config_.gateway, gateway_.port())},
                        {"api", url_of(config_.api, api_.port())},
                        {"installation", installation_.id},
                        {"docker", engine_info_.version}});
  }

  void stop() {
    durable_calls_.stop();
    api_.stop(config_.drain);
    inner_.stop();
    gateway_.stop(config_.drain);
  }

 private:
  api::Info info() {
    return {.version = HEARTH_VERSION,
            .pid = ::getpid(),
            .installation = installation_.id,
            .gateway_url = url_of(config_.gateway, gateway_.port()),
            .cpus = std::thread::hardware_concurrency(),
            .memory = {static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
                       static_cast<std::uint64_t>(::sysconf(_SC_PAGE_SIZE))},
            .concurrency = concurrency_of(runtimes_),
            .engine =
                [this] {
                  return api::EngineFacts{.name = engine_info_.name,
                                          .version = engine_info_.version,
                                          .api_version = engine_info_.api_version,
                                          .reachable = !dispatcher_.engine_away(),
                                          .cells = engine_.cells(),
                                          .parked_networks = engine_.parked()};
                },
            .obstacle_to_cells = [this](const domain::Revision& revision) { return obstacle_to_cells(revision); },
            .unready = [this] { return dispatcher_.engine_away(); }};
  }

  // The function's own come first: they are its author's to change.
  std::optional<std::string> obstacle_to_cells(const domain::Revision& revision) {
    const auto& spec = revision.spec;
    if (auto obstacle = domain::obstacle_to_cells(spec)) return obstacle;
    if (!with_cells_.contains(spec.runtime)) return "runtime " + spec.runtime + " has no cells";
    return engine_.obstacle_to_cells(revision.image, spec.limits);
  }

  Succession::Parts shared() {
    return {.store = store_,
            .files = logs_,
            .logs = relay_,
            .engine = engine_,
            .dispatcher = dispatcher_,
            .service = service_,
            .metering = metering_,
            .keep_records = keep_records_,
            .durable_calls = durable_calls_,
            .gateway = gateway_,
            .api = api_};
  }

  const Config config_;
  const std::uint32_t threads_;
  ports::SystemClock clock_;
  store::SqliteStore store_;
  docker::Installation installation_;
  std::string token_;
  telemetry::LogFiles logs_;
  LogRelay relay_;
  store::PackagesFolder packages_;
  store::SqliteCalls calls_store_;
  host::LinuxHost host_;
  docker::DockerEngine engine_;
  docker::EngineInfo engine_info_;
  const std::vector<docker::Runtime> runtimes_;
  const std::set<std::string> with_cells_;  // names of those
  docker::Api builds_api_;
  docker::Builder builder_;
  control::Dispatcher dispatcher_;
  control::KeepRecords keep_records_;
  control::Service service_;
  control::Metering metering_;
  gateway::InnerListener inner_;
  events::FunctionCaller caller_;
  control::DurableCalls durable_calls_;
  events::AsyncDoor async_door_;
  gateway::Gateway gateway_;
  api::Api api_;
  std::jthread watch_;     // it calls the rest
  Succession succession_;  // last: so do its threads
};

Hearthd::Hearthd(const Config& config, Sockets sockets, const std::function<void(Succession::Turn)>& tell)
    : parts_(std::make_unique<Parts>(config, std::move(sockets), tell)) {}
Hearthd::~Hearthd() = default;
void Hearthd::start(std::optional<Predecessor> before) { parts_->start(std::move(before)); }
void Hearthd::stop() { parts_->stop(); }

}  // namespace hearth
