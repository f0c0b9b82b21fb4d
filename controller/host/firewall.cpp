#include "host/firewall.h"

#include <nftables/libnftables.h>

#include <memory>

namespace hearth::host {
namespace {

constexpr std::string_view kMetadata = "169.254.0.0/16";  // link-local, where clouds keep it

struct FreeContext {
  void operator()(nft_ctx* context) const noexcept { nft_ctx_free(context); }
};

std::optional<std::string> run(const std::string& commands) {
  const std::unique_ptr<nft_ctx, FreeContext> context{nft_ctx_new(NFT_CTX_DEFAULT)};
  if (!context) return "nftables cannot be used";
  nft_ctx_buffer_error(context.get());
  nft_ctx_buffer_output(context.get());
  if (nft_run_cmd_from_buffer(context.get(), commands.c_str()) == 0) return std::nullopt;
  const std::string said = nft_ctx_get_error_buffer(context.get());
  return said.substr(0, said.find('\n'));
}

// Adding what is there already is no error, so that this removes it whether it was there or not.
std::string removal(std::string_view table) {
  const std::string name{table};
  return "add table inet " + name + "\ndelete table inet " + name + "\n";
}

}  // namespace

std::string firewall_rules(std::string_view table, const std::vector<std::string>& bridges) {
  std::string names;
  for (const auto& bridge : bridges) names += (names.empty() ? "\"" : ", \"") + bridge + "\"";
  const std::string from = "iifname { " + names + " } ";
  const std::string to = "oifname { " + names + " } ";
  // Before the usual filters. A drop is final; an accept only passes on to the other tables.
  return "table inet " + std::string{table} + " {\n" +                       //
         "  chain input {\n" +                                               //
         "    type filter hook input priority -10; policy accept;\n" +       //
         "    " + from + "ct state established,related accept\n" +           //
         "    " + from + "drop\n" +                                          //
         "  }\n" +                                                           //
         "  chain forward {\n" +                                             //
         "    type filter hook forward priority -10; policy accept;\n" +     //
         "    " + from + "ip daddr " + std::string{kMetadata} + " drop\n" +  //
         "    " + to + "ct state established,related accept\n" +             //
         "    " + to + "drop\n" +                                            //
         "  }\n" +                                                           //
         "}\n";
}

std::optional<std::string> close_host(std::string_view table, const std::vector<std::string>& bridges) {
  return run(removal(table) + firewall_rules(table, bridges));
}

void open_host(std::string_view table) { static_cast<void>(run(removal(table))); }

}  // namespace hearth::host
