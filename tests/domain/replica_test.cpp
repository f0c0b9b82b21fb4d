#include "domain/replica.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

namespace hearth::domain {
namespace {

constexpr Phase kPhases[] = {Phase::cold,   Phase::initializing, Phase::warm,      Phase::freezing,
                             Phase::frozen, Phase::thawing,      Phase::executing, Phase::error};
constexpr Event kEvents[] = {Event::trigger,    Event::loaded, Event::failed,     Event::call, Event::done,
                             Event::freeze,     Event::frozen, Event::not_frozen, Event::thaw, Event::thawed,
                             Event::not_thawed, Event::drain,  Event::recall,     Event::stop, Event::gone};

// The whole table. A life is its phase, with ~ while it drains and ! while it stops; after it every event that has a
// meaning there, as event>life:acts. An event that a line does not name has none. Lives that never come to be (an
// error whose stop was not ordered, anything cold with an attribute) are there too: they must do no harm.
constexpr const char* kTable = R"(
cold            trigger>initializing:start
initializing    loaded>warm failed>error!:stop drain>initializing~ stop>initializing!:stop gone>cold
warm            call>executing freeze>freezing:freeze failed>error!:stop drain>warm~ stop>warm!:stop gone>cold
freezing        frozen>frozen not_frozen>warm thaw>thawing:thaw failed>error!:thaw,stop drain>freezing~
                stop>freezing!:thaw,stop gone>cold
frozen          thaw>thawing:thaw failed>error!:thaw,stop drain>frozen~ stop>frozen!:thaw,stop gone>cold
thawing         frozen>thawing not_frozen>thawing thawed>warm not_thawed>error!:thaw,stop failed>error!:stop
                drain>thawing~ stop>thawing!:stop gone>cold
executing       done>warm failed>error!:stop drain>executing~ gone>cold
error           gone>cold

cold~           trigger>initializing:start
initializing~   recall>initializing loaded>warm~ failed>error~!:stop drain>initializing~
                stop>initializing~!:stop gone>cold
warm~           recall>warm failed>error~!:stop drain>warm~ stop>warm~!:stop gone>cold
freezing~       recall>freezing frozen>frozen~ not_frozen>warm~ thaw>thawing~:thaw failed>error~!:thaw,stop
                drain>freezing~ stop>freezing~!:thaw,stop gone>cold
frozen~         recall>frozen thaw>thawing~:thaw failed>error~!:thaw,stop drain>frozen~ stop>frozen~!:thaw,stop
                gone>cold
thawing~        recall>thawing frozen>thawing~ not_frozen>thawing~ thawed>warm~ not_thawed>error~!:thaw,stop
                failed>error~!:stop drain>thawing~ stop>thawing~!:stop gone>cold
executing~      recall>executing done>warm~ failed>error~!:stop drain>executing~ gone>cold
error~          gone>cold

cold!           trigger>initializing:start
initializing!   loaded>initializing! failed>initializing! frozen>initializing! not_frozen>initializing!
                thawed>initializing! not_thawed>initializing! drain>initializing! stop>initializing! gone>cold
warm!           loaded>warm! failed>warm! frozen>warm! not_frozen>warm! thawed>warm! not_thawed>warm!
                drain>warm! stop>warm! gone>cold
freezing!       loaded>freezing! failed>freezing! frozen>freezing! not_frozen>freezing! thawed>freezing!
                not_thawed>freezing! drain>freezing! stop>freezing! gone>cold
frozen!         loaded>frozen! failed>frozen! frozen>frozen! not_frozen>frozen! thawed>frozen!
                not_thawed>frozen! drain>frozen! stop>frozen! gone>cold
thawing!        loaded>thawing! failed>thawing! frozen>thawing! not_frozen>thawing! thawed>thawing!
                not_thawed>thawing! drain>thawing! stop>thawing! gone>cold
executing!      loaded>executing! failed>executing! frozen>executing! not_frozen>executing! thawed>executing!
                not_thawed>executing! drain>executing! stop>executing! gone>cold
error!          loaded>error! frozen>error! not_frozen>error! thawed>error! not_thawed>error! drain>error!
                stop>error! gone>cold

cold~!          trigger>initializing:start
initializing~!  loaded>initializing~! failed>initializing~! frozen>initializing~! not_frozen>initializing~!
                thawed>initializing~! not_thawed>initializing~! drain>initializing~! stop>initializing~!
                gone>cold
warm~!          loaded>warm~! failed>warm~! frozen>warm~! not_frozen>warm~! thawed>warm~! not_thawed>warm~!
                drain>warm~! stop>warm~! gone>cold
freezing~!      loaded>freezing~! failed>freezing~! frozen>freezing~! not_frozen>freezing~! thawed>freezing~!
                not_thawed>freezing~! drain>freezing~! stop>freezing~! gone>cold
frozen~!        loaded>frozen~! failed>frozen~! frozen>frozen~! not_frozen>frozen~! thawed>frozen~!
                not_thawed>frozen~! drain>frozen~! stop>frozen~! gone>cold
thawing~!       loaded>thawing~! failed>thawing~! frozen>thawing~! not_frozen>thawing~! thawed>thawing~!
                not_thawed>thawing~! drain>thawing~! stop>thawing~! gone>cold
executing~!     loaded>executing~! failed>executing~! frozen>executing~! not_frozen>executing~!
                thawed>executing~! not_thawed>executing~! drain>executing~! stop>executing~! gone>cold
error~!         loaded>error~! frozen>error~! not_frozen>error~! thawed>error~! not_thawed>error~! drain>error~!
                stop>error~! gone>cold
)";

std::string spell(const Life& life) {
  return std::string{name(life.phase)} + (life.draining ? "~" : "") + (life.stopping ? "!" : "");
}

std::string spell(const Step& step) {
  std::string text = spell(step.life);
  char between = ':';
  for (const auto& act : step.acts) {
    if (!act) continue;
    constexpr const char* kActs[] = {"start", "stop", "freeze", "thaw"};
    text.append(1, between).append(kActs[static_cast<std::size_t>(*act)]);
    between = ',';
  }
  return text;
}

std::vector<Life> all_lives() {
  std::vector<Life> lives;
  for (const auto phase : kPhases) {
    for (const bool draining : {false, true}) {
      for (const bool stopping : {false, true}) lives.push_back({phase, draining, stopping});
    }
  }
  return lives;
}

using Table = std::map<std::string, std::map<std::string, std::string>>;

Table read_table() {
  Table table;
  std::string life;
  std::istringstream words{kTable};
  for (std::string word; words >> word;) {
    const auto arrow = word.find('>');
    if (arrow == word.npos) {
      table[life = word];
    } else {
      table[life][word.substr(0, arrow)] = word.substr(arrow + 1);
    }
  }
  return table;
}

TEST(Replica, LivesExactlyAsItsTableSays) {
  const auto table = read_table();
  ASSERT_EQ(table.size(), 32u);
  for (const auto& life : all_lives()) {
    auto row = table.at(spell(life));
    for (const auto event : kEvents) {
      const auto expected = row.extract(std::string{name(event)});
      const auto step = next(life, event);
      EXPECT_EQ(step ? spell(*step) : "", expected ? expected.mapped() : "") << spell(life) << " on " << name(event);
    }
    EXPECT_TRUE(row.empty()) << "the table names an event that does not exist: " << row.begin()->first;
  }
}

TEST(Replica, TakesACallOnlyWhileWarmAndWanted) {
  for (const auto& life : all_lives()) {
    EXPECT_EQ(next(life, Event::call).has_value(), life == Life{Phase::warm}) << spell(life);
  }
}

TEST(Replica, IsColdAgainOnlyWhenItsEngineSaysThatItIsGone) {
  for (const auto& life : all_lives()) {
    if (life.phase == Phase::cold) continue;
    for (const auto event : kEvents) {
      const auto step = next(life, event);
      if (event == Event::gone) {
        EXPECT_EQ(step, Step{}) << spell(life);
      } else {
        EXPECT_TRUE(!step || step->life.phase != Phase::cold) << spell(life) << " on " << name(event);
      }
    }
  }
}

// What the engine would see of one life, order by order.
struct Witness {
  Life life;
  bool there = false;  // started, and no stop ordered yet
  bool icy = false;    // frozen, or going to be
  auto key() const { return std::tuple{spell(life), there, icy}; }

  void see(Event event, const Step& step) {
    if (event == Event::not_frozen && life.phase == Phase::freezing && !life.stopping) icy = false;
    if (event == Event::not_thawed && life.phase == Phase::thawing && !life.stopping) icy = true;
    for (const auto& act : step.acts) {
      if (!act) continue;
      SCOPED_TRACE(spell(life) + " on " + std::string{name(event)});
      EXPECT_EQ(there, *act != Act::start) << "started twice, or told something though it is not there";
      EXPECT_EQ(icy, *act == Act::thaw) << "stopped or frozen while frozen, or thawed though it is not";
      if (*act == Act::stop) {
        EXPECT_TRUE(life.phase != Phase::executing || event == Event::failed) << "stopped while it executes";
      }
      there = *act != Act::stop;
      icy = *act == Act::freeze;
    }
    life = step.life;
    if (life.phase == Phase::cold) there = icy = false;
  }
};

std::vector<Witness> reachable() {
  std::vector<Witness> found{{}};
  std::set<std::tuple<std::string, bool, bool>> seen{found.front().key()};
  for (std::size_t i = 0; i < found.size(); ++i) {
    for (const auto event : kEvents) {
      auto witness = found[i];
      const auto step = next(witness.life, event);
      if (!step) continue;
      witness.see(event, *step);
      if (seen.insert(witness.key()).second) found.push_back(witness);
    }
  }
  return found;
}

TEST(Replica, OrdersNothingThatAnEngineCouldNotDo) {
  const auto witnesses = reachable();  // its expectations are in see()
  EXPECT_GT(witnesses.size(), 15u);
}

TEST(Replica, DrainsUntilItIsColdOrTakenBackAndStopsForGood) {
  for (const auto& witness : reachable()) {
    const auto& life = witness.life;
    EXPECT_TRUE(life.phase != Phase::cold || life == Life{}) << spell(life);
    EXPECT_TRUE(life.phase != Phase::error || life.stopping) << "its stop was not ordered: it would stay for ever";
    for (const auto event : kEvents) {
      const auto step = next(life, event);
      if (!step || event == Event::gone) continue;
      EXPECT_TRUE(!life.draining || step->life.draining || event == Event::recall)
          << spell(life) << " on " << name(event);
      EXPECT_TRUE(!life.stopping || step->life.stopping) << spell(life) << " on " << name(event);
    }
  }
}

// By what its owner wants and its engine answers: no luck (a death, an unasked end) is needed.
TEST(Replica, ComesToColdFromEveryLife) {
  constexpr Event kOrderly[] = {Event::loaded, Event::done, Event::frozen, Event::thawed, Event::stop, Event::gone};
  for (const auto& witness : reachable()) {
    auto life = witness.life;
    int steps = 0;
    for (bool moved = true; moved && life.phase != Phase::cold && steps < 10; ++steps) {
      moved = false;
      const bool stopped_first = !life.stopping && next(life, Event::stop).has_value();
      for (const auto event : kOrderly) {
        if (life.stopping ? event != Event::gone : stopped_first && event != Event::stop) continue;
        if (event == Event::gone && !life.stopping) continue;
        const auto step = next(life, event);
        if (!step) continue;
        life = step->life;
        moved = true;
        break;
      }
    }
    EXPECT_EQ(life.phase, Phase::cold) << "from " << spell(witness.life);
  }
}

TEST(Replica, ShowsItsFrozenHalfAsWarm) {
  const std::map<Phase, State> states{{Phase::cold, State::cold},           {Phase::initializing, State::initializing},
                                      {Phase::warm, State::warm},           {Phase::freezing, State::warm},
                                      {Phase::frozen, State::warm},         {Phase::thawing, State::warm},
                                      {Phase::executing, State::executing}, {Phase::error, State::error}};
  for (const auto& [phase, state] : states) EXPECT_EQ(state_of(phase), state) << name(phase);
}

TEST(Replica, NamesStatesPhasesAndEventsAsTheDesignDoes) {
  EXPECT_EQ(name(State::cold), "cold");
  EXPECT_EQ(name(State::executing), "executing");
  EXPECT_EQ(name(State::error), "error");
  std::set<std::string_view> names;
  for (const auto phase : kPhases) names.insert(name(phase));
  EXPECT_EQ(names.size(), std::size(kPhases));
}

TEST(Replica, WritesItsIdAsSixteenDigitsAndReadsItBack) {
  EXPECT_EQ(format_replica(0), "0000000000000000");
  EXPECT_EQ(format_replica(0x1a2b), "0000000000001a2b");
  EXPECT_EQ(format_replica(~ReplicaId{0}), "ffffffffffffffff");
  for (const ReplicaId id : {ReplicaId{0}, ReplicaId{1}, ReplicaId{0xdeadbeef}, ~ReplicaId{0}}) {
    EXPECT_EQ(parse_replica(format_replica(id)), id);
  }
}

TEST(Replica, ReadsNoIdThatItWouldNotWrite) {
  for (const auto* text : {"", "1a2b", "0000000000001A2B", "000000000000000g", "00000000000000001", "-000000000000001",
                           "0x00000000000001", " 000000000000001", "000000000000001 ", "../../etc/passwd"}) {
    EXPECT_EQ(parse_replica(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace hearth::domain
