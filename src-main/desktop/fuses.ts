/**
 * The fuses of the Electron binary: switches burnt into it when it is packaged, out of reach of arguments and
 * environment. As hard as they go, with one exception that is said why.
 */
import { FuseV1Options, FuseVersion, type FuseV1Config } from '@electron/fuses';

export const fuses: FuseV1Config = {
  version: FuseVersion.V1,
  // On: nodes, load, recorder and reader are forks of this same binary, run as Node (`child_process.fork` sets
  // ELECTRON_RUN_AS_NODE). Without it there would be a second implementation of children for the desktop.
  [FuseV1Options.RunAsNode]: true,
  [FuseV1Options.EnableCookieEncryption]: true,
  [FuseV1Options.EnableNodeOptionsEnvironmentVariable]: false,
  [FuseV1Options.EnableNodeCliInspectArguments]: false,
  [FuseV1Options.EnableEmbeddedAsarIntegrityValidation]: true,
  [FuseV1Options.OnlyLoadAppFromAsar]: true,
  [FuseV1Options.GrantFileProtocolExtraPrivileges]: false,
};
