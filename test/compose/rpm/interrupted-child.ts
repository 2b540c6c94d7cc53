// SPDX-License-Identifier: Apache-2.0
/** Composes, and is killed when it tells of a step: `TREEFILE REPO CACHE STEP [MILLISECONDS]`. */
import { composeTree, loadTreefile } from "../../../src/compose/index.ts";
import { Repo } from "../../../src/ostree/index.ts";

const [path = "", repo = "", cacheDir = "", step = "", delay = "0"] = process.argv.slice(2);
const die = () => process.kill(process.pid, "SIGKILL");
await composeTree({ treefile: loadTreefile(path), repo: Repo.open(repo), cacheDir }, (event) => {
  if (!("task" in event) || `${event.type} ${event.task}` !== step) return;
  if (delay === "0") die();
  setTimeout(die, Number(delay));
});
