#include "telemetry/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hearth::telemetry {
namespace {

using namespace std::chrono_literals;
using domain::Ending;
using testing::HasSubstr;
using testing::Not;

Snapshot one_function() {
  domain::FunctionStats stats;
  stats.function = {.space = "space", .name = "hello"};
  stats.in_flight = 3;
  stats.held = 4;
  for (std::size_t i = 0; i < domain::kEndings; ++i) stats.usage.calls[i] = 1;
  stats.usage.of(Ending::succeeded) = 7;
  stats.usage.busy = {1024ull * 1024 * 2500};
  stats.usage.frozen = {1024ull * 1024 * 1000};
  stats.replicas[static_cast<std::size_t>(domain::State::executing)] = 2;
  stats.durations.exec.observe(3ms);
  stats.durations.exec.observe(10min);
  Snapshot snapshot;
  snapshot.functions = {stats};
  return snapshot;
}

TEST(Metrics, TellAFunctionsCallsReplicasAndCost) {
  const auto text = metrics_text(one_function());
  const std::string labels = "namespace=\"space\",function=\"hello\"";
  for (const auto& line : {
           "hearth_calls_total{" + labels + ",status_class=\"2xx\"} 7\n",
           "hearth_calls_total{" + labels + ",status_class=\"3xx\"} 1\n",
           "hearth_calls_total{" + labels + ",status_class=\"4xx\"} 4\n",
           "hearth_calls_total{" + labels + ",status_class=\"5xx\"} 6\n",
           "hearth_call_errors_total{" + labels + ",reason=\"died\",layer=\"function\"} 1\n",
           "hearth_call_errors_total{" + labels + ",reason=\"refused\",layer=\"engine\"} 1\n",
           "hearth_calls_in_flight{" + labels + "} 3\n",
           "hearth_calls_held{" + labels + "} 4\n",
           "hearth_replicas{" + labels + ",state=\"executing\"} 2\n",
           "hearth_usage_byte_seconds_total{" + labels + ",kind=\"busy\"} 2684354560\n",
           "hearth_operator_byte_seconds_total{" + labels + ",kind=\"frozen\"} 1073741824\n",
       }) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST(Metrics, GiveHistogramsCumulativeBuckets) {
  const auto text = metrics_text(one_function());
  const std::string labels = "{namespace=\"space\",function=\"hello\",phase=\"exec\"";
  for (const auto& line : {
           "hearth_call_duration_seconds_count" + labels + "} 2\n",
           "hearth_call_duration_seconds_sum" + labels + "} 600.003",
           "hearth_call_duration_seconds_bucket" + labels + ",le=\"0.0025\"} 0\n",
           "hearth_call_duration_seconds_bucket" + labels + ",le=\"0.005\"} 1\n",
           "hearth_call_duration_seconds_bucket" + labels + ",le=\"300\"} 1\n",
           "hearth_call_duration_seconds_bucket" + labels + ",le=\"+Inf\"} 2\n",
       }) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  EXPECT_THAT(text, Not(HasSubstr("phase=\"held\""))) << "a phase that never was has no series";
}

TEST(Metrics, TellOfStoredCalls) {
  Snapshot snapshot;
  snapshot.now = domain::WallTime{10s};
  snapshot.durable_calls = {{.function = {.space = "space", .name = "hello"},
                             .queued = 12,
                             .running = 3,
                             .first_due = domain::WallTime{8'500ms},
                             .attempts = {5, 4, 3, 2, 1}},
                            {.function = {.space = "space", .name = "later"}, .first_due = domain::WallTime{11s}}};
  snapshot.call_store_commits = 7;
  snapshot.call_store_changes = 70;
  const auto text = metrics_text(snapshot);
  const std::string labels = "namespace=\"space\",function=\"hello\"";
  for (const auto& line : {
           "hearth_durable_calls_queued{" + labels + "} 12\n",
           "hearth_durable_calls_running{" + labels + "} 3\n",
           "hearth_durable_calls_late_seconds{" + labels + "} 1.5\n",
           std::string("hearth_durable_calls_late_seconds{namespace=\"space\",function=\"later\"} 0\n"),
           "hearth_durable_call_attempts_total{" + labels + ",ending=\"succeeded\"} 5\n",
           "hearth_durable_call_attempts_total{" + labels + ",ending=\"cancelled\"} 1\n",
           std::string("hearth_call_store_commits_total 7\n"),
           std::string("hearth_call_store_changes_total 70\n"),
       }) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST(Metrics, TellWhatTheProcessTakes) {
  const auto facts = process_facts();
  EXPECT_GT(facts.resident_bytes, 1u << 20);
  EXPECT_GT(facts.virtual_bytes, facts.resident_bytes);
  EXPECT_GE(facts.threads, 1u);
  EXPECT_GE(facts.open_descriptors, 3u);
  EXPECT_GE(facts.most_descriptors, facts.open_descriptors);
  const auto now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  EXPECT_NEAR(facts.started_at, now, 600);
  EXPECT_GE(facts.cpu_seconds, 0);
}

}  // namespace
}  // namespace hearth::telemetry
