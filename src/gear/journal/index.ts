// SPDX-License-Identifier: Apache-2.0
export type { CertificatePaths } from "./certificates.ts";
export { journalProgram } from "./programs.ts";
export { type ReceiveReport, startReceiving, stopReceiving } from "./receive.ts";
export { entryReceiver } from "./receive-entries.ts";
export { remoteDirectory, remoteSource } from "./remote-files.ts";
export { type SealedJournal, sealJournals } from "./seal.ts";
export { parseVerificationKeys, requireJournals, type VerifiedFile, verifyJournals } from "./verify.ts";
export { startUpload, stopUpload, type UploadReport } from "./upload.ts";
