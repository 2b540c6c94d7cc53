// SPDX-License-Identifier: Apache-2.0
export { checkedMatches } from "./checked-matches.ts";
export { changedLinks, type LinkRecord, recordLinkChange, refreshedLinks } from "./link-change.ts";
export { mergeLines } from "./merge-lines.ts";
export { type TimedFormat, timedFormat, type TimedLine, timedLines } from "./timed-format.ts";
export { localJournal, type LogKey, logFields, type LogQuery, type LogSource, type LogSubject } from "./model.ts";
