#include "cli/commands/dev.h"

#include "cli/debug_port.h"
#include "cli/deployment.h"
#include "cli/dev_mark.h"
#include "cli/dev_voice.h"
#include "cli/folder_scan.h"
#include "cli/folder_watch.h"
#include "cli/manifest.h"
#include "cli/suggestion.h"
#include "cli/views.h"
#include "net/pause.h"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

namespace hearth::cli {
namespace {

using domain::Code;
using domain::Error;
using domain::Fault;
using domain::FunctionSpec;
using domain::Layer;
using nlohmann::json;
using std::chrono::steady_clock;

constexpr std::chrono::minutes kRemoval{3};

struct DevOptions {
  std::filesystem::path folder = ".";
  std::string name;   // empty: NAME-dev
  std::string debug;  // empty: no debugger; "true": at its own port; else at this one
};

std::string dev_name(const std::string& name) { return name.substr(0, 59) + "-dev"; }

std::string seconds_text(steady_clock::duration time) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.2f s", std::chrono::duration<double>(time).count());
  return text.data();
}

// One `fn dev`, from its first deploy to its last. Its function is its own: what is deployed under the name of fn.yaml
// is not touched.
class Development {
 public:
  Development(const Context& context, const DevOptions& options)
      : context_(context),
        options_(options),
        voice_(context.terminal),
        client_(context.client()),
        watch_(options.folder, ignore_rules(options.folder, read_manifest(options.folder).build)),
        function_{.space = context.space, .name = options.name} {
    const auto spec = read_manifest(options.folder);
    if (function_.name.empty()) function_.name = dev_name(spec.name.name);
    if (!options.debug.empty()) debug_port_.emplace(context, options.debug, spec.runtime);
  }

  void run() {
    sweep();
    mark_.emplace(dev_marks_folder(), context_.api, function_);
    try {
      go_on();
    } catch (...) {
      end();
      if (!context_.stop.stop_requested()) throw;
      return;
    }
    end();
  }

 private:
  std::string target() const { return path_of(function_); }

  // Of the hearthd that answers; asked for once.
  const std::string& installation() {
    if (installation_.empty()) installation_ = text_at(client_.get("/v1/info"), "installation");
    return installation_;
  }

  // What an earlier one left that was killed.
  void sweep() {
    for (const auto& left : left_behind(dev_marks_folder(), context_.api)) {
      if (left.proof.installation != installation()) continue;
      if (is_the_same(left)) {
        voice_.say("swept", "an earlier fn dev was killed; removing its " + to_string(left.function));
        remove(left.function);
      }
      std::filesystem::remove(left.file);
    }
  }

  // Not one that somebody deployed under that name since.
  bool is_the_same(const LeftBehind& left) {
    if (left.proof.revision == 0) return true;  // nobody's an instant before
    const auto revision = look(path_of(left.function) + "/revisions/" + std::to_string(left.proof.revision));
    return text_at(revision, "created_at") == left.proof.created_at;
  }

  // Null where there is none.
  json look(const std::string& what) {
    try {
      return client_.get(what);
    } catch (const Error& error) {
      if (error.fault().code != Code::not_found) throw;
      return nullptr;
    }
  }

  // Whose calls our own stop does not stop.
  Client lasting_client() const { return {context_.api, context_.token(), {}, context_.ca_file}; }

  void remove(const domain::FunctionName& function) {
    auto client = lasting_client();
    try {
      client.remove(path_of(function), kRemoval);
    } catch (const Error& error) {
      if (error.fault().code != Code::not_found) throw;
    }
  }

  void go_on() {
    deploy_or_tell(steady_clock::now());
    const std::stop_callback stopped(context_.stop, [this] { leave(); });
    for (;;) {
      const auto changed = watch_.await_change(left_.get_token());
      if (changed.empty()) throw Error(Code::cancelled, Layer::client, "nobody reads what fn dev writes");
      const auto saved = steady_clock::now();
      changed_ = enumerate({changed.begin(), changed.end()});
      deploy_or_tell(saved);
    }
  }

  // The old code goes on where the new one has a fault.
  void deploy_or_tell(steady_clock::time_point saved) {
    try {
      deploy(saved);
    } catch (const Error& error) {
      deployed_ = nullptr;  // saved again as it is, it is tried again
      const bool first = !made_ && error.fault().code == Code::conflict;
      if (first || error.fault().code == Code::cancelled || error.fault().code == Code::denied) throw;
      voice_.fail(error.fault());
      voice_.say("waiting", serving_ == 0 ? "waiting for a change"
                                          : "revision " + std::to_string(serving_) + " goes on; waiting for a change");
    }
  }

  FunctionSpec spec_now() const {
    auto spec = read_manifest(options_.folder);
    spec.name = function_;
    spec.http_triggers.clear();                     // routes are one function's: those of the deployed one stay its own
    spec.scale.min = std::max(1U, spec.scale.min);  // the new code starts with the save, not with the next call
    if (debug_port_) DebugPort::open_in(spec);
    return spec;
  }

  void deploy(steady_clock::time_point saved) {
    const auto spec = spec_now();
    watch_.ignore(ignore_rules(options_.folder, spec.build));
    json body{{"spec", spec_document(spec)}, {"verify", false}};  // that it does not start is seen here at once
    const auto digest = upload_package(context_, client_, options_.folder, spec, {});
    if (!digest.empty()) body["package"] = digest;
    if (body == deployed_) return;  // saved as it was
    if (!changed_.empty()) voice_.say("changed", changed_ + " changed");
    const auto answered = made_ ? client_.put(target(), body) : put_new(body);
    const auto number = number_at(answered, "number");
    mark_->write(DevProof{installation(), number, text_at(answered, "created_at")});
    deployed_ = body;
    follow();
    follow_build(context_, client_, target() + "/revisions/" + std::to_string(number), {});
    await_warm(number);
    if (serving_ == 0) voice_.say("url", text_at(client_.get(target()), "url"));
    if (serving_ == 0 && debug_port_) voice_.say("debugger", debug_port_->told(spec.runtime, options_.folder));
    serving_ = number;
    voice_.say("ready",
               "revision " + std::to_string(number) + " answers after " + seconds_text(steady_clock::now() - saved));
  }

  // Once it is asked for, it counts as made until hearthd says that it is not: an answer may be lost on its way.
  json put_new(const json& body) {
    if (!look(target()).is_null()) refuse_name();
    mark_->write(DevProof{.installation = installation(), .created_at = {}});
    made_ = true;
    try {
      return lasting_client().put_new(target(), body);
    } catch (const Error& error) {
      const auto code = error.fault().code;
      if (code == Code::unavailable || code == Code::timeout || code == Code::internal) throw;
      made_ = false;
      mark_->write({});
      if (code == Code::stale) refuse_name();
      throw;
    }
  }

  [[noreturn]] void refuse_name() const {
    throw Error(Code::conflict, Layer::client,
                "there is a function " + to_string(function_) + " already, which fn dev did not make",
                "delete it, or give this one another name with --name");
  }

  // Until a replica of the revision takes calls; throws why none can.
  void await_warm(std::uint64_t number) {
    constexpr std::chrono::seconds kWait{10};
    for (std::string seen;;) {
      const auto wait = seen.empty() ? "" : "?wait=" + std::to_string(kWait.count()) + "&seen=" + seen;
      const auto status = client_.get(target() + "/status" + wait, kWait * 2);
      seen = std::to_string(number_at(status, "seen"));
      for (const auto& replica : child_at(status, "replicas")) {
        const auto state = text_at(replica, "state");
        if (number_at(replica, "revision") != number || (state != "warm" && state != "executing")) continue;
        if (debug_port_) debug_port_->follow(status);
        return;
      }
      if (auto fault = fault_at(status, "last_failure")) throw Error(std::move(*fault));
    }
  }

  // Its calls and its logs, each on a thread and a connection of its own; again after hearthd was away.
  void follow() {
    if (!followers_.empty()) return;
    followers_.emplace_back([this](const std::stop_token& stop) {
      keep_following(stop, "/logs?follow=1&tail=0", [this](const json& line) { voice_.log(line); });
    });
    followers_.emplace_back([this](const std::stop_token& stop) {
      keep_following(stop, "/calls?follow=1", [this](const json& call) { voice_.call(call); });
    });
    if (debug_port_) followers_.emplace_back([this](const std::stop_token& stop) { keep_leading(stop); });
  }

  // A replica that died is followed by another, elsewhere.
  void keep_leading(const std::stop_token& stop) {
    auto client = Client(context_.api, context_.token(), stop, context_.ca_file);
    for (std::string seen; !stop.stop_requested();) {
      try {
        const auto wait = seen.empty() ? "" : "?wait=10&seen=" + seen;
        const auto status = client.get(target() + "/status" + wait);
        seen = std::to_string(number_at(status, "seen"));
        debug_port_->follow(status);
      } catch (const Error&) {  // what it means for the function, the next deploy tells
        net::pause(steady_clock::now() + std::chrono::seconds(1), stop);
      }
    }
  }

  void keep_following(const std::stop_token& stop, const std::string& what,
                      const std::function<void(const json&)>& on_line) {
    auto client = Client(context_.api, context_.token(), stop, context_.ca_file);
    while (!stop.stop_requested()) {
      try {
        client.follow(target() + what, [&](const json& line) {
          on_line(line);
          return true;
        });
      } catch (const Error& error) {  // what it means for the function, the next deploy tells
        if (error.fault().code == Code::cancelled) return leave();
      }
      net::pause(steady_clock::now() + std::chrono::seconds(1), stop);
    }
  }

  // Nobody reads what we write any more, or we are stopped.
  void leave() { left_.request_stop(); }

  void end() {
    followers_.clear();
    if (made_) {
      context_.terminal.note("removing " + to_string(function_));
      remove(function_);
    }
    mark_->release();
  }

  const Context& context_;
  const DevOptions& options_;
  DevVoice voice_;
  Client client_;
  FolderWatch watch_;  // before the first look at the folder, so that no save is missed
  domain::FunctionName function_;
  std::optional<DevMark> mark_;
  std::string installation_;
  std::optional<DebugPort> debug_port_;
  bool made_ = false;
  std::stop_source left_;
  json deployed_;
  std::string changed_;
  std::uint64_t serving_ = 0;  // the revision that answers
  std::vector<std::jthread> followers_;
};

int dev(const Context& context, const DevOptions& options) {
  Development(context, options).run();
  return 0;
}

}  // namespace

Verb dev_verb() {
  const auto options = std::make_shared<DevOptions>();
  return {.name = "dev",
          .summary = "Run a folder as a function of its own, anew at each save, until interrupted",
          .examples = "fn dev\nfn dev functions/hello\nfn dev --name try-it\nfn dev --debug",
          .options = {{.names = "FOLDER",
                       .target = &options->folder,
                       .help = "the folder of fn.yaml, here by default",
                       .completes = Completes::folders},
                      {.names = "--name",
                       .target = &options->name,
                       .help = "the function's name while it is developed; else NAME-dev",
                       .value = "NAME"},
                      {.names = "--debug",
                       .target = &options->debug,
                       .help = "open its language's debugger (python, node) on this port of 127.0.0.1; by default the "
                               "debugger's own. Whoever reaches that port runs code in the container",
                       .value = "PORT",
                       .bare = true}},
          .run = [options](const Context& context) { return dev(context, *options); },
          .notes =
              "What is deployed under the folder's own name is not disturbed, and nothing of the development is left "
              "at the end. Each call is a line, each line that the function writes another. A build that fails, or "
              "code that does not load, is told with its last lines, and the old code goes on."};
}

}  // namespace hearth::cli
