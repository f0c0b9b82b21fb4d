#include "cli/verbs.h"

#include "cli/commands/calls.h"
#include "cli/commands/completion.h"
#include "cli/commands/config.h"
#include "cli/commands/delete.h"
#include "cli/commands/deploy.h"
#include "cli/commands/dev.h"
#include "cli/commands/down.h"
#include "cli/commands/get.h"
#include "cli/commands/help.h"
#include "cli/commands/init.h"
#include "cli/commands/invoke.h"
#include "cli/commands/list.h"
#include "cli/commands/logs.h"
#include "cli/commands/revisions.h"
#include "cli/commands/rollback.h"
#include "cli/commands/schema.h"
#include "cli/commands/status.h"
#include "cli/commands/up.h"
#include "cli/commands/usage.h"

namespace hearth::cli {

std::vector<Verb> all_verbs() {
  return {
      up_verb(),          //
      down_verb(),        //
      init_verb(),        //
      dev_verb(),         //
      deploy_verb(),      //
      rollback_verb(),    //
      revisions_verb(),   //
      delete_verb(),      //
      invoke_verb(),      //
      calls_verb(),       //
      list_verb(),        //
      get_verb(),         //
      status_verb(),      //
      logs_verb(),        //
      usage_verb(),       //
      config_verb(),      //
      schema_verb(),      //
      completion_verb(),  //
      help_verb(),        //
  };
}

}  // namespace hearth::cli
