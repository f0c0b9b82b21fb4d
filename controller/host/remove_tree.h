// Removes what a function left in its folder, however deep, wide or full of links.
#pragma once

namespace hearth::host {

// Empties the folder behind `folder` and follows nothing. Needs three descriptors and no recursion: folders inside are
// moved to the top as they are met. False when something could not be removed.
bool empty_folder(int folder);

}  // namespace hearth::host
