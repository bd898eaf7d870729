import { checkInstalled } from './check/installed-trial.mjs';
const { ok, output } = await checkInstalled(); console.log(output); console.log(ok);
