#include "cli/commands/calls.h"

#include "cli/call_views.h"
#include "cli/progress.h"
#include "cli/views.h"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

namespace hearth::cli {
namespace {

using domain::Code;
using domain::Error;
using domain::Layer;
using nlohmann::json;

constexpr std::uint32_t kPage = 1000;  // the most that the API gives at once

struct ListOptions {
  std::string function;
  std::string state;
  std::uint32_t limit = 50;
};

struct GetOptions {
  std::string id;
  bool body = false;
  bool result = false;
};

struct RedriveOptions {
  std::vector<std::string> ids;
  std::string function;
  std::string state = "dead";
  bool all = false;
};

std::string calls_of(const std::string& space) { return "/v1/namespaces/" + net::url_encode(space) + "/calls"; }

std::string path_of_call(const Context& context, const std::string& id) {
  return calls_of(context.space) + "/" + net::url_encode(id);
}

// "…/calls?limit=N&function=F&state=S", of the namespace that the function's name may say.
std::string target_of(const Context& context, const std::string& verb, const std::string& function,
                      const std::string& state, std::uint32_t limit) {
  domain::FunctionName name{.space = context.space, .name = {}};
  if (!function.empty()) name = parse_function(function, context.space);
  auto target = calls_of(name.space) + verb + "?limit=" + std::to_string(limit);
  if (!name.name.empty()) target += "&function=" + name.name;
  return state.empty() ? target : target + "&state=" + state;
}

std::string behind(const std::string& cursor) { return cursor.empty() ? "" : "&after=" + net::url_encode(cursor); }

int list_calls(const Context& context, const ListOptions& options) {
  if (options.limit == 0) throw Error(Code::invalid, Layer::client, "--limit must be at least 1");
  auto client = context.client();
  const auto& terminal = context.terminal;
  json items = json::array();
  std::string after;
  do {
    const auto wanted = std::min(options.limit - static_cast<std::uint32_t>(items.size()), kPage);
    const auto page = client.get(target_of(context, "", options.function, options.state, wanted) + behind(after));
    for (const auto& call : child_at(page, "items")) items.push_back(call);
    after = text_at(page, "next");
  } while (!after.empty() && items.size() < options.limit);
  if (terminal.json()) {
    terminal.show({{"items", items}});
  } else if (items.empty()) {
    terminal.note("no such durable calls; make one with: fn invoke NAME --async");
  } else {
    terminal.print(call_table(terminal, items));
    if (!after.empty()) terminal.note("there are more; --limit shows them");
  }
  return 0;
}

int get_call(const Context& context, const GetOptions& options) {
  if (options.body && options.result) {
    throw Error(Code::invalid, Layer::client, "--body and --result exclude each other");
  }
  auto client = context.client();
  const auto target = path_of_call(context, options.id);
  const auto& terminal = context.terminal;
  if (options.body || options.result) {
    client.download(target + (options.body ? "/body" : "/result"),
                    [&](std::string_view piece) { terminal.print(piece); });
    return 0;
  }
  const auto call = client.get(target);
  terminal.json() ? terminal.show(call) : terminal.print(call_sheet(terminal, call));
  return 0;
}

// Each by itself; the first refusal ends it.
int change_each(const Context& context, const std::vector<std::string>& ids, const std::string& verb,
                const std::string& done) {
  auto client = context.client();
  json items = json::array();
  for (const auto& id : ids) {
    items.push_back(client.post(path_of_call(context, id) + "/" + verb));
    if (!context.terminal.json()) context.terminal.print(done + " " + id + "\n");
  }
  if (context.terminal.json()) context.terminal.show({{"items", items}});
  return 0;
}

int redrive_many(const Context& context, const RedriveOptions& options) {
  auto client = context.client();
  const auto target = target_of(context, "/redrive", options.function, options.state, kPage);
  std::uint64_t count = 0;
  {
    const Progress progress(context.terminal, "redriving " + options.state + " calls");
    std::string after;
    do {
      const auto page = client.post(target + behind(after));
      count += number_at(page, "redriven");
      after = text_at(page, "next");
    } while (!after.empty());
  }
  if (context.terminal.json()) {
    context.terminal.show({{"redriven", count}});
  } else {
    context.terminal.print("redriven: " + std::to_string(count) + (count == 1 ? " call\n" : " calls\n"));
  }
  return 0;
}

int redrive(const Context& context, const RedriveOptions& options) {
  const bool many = options.all || !options.function.empty();
  if (!options.ids.empty() && many) {
    throw Error(Code::invalid, Layer::client, "the ids of calls stand alone, without --function and --all");
  }
  if (!options.ids.empty()) return change_each(context, options.ids, "redrive", "redriven");
  if (many) return redrive_many(context, options);
  throw Error(Code::invalid, Layer::client, "which calls are to run again?",
              "give their ids, or --function NAME, or --all for those of the whole namespace");
}

Option id_word(std::string& id) {
  return {.names = "ID", .target = &id, .help = "the call's id, as it was told with 202", .required = true};
}

Option function_option(std::string& name) {
  return {.names = "--function",
          .target = &name,
          .help = "only those of this function, NAME or NAMESPACE.NAME",
          .value = "NAME",
          .completes = Completes::functions};
}

Verb list_verb() {
  const auto options = std::make_shared<ListOptions>();
  return {.name = "list",
          .summary = "List durable calls, the newest first",
          .examples = "fn calls list\nfn calls list --function thumbnails --state dead",
          .options = {function_option(options->function),
                      {.names = "--state",
                       .target = &options->state,
                       .help = "only those that are so",
                       .value = "STATE",
                       .choices = {"queued", "succeeded", "dead", "cancelled"}},
                      {.names = "--limit", .target = &options->limit, .help = "at most so many (50)", .value = "N"}},
          .run = [options](const Context& context) { return list_calls(context, *options); }};
}

Verb get_verb_of_calls() {
  const auto options = std::make_shared<GetOptions>();
  return {.name = "get",
          .summary = "Show a durable call: its request, its answer, and why attempts failed",
          .examples =
              "fn calls get 01a0c4506c007b1e9f3a5d2c48e6f701\n"
              "fn calls get 01a0c4506c007b1e9f3a5d2c48e6f701 --result > answer.bin",
          .options = {id_word(options->id),
                      {.names = "--result", .target = &options->result, .help = "print what it was answered, as it is"},
                      {.names = "--body", .target = &options->body, .help = "print what was sent, as it is"}},
          .run = [options](const Context& context) { return get_call(context, *options); },
          .notes = "Values of headers and parameters that look like secrets stay hidden."};
}

Verb cancel_verb() {
  const auto ids = std::make_shared<std::vector<std::string>>();
  return {.name = "cancel",
          .summary = "End queued calls; an attempt that runs is broken off",
          .examples = "fn calls cancel 01a0c4506c007b1e9f3a5d2c48e6f701",
          .options = {{.names = "ID", .target = ids.get(), .help = "ids of calls", .required = true}},
          .run = [ids](const Context& context) { return change_each(context, *ids, "cancel", "cancelled"); }};
}

Verb redrive_verb() {
  const auto options = std::make_shared<RedriveOptions>();
  return {.name = "redrive",
          .summary = "Have dead or cancelled calls run again, from their first attempt",
          .examples =
              "fn calls redrive 01a0c4506c007b1e9f3a5d2c48e6f701\n"
              "fn calls redrive --function thumbnails\nfn calls redrive --all --state cancelled",
          .options = {{.names = "ID", .target = &options->ids, .help = "ids of calls"},
                      function_option(options->function),
                      {.names = "--state",
                       .target = &options->state,
                       .help = "with --function or --all: those that are so (dead)",
                       .value = "STATE",
                       .choices = {"dead", "cancelled"}},
                      {.names = "--all", .target = &options->all, .help = "all of the namespace"}},
          .run = [options](const Context& context) { return redrive(context, *options); }};
}

}  // namespace

Verb calls_verb() {
  return {.name = "calls",
          .summary = "Durable calls (fn invoke --async): look at them, cancel them, have them run again",
          .examples =
              "fn calls list --state dead\nfn calls get 01a0c4506c007b1e9f3a5d2c48e6f701\n"
              "fn calls redrive --function thumbnails",
          .verbs = {list_verb(), get_verb_of_calls(), cancel_verb(), redrive_verb()}};
}

}  // namespace hearth::cli
